/* model_manifest.c: reads the manifest. */
#include "host/model_manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS    8
#define LINE_BYTES 2048

/* A name that is safe as that of a file and as the end of an address. */
static int file_name_ok(const char *file)
{
    return model_name_ok(file) && !strstr(file, "..") && !strchr(file, ':');
}

static int whole_number(const char *text, int64_t max, int64_t *value)
{
    const size_t bytes = strlen(text);

    if (bytes < 1 || bytes > 18 || strspn(text, "0123456789") != bytes)
        return 0;
    *value = strtoll(text, NULL, 10);
    return *value <= max;
}

static int read_weights(model_manifest_file *file, char *text)
{
    char *save = NULL;

    if (!strcmp(text, "-"))
        return 1;
    for (const char *word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save))
        if (file->weight_count == BAG_SOURCES_MAX ||
            !bag_number(word, &file->weight[file->weight_count++]))
            return 0;
    return file->weight_count > 0;
}

/* The columns of one line; returns the name of the one that is wrong, or NULL. */
static const char *read_columns(model_manifest_file *file, char *const column[COLUMNS])
{
    const size_t address_bytes = strlen(column[3]), file_bytes = strlen(column[2]),
                 digits = strlen(column[4]);
    int64_t position;

    if (!model_name_ok(column[0]))
        return "model";
    if (!whole_number(column[1], BAG_MODELS_MAX, &position) || position < 1)
        return "position";
    if (!file_name_ok(column[2]))
        return "file";
    if (address_bytes >= sizeof file->address || address_bytes < file_bytes + 9 ||
        (strncmp(column[3], "https://", 8) != 0 && strncmp(column[3], "http://", 7) != 0) ||
        column[3][address_bytes - file_bytes - 1] != '/' ||
        strcmp(column[3] + address_bytes - file_bytes, column[2]) != 0)
        return "address";
    if (digits < 8 || digits > 64 || strspn(column[4], "0123456789abcdef") != digits)
        return "sha256";
    if (!whole_number(column[5], CLEAVE_WEIGHTS_FILE_MAX, &file->bytes))
        return "bytes";
    if (!bag_number(column[6], &file->segment_seconds) || file->segment_seconds < 0 ||
        file->segment_seconds > 3600)
        return "segment";
    if (!read_weights(file, column[7]))
        return "weights";
    snprintf(file->model, sizeof file->model, "%s", column[0]);
    file->position = (int32_t)position;
    memcpy(file->file, column[2], file_bytes + 1);
    memcpy(file->address, column[3], address_bytes + 1);
    memcpy(file->sha256, column[4], digits + 1);
    return NULL;
}

/* A model's files follow each other from position 1, with one segment and as many weights. */
static const char *check_order(const model_manifest *manifest, const model_manifest_file *file)
{
    const model_manifest_file *last = file - 1;
    int32_t count;

    if (manifest->count == 0 || strcmp(last->model, file->model) != 0) {
        if (model_manifest_find(manifest, file->model, &count))
            return "model";
        return file->position == 1 ? NULL : "position";
    }
    if (file->position != last->position + 1)
        return "position";
    if (file->weight_count != last->weight_count)
        return "weights";
    return file->segment_seconds == last->segment_seconds ? NULL : "segment";
}

/* `line` is a copy that may be cut into its columns. */
static int read_line(model_manifest *manifest, int number, char *line, char *message)
{
    char *column[COLUMNS], *rest = line;
    model_manifest_file *file = &manifest->files[manifest->count];
    const char *wrong;

    if (!line[0] || line[0] == '#')
        return 1;
    if (manifest->count == MODEL_MANIFEST_FILES_MAX)
        return cleave_sentence(message, "the manifest has more than %d files",
                               MODEL_MANIFEST_FILES_MAX);
    for (int c = 0; c < COLUMNS; c++) {
        column[c] = strsep(&rest, "\t");
        if (!column[c])
            return cleave_sentence(message, "line %d of the manifest has %d columns, not %d",
                                   number, c, COLUMNS);
    }
    *file = (model_manifest_file){0};
    wrong = read_columns(file, column);
    if (!wrong)
        wrong = check_order(manifest, file);
    if (wrong)
        return cleave_sentence(message, "line %d of the manifest: the column %s is wrong", number,
                               wrong);
    manifest->count++;
    return 1;
}

int model_manifest_read(model_manifest *manifest, const char *text,
                        char message[CLEAVE_SENTENCE_BYTES])
{
    char line[LINE_BYTES];

    manifest->count = 0;
    for (int number = 1; *text; number++) {
        const size_t bytes = strcspn(text, "\n");
        if (bytes >= sizeof line)
            return cleave_sentence(message, "line %d of the manifest is too long", number);
        memcpy(line, text, bytes);
        line[bytes] = 0;
        if (!read_line(manifest, number, line, message))
            return 0;
        text += bytes + (text[bytes] == '\n');
    }
    return 1;
}

const model_manifest_file *model_manifest_find(const model_manifest *manifest, const char *model,
                                               int32_t *count)
{
    const model_manifest_file *first = NULL;

    *count = 0;
    for (int32_t i = 0; i < manifest->count; i++)
        if (!strcmp(manifest->files[i].model, model)) {
            first = first ? first : &manifest->files[i];
            ++*count;
        }
    return first;
}

int32_t model_manifest_names(const model_manifest *manifest,
                             const char *names[MODEL_MANIFEST_FILES_MAX])
{
    int32_t count = 0;

    for (int32_t i = 0; i < manifest->count; i++)
        if (manifest->files[i].position == 1)
            names[count++] = manifest->files[i].model;
    return count;
}
