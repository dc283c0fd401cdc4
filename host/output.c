/* output.c: where the stems go. */
#include "host/output.h"

#include "host/option_apply.h"
#include "host/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const fields[] = {"track", "trackext", "stem", "ext", "model"};
#define FIELD_COUNT ((int32_t)(sizeof fields / sizeof fields[0]))
enum field { FIELD_TRACK, FIELD_TRACK_EXT, FIELD_STEM, FIELD_EXT, FIELD_MODEL };

static int field_at(const char *brace, size_t *bytes);
static int unknown_field(const char *brace, char *message);
static int has_dots_component(const char *path);
static uint32_t hash_fnv1a(const char *bytes, size_t count);

int output_template_check(const char *template, char message[OPTIONS_MESSAGE_BYTES])
{
    int has_stem = 0;
    for (const char *at = template; *at != '\0'; at++) {
        if (*at == '}') {
            return option_refuse(message, "the template \"%s\" has a } without its {", template);
        }
        if (*at != '{') {
            continue;
        }
        size_t bytes = 0;
        int field = field_at(at, &bytes);
        if (field < 0) {
            return unknown_field(at, message);
        }
        has_stem |= field == FIELD_STEM;
        at += bytes - 1;
    }
    if (!has_stem) {
        return option_refuse(
            message, "the template \"%s\" needs {stem}, or the stems would overwrite each other",
            template);
    }
    if (template[0] == '/' || has_dots_component(template)) {
        return option_refuse(message, "the template \"%s\" must stay below the output folder",
                             template);
    }
    if (template[strlen(template) - 1] == '/') {
        return option_refuse(message, "the template \"%s\" must end in a file name", template);
    }
    return 0;
}

void output_component(const char *name, size_t name_bytes, char *safe)
{
    static const size_t mark_bytes = 9; /* ~ and the hash */
    size_t used = 0;
    size_t room =
        name_bytes > OUTPUT_TRACK_BYTES ? OUTPUT_TRACK_BYTES - mark_bytes : OUTPUT_TRACK_BYTES;
    for (size_t i = 0; i < name_bytes && used < room; i++) {
        unsigned char byte = (unsigned char)name[i];
        safe[used++] = byte < 0x20 || byte == 0x7f || byte == '/' ? '_' : (char)byte;
    }
    if (name_bytes > OUTPUT_TRACK_BYTES) {
        while (used > 0 && ((unsigned char)name[used] & 0xc0) == 0x80) {
            used--;
        }
        snprintf(safe + used, mark_bytes + 1, "~%08x", hash_fnv1a(name, name_bytes));
        return;
    }
    safe[used] = '\0';
    if (strcmp(safe, "") == 0 || strcmp(safe, ".") == 0 || strcmp(safe, "..") == 0) {
        strcpy(safe, "_");
    }
}

void output_model_component(const char *name, char *safe)
{
    output_component(name, strlen(name), safe);
    for (char *at = safe; *at != '\0'; at++) {
        *at = *at == ':' ? '-' : *at;
    }
}

const char *output_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

size_t output_stem_bytes(const char *base_name)
{
    const char *dot = strrchr(base_name, '.');
    return dot != NULL && dot != base_name ? (size_t)(dot - base_name) : strlen(base_name);
}

int output_path(const output_names *names, const char *stem, char path[OUTPUT_PATH_BYTES])
{
    const char *values[FIELD_COUNT];
    char safe_stem[OUTPUT_TRACK_BYTES + 1];
    output_component(stem, strlen(stem), safe_stem);
    values[FIELD_TRACK] = names->track;
    values[FIELD_TRACK_EXT] = names->track_ext;
    values[FIELD_STEM] = safe_stem;
    values[FIELD_EXT] = names->ext;
    values[FIELD_MODEL] = names->model;
    int own_model = strstr(names->template, "{model}") != NULL;
    int written = snprintf(path, OUTPUT_PATH_BYTES, "%s/%s%s", names->folder,
                           own_model ? "" : names->model, own_model ? "" : "/");
    size_t used = written < 0 ? OUTPUT_PATH_BYTES : (size_t)written;
    for (const char *at = names->template; *at != '\0' && used < OUTPUT_PATH_BYTES;) {
        size_t bytes = 1;
        const char *piece = at;
        size_t piece_bytes = 1;
        if (*at == '{') {
            piece = values[field_at(at, &bytes)];
            piece_bytes = strlen(piece);
        }
        if (used + piece_bytes >= OUTPUT_PATH_BYTES) {
            return -1;
        }
        memcpy(path + used, piece, piece_bytes);
        used += piece_bytes;
        at += bytes;
    }
    if (used >= OUTPUT_PATH_BYTES) {
        return -1;
    }
    path[used] = '\0';
    return 0;
}

