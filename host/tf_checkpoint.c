/* tf_checkpoint.c: finds and maps the files of a TensorFlow checkpoint. */
#include "host/tf_checkpoint.h"

#include "host/output.h"
#include "host/unpack.h"
#include "loader/sha256.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_BYTES TF_CHECKPOINT_NAME_BYTES
#define INDEX      ".index"
#define STATE      "checkpoint" /* TensorFlow's name of the file that names the index */

/* Where the files lie: in a folder, or unpacked. */
typedef struct place {
    const char *folder; /* NULL: unpacked */
    unpacked *files;
} place;

static int open_archive(tf_checkpoint *c, const cleave_source_file *file, const char *scratch,
                        char *message);
static int open_index(tf_checkpoint *c, const char *path, char *message);
static int open_folder(tf_checkpoint *c, const char *path, char *message);
static int open_files(tf_checkpoint *c, const place *from, const char *index, char *message);

static int ends_in(const char *name, const char *ending)
{
    size_t bytes = strlen(name);
    size_t ending_bytes = strlen(ending);
    return bytes > ending_bytes && strcmp(name + bytes - ending_bytes, ending) == 0;
}

/* "model.data-00000-of-00001" */
static int is_data(const char *name)
{
    const char *at = strstr(name, ".data-");
    return at != NULL && at != name && strlen(at) == strlen(".data-00000-of-00001") &&
           strncmp(at + 11, "-of-", 4) == 0;
}

/* What of an archive is a checkpoint's; hidden files are not. */
static int is_wanted(const char *name)
{
    return name[0] != '.' && (strcmp(name, STATE) == 0 || ends_in(name, INDEX) || is_data(name));
}

static int is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int has_archive_name(const char *path)
{
    return ends_in(path, ".tar.gz") || ends_in(path, ".tgz") || ends_in(path, ".tar");
}

int tf_checkpoint_is(const char *path)
{
    char why[CLEAVE_SENTENCE_BYTES];
    const char *base = output_base_name(path);
    cleave_source_file file;
    if (is_folder(path) || ends_in(base, INDEX) || is_data(base) || has_archive_name(base)) {
        return 1;
    }
    if (!cleave_source_file_open(&file, path, why)) {
        return 0;
    }
    int is_archive = unpack_is_archive(file.bytes, file.size);
    cleave_source_file_close(&file);
    return is_archive;
}

/* A file's name without its ending. */
static void own_name(const char *base, char name[NAME_BYTES])
{
    static const char *const endings[] = {INDEX, ".tar.gz", ".tgz", ".tar"};
    size_t bytes = strlen(base);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (ends_in(base, endings[i])) {
            bytes = strlen(base) - strlen(endings[i]);
            break;
        }
    }
    snprintf(name, NAME_BYTES, "%.*s", (int)bytes, base);
}

int tf_checkpoint_open(tf_checkpoint *checkpoint, const char *path, const char *scratch,
                       char message[CLEAVE_SENTENCE_BYTES])
{
    const char *base = output_base_name(path);
    cleave_source_file file;
    int ok;
    memset(checkpoint, 0, sizeof *checkpoint);
    if (is_folder(path)) {
        ok = open_folder(checkpoint, path, message);
    } else if (!cleave_source_file_open(&file, path, message)) {
        ok = 0;
    } else {
        own_name(base, checkpoint->name);
        if (unpack_is_archive(file.bytes, file.size)) {
            ok = open_archive(checkpoint, &file, scratch, message);
        } else if (has_archive_name(base)) {
            ok = cleave_sentence(message, "is no tar archive, nor one that gzip compressed");
        } else if (is_data(base)) {
            ok = cleave_sentence(message, "is the data of a checkpoint: import its index");
        } else {
            ok = open_index(checkpoint, path, message);
        }
        cleave_source_file_close(&file);
    }
    if (!ok) {
        tf_checkpoint_close(checkpoint);
    }
    return ok;
}

void tf_checkpoint_close(tf_checkpoint *checkpoint)
{
    cleave_source_file_close(&checkpoint->index);
    for (uint32_t i = 0; i < checkpoint->shard_count; i++) {
        cleave_source_file_close(&checkpoint->files[i]);
    }
    checkpoint->shard_count = 0;
}

