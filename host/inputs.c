/* inputs.c: from operands to tracks. */
#include "host/inputs.h"

#include "host/output.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define DEPTH_MAX 32 /* folders below a folder that is searched */

/* A search that is under way. */
typedef struct folder_search {
    input_list *list;
    struct stat out; /* the output folder, not to be searched */
    int has_out;
} folder_search;

static int add(input_list *list, const char *path, const char *folder, const char *error);
static int search_folder(folder_search *search, const char *path, const char *folder,
                         int32_t depth);
static int number_twins(input_list *list);

int inputs_collect(input_list *list, char *const *operands, int32_t operand_count, const char *out)
{
    folder_search search = {.list = list};
    memset(list, 0, sizeof *list);
    search.has_out = stat(out, &search.out) == 0;
    for (int32_t i = 0; i < operand_count; i++) {
        struct stat status;
        int status_code = 0;
        if (strcmp(operands[i], "-") != 0 && stat(operands[i], &status) == 0 &&
            S_ISDIR(status.st_mode)) {
            int32_t before = list->count;
            status_code = search_folder(&search, operands[i], "", 0);
            if (status_code == 0 && list->count == before) {
                status_code = add(list, operands[i], "", "this folder has no audio files");
            }
        } else {
            status_code = add(list, operands[i], "", NULL);
        }
        if (status_code != 0) {
            return -1;
        }
    }
    return number_twins(list);
}

void inputs_free(input_list *list)
{
    for (int32_t i = 0; i < list->count; i++) {
        free(list->items[i].path);
        free(list->items[i].track);
        free(list->items[i].track_ext);
        free(list->items[i].error);
    }
    free(list->items);
    memset(list, 0, sizeof *list);
}

/* "folder/name", or name alone when folder is empty; malloc'ed. */
static char *join(const char *folder, const char *name)
{
    char *joined = NULL;
    if (asprintf(&joined, "%s%s%s", folder, folder[0] != '\0' ? "/" : "", name) < 0) {
        return NULL;
    }
    return joined;
}

static int add(input_list *list, const char *path, const char *folder, const char *error)
{
    if (list->count == list->capacity) {
        int32_t capacity = list->capacity > 0 ? 2 * list->capacity : 16;
        input *items = realloc(list->items, (size_t)capacity * sizeof *items);
        if (items == NULL) {
            return -1;
        }
        list->items = items;
        list->capacity = capacity;
    }
    char track[OUTPUT_TRACK_BYTES + 1];
    char ext[OUTPUT_TRACK_BYTES + 1] = "";
    const char *base = strcmp(path, "-") == 0 ? "stdin" : output_base_name(path);
    size_t bytes = output_stem_bytes(base);
    output_component(base, bytes, track);
    if (base[bytes] == '.' && base[bytes + 1] != '\0') {
        output_component(base + bytes + 1, strlen(base + bytes + 1), ext);
    }
    input *item = &list->items[list->count];
    memset(item, 0, sizeof *item);
    item->path = strdup(path);
    item->track = join(folder, track);
    item->track_ext = strdup(ext);
    item->error = error != NULL ? strdup(error) : NULL;
    list->count++;
    return item->path != NULL && item->track != NULL && item->track_ext != NULL ? 0 : -1;
}

int inputs_is_audio_name(const char *name)
{
    static const char *const extensions[] = {
        "wav",  "wave", "rf64", "w64", "aif",  "aiff", "aifc", "flac", "mp3", "mp2", "ogg", "oga",
        "opus", "m4a",  "mp4",  "aac", "alac", "wma",  "caf",  "au",   "ape", "wv",  "mka", "webm"};
    size_t bytes = output_stem_bytes(name);
    for (size_t i = 0; name[bytes] == '.' && i < sizeof extensions / sizeof extensions[0]; i++) {
        if (strcasecmp(name + bytes + 1, extensions[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

/* One entry of a folder: a folder to search, a file to take, or nothing of ours. */
static int search_entry(folder_search *search, const char *path, const char *name,
                        const char *folder, int32_t depth)
{
    struct stat status;
    if (name[0] == '.' || lstat(path, &status) != 0) {
        return 0;
    }
    int is_link = S_ISLNK(status.st_mode);
    if (is_link && stat(path, &status) != 0) {
        return 0;
    }
    if (S_ISREG(status.st_mode)) {
        return inputs_is_audio_name(name) ? add(search->list, path, folder, NULL) : 0;
    }
    int is_out = search->has_out && status.st_dev == search->out.st_dev &&
                 status.st_ino == search->out.st_ino;
    if (!S_ISDIR(status.st_mode) || is_link || is_out || depth == DEPTH_MAX) {
        return 0;
    }
    char safe[OUTPUT_TRACK_BYTES + 1];
    output_component(name, strlen(name), safe);
    char *below = join(folder, safe);
    int result = below != NULL ? search_folder(search, path, below, depth + 1) : -1;
    free(below);
    return result;
}

static int search_folder(folder_search *search, const char *path, const char *folder, int32_t depth)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        char reason[128];
        snprintf(reason, sizeof reason, "cannot read this folder: %s", strerror(errno));
        return add(search->list, path, folder, reason);
    }
    int result = 0;
    for (int i = 0; i < count; i++) {
        char *entry = join(path, entries[i]->d_name);
        if (result == 0) {
            result =
                entry != NULL ? search_entry(search, entry, entries[i]->d_name, folder, depth) : -1;
        }
        free(entry);
        free(entries[i]);
    }
    free(entries);
    return result;
}

static int is_taken(const input_list *list, int32_t before, const char *track)
{
    for (int32_t i = 0; i < before; i++) {
        if (strcasecmp(list->items[i].track, track) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The second track of a name becomes "name (2)". Case does not tell names apart, since it does not
 * on every file system that may be mounted. */
static int number_twins(input_list *list)
{
    for (int32_t i = 0; i < list->count; i++) {
        input *item = &list->items[i];
        if (!is_taken(list, i, item->track)) {
            continue;
        }
        for (int32_t number = 2; !item->renamed; number++) {
            char *numbered = NULL;
            if (asprintf(&numbered, "%s (%d)", item->track, number) < 0) {
                return -1;
            }
            if (is_taken(list, i, numbered)) {
                free(numbered);
                continue;
            }
            free(item->track);
            item->track = numbered;
            item->renamed = 1;
        }
    }
    return 0;
}