int output_is_same_file(const char *one, const char *other)
{
    struct stat first, second;
    return strcmp(one, "-") != 0 && stat(one, &first) == 0 && stat(other, &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

void output_spool_folder(const char *path, char folder[OUTPUT_PATH_BYTES])
{
    const char *slash = strrchr(path, '/');
    const char *temporary = getenv("TMPDIR");
    if (strcmp(path, "-") == 0) {
        snprintf(folder, OUTPUT_PATH_BYTES, "%s", temporary != NULL ? temporary : "/tmp");
    } else {
        /* Of "/x" it is "/". */
        snprintf(folder, OUTPUT_PATH_BYTES, "%.*s",
                 slash == NULL || slash == path ? 1 : (int)(slash - path),
                 slash != NULL ? path : ".");
    }
}

int output_folders_make(output_folders *folders, const char *path)
{
    char folder[OUTPUT_PATH_BYTES];
    size_t bytes = strlen(path);
    if (bytes >= sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(folder, path, bytes + 1);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0777) == 0) {
            if (folders->count < OUTPUT_FOLDERS_MAX) {
                folders->made[folders->count] = strdup(folder);
                folders->count += folders->made[folders->count] != NULL;
            }
        } else if (errno != EEXIST) {
            return -1;
        }
        *slash = '/';
    }
    return 0;
}

void output_folders_free(output_folders *folders, int remove_empty)
{
    while (folders->count > 0) {
        char *folder = folders->made[--folders->count];
        if (remove_empty) {
            rmdir(folder); /* fails, as it should, when something is in it */
        }
        free(folder);
    }
}

/* The field that begins at an opening brace, and its length with both braces; -1 if there is none
 * of that name. */
static int field_at(const char *brace, size_t *bytes)
{
    for (int32_t i = 0; i < FIELD_COUNT; i++) {
        size_t length = strlen(fields[i]);
        if (strncmp(brace + 1, fields[i], length) == 0 && brace[length + 1] == '}') {
            *bytes = length + 2;
            return i;
        }
    }
    return -1;
}

static int unknown_field(const char *brace, char *message)
{
    char name[32];
    size_t bytes = strcspn(brace + 1, "}");
    if (brace[bytes + 1] != '}') {
        return option_refuse(message, "the template has a { without its }: \"%s\"", brace);
    }
    snprintf(name, sizeof name, "%.*s", (int)(bytes < sizeof name ? bytes : sizeof name - 1),
             brace + 1);
    const char *nearest = suggest_nearest(name, fields, FIELD_COUNT);
    if (nearest != NULL) {
        return option_refuse(message, "the template has no field {%s}; did you mean {%s}?", name,
                             nearest);
    }
    return option_refuse(
        message, "the template has no field {%s}, but {track} {trackext} {stem} {ext} {model}",
        name);
}

static int has_dots_component(const char *path)
{
    for (const char *at = path; *at != '\0';) {
        size_t bytes = strcspn(at, "/");
        if (bytes == 2 && at[0] == '.' && at[1] == '.') {
            return 1;
        }
        at += bytes;
        at += *at == '/';
    }
    return 0;
}

/* Fowler, Noll and Vo's 32-bit hash, variant 1a. */
static uint32_t hash_fnv1a(const char *bytes, size_t count)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
    }
    return hash;
}