static int path_in(const char *folder, const char *name, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

/* Maps a file by its name; out of what was unpacked it is taken away. 1, 0 if it is not there, -1
 * with a sentence. */
static int take(const place *from, const char *name, cleave_source_file *file, char *message)
{
    char path[PATH_MAX];
    char why[CLEAVE_SENTENCE_BYTES];
    struct stat status;
    if (from->folder == NULL) {
        for (int32_t i = 0; i < from->files->count; i++) {
            unpacked_file *one = &from->files->files[i];
            if (strcmp(one->name, name) == 0) {
                *file = one->file;
                one->file = (cleave_source_file){0};
                return 1;
            }
        }
        return 0;
    }
    if (!path_in(from->folder, name, path) ||
        (stat(path, &status) != 0 && (errno == ENOENT || errno == ENAMETOOLONG))) {
        return 0;
    }
    if (!cleave_source_file_open(file, path, why)) {
        cleave_sentence(message, "its file \"%.80s\" %.150s", name, why);
        return -1;
    }
    return 1;
}

/* A line of the text is: model_checkpoint_path: "FOLDER/model" */
static int read_state(const place *from, char index[NAME_BYTES], char *message)
{
    static const char key[] = "model_checkpoint_path:";
    char text[1024];
    cleave_source_file file;
    int taken = take(from, STATE, &file, message);
    if (taken <= 0) {
        return 0;
    }
    size_t bytes = file.size < sizeof text ? file.size : sizeof text - 1;
    memcpy(text, file.bytes, bytes);
    text[bytes] = '\0';
    cleave_source_file_close(&file);
    char *line = strncmp(text, key, strlen(key)) == 0 ? text : NULL;
    char *begin = line != NULL ? strchr(line, '"') : NULL;
    char *end = begin != NULL ? strchr(begin + 1, '"') : NULL;
    if (end == NULL) {
        return 0;
    }
    *end = '\0';
    const char *base = output_base_name(begin + 1);
    return base[0] != '\0' && snprintf(index, NAME_BYTES, "%s%s", base, INDEX) < NAME_BYTES;
}

/* The names that end in ".index": how many, and the first two. -1 with errno set. */
static int count_indexes(const place *from, char found[2][NAME_BYTES])
{
    int count = 0;
    if (from->folder == NULL) {
        for (int32_t i = 0; i < from->files->count; i++) {
            if (ends_in(from->files->files[i].name, INDEX) && count++ < 2) {
                snprintf(found[count - 1], NAME_BYTES, "%s", from->files->files[i].name);
            }
        }
        return count;
    }
    DIR *folder = opendir(from->folder);
    if (folder == NULL) {
        return -1;
    }
    for (const struct dirent *one; (one = readdir(folder)) != NULL;) {
        if (one->d_name[0] != '.' && ends_in(one->d_name, INDEX) && count++ < 2) {
            snprintf(found[count - 1], NAME_BYTES, "%s", one->d_name);
        }
    }
    closedir(folder);
    return count;
}

/* The index that the file "checkpoint" names if it is there, else the only one. */
static int open_chosen(tf_checkpoint *c, const place *from, char *message)
{
    char named[NAME_BYTES];
    char found[2][NAME_BYTES];
    if (read_state(from, named, message)) {
        int taken = take(from, named, &c->index, message);
        if (taken != 0) {
            return taken > 0 && open_files(c, from, named, message);
        }
    }
    int count = count_indexes(from, found);
    if (count < 0) {
        return cleave_sentence(message, "cannot be read: %s", strerror(errno));
    }
    if (count == 0) {
        return cleave_sentence(message, "holds no TensorFlow checkpoint: no file ends in .index");
    }
    if (count > 1) {
        return cleave_sentence(message,
                               "holds %d checkpoints, \"%.60s\" and \"%.60s\" among them: import "
                               "one of these",
                               count, found[0], found[1]);
    }
    int taken = take(from, found[0], &c->index, message);
    if (taken == 0) {
        return cleave_sentence(message, "its file \"%.80s\" leads nowhere", found[0]);
    }
    return taken > 0 && open_files(c, from, found[0], message);
}

/* The data that the index, which is open, speaks of. */
static int open_files(tf_checkpoint *c, const place *from, const char *index, char *message)
{
    char name[NAME_BYTES + 32];
    uint32_t count = cleave_import_tensorflow_shards(c->index.bytes, c->index.size, message);
    if (count == 0) {
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%.*s.data-%05u-of-%05u", (int)(strlen(index) - strlen(INDEX)),
                 index, i, count);
        int taken = take(from, name, &c->files[i], message);
        if (taken < 0) {
            return 0;
        }
        if (taken == 0) {
            return cleave_sentence(message, "the checkpoint's data, \"%.150s\", is missing", name);
        }
        c->shards[i] = (cleave_import_shard){c->files[i].bytes, c->files[i].size};
        c->shard_count++;
    }
    return 1;
}

static void hash_files(tf_checkpoint *c)
{
    cleave_sha256 hash;
    cleave_sha256_init(&hash);
    cleave_sha256_add(&hash, c->index.bytes, c->index.size);
    for (uint32_t i = 0; i < c->shard_count; i++) {
        cleave_sha256_add(&hash, c->files[i].bytes, c->files[i].size);
    }
    cleave_sha256_finish(&hash, c->sha256);
}

static int open_archive(tf_checkpoint *c, const cleave_source_file *file, const char *scratch,
                        char *message)
{
    unpacked *files = calloc(1, sizeof *files);
    cleave_sha256 hash;
    if (files == NULL) {
        return cleave_sentence(message, "no memory to unpack it");
    }
    const place from = {NULL, files};
    int ok = unpack_archive(files, file->bytes, file->size, scratch, is_wanted, message) &&
             open_chosen(c, &from, message);
    unpack_close(files);
    free(files);
    if (!ok) {
        return 0;
    }
    cleave_sha256_init(&hash);
    cleave_sha256_add(&hash, file->bytes, file->size);
    cleave_sha256_finish(&hash, c->sha256);
    return 1;
}

static int open_index(tf_checkpoint *c, const char *path, char *message)
{
    char folder[PATH_MAX];
    const char *base = output_base_name(path);
    const place from = {folder, NULL};
    if (strlen(path) >= sizeof folder || strlen(base) >= NAME_BYTES) {
        return cleave_sentence(message, "its path is too long");
    }
    snprintf(folder, sizeof folder, "%.*s", (int)(base - path), path);
    if (base == path) {
        strcpy(folder, ".");
    }
    int taken = take(&from, base, &c->index, message);
    if (taken == 0) {
        return cleave_sentence(message, "is not there any more");
    }
    if (taken < 0 || !open_files(c, &from, base, message)) {
        return 0;
    }
    hash_files(c);
    return 1;
}

static int open_folder(tf_checkpoint *c, const char *path, char *message)
{
    const place from = {path, NULL};
    char *real = realpath(path, NULL);
    if (real == NULL) {
        return cleave_sentence(message, "cannot be opened: %s", strerror(errno));
    }
    snprintf(c->name, sizeof c->name, "%.*s", NAME_BYTES - 1, output_base_name(real));
    free(real);
    if (!open_chosen(c, &from, message)) {
        return 0;
    }
    hash_files(c);
    return 1;
}
