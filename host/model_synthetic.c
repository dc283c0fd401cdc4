/* model_synthetic.c: official models with weights of a formula. */
#include "host/model_synthetic.h"

#include "host/nameless.h"
#include "loader/synthetic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A cleave_weights_sink whose context is a descriptor. */
static int write_all(void *context, const void *bytes, size_t count)
{
    int file = *(const int *)context;
    const char *at = bytes;
    while (count > 0) {
        ssize_t written = write(file, at, count);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return 0;
        }
        at += written;
        count -= (size_t)written;
    }
    return 1;
}

/* The weight file, without a name; -1 with a sentence. */
static int write_file(const cleave_import *import, char *message)
{
    static const uint8_t no_source[32];
    cleave_weights_type type =
        strcmp(import->kind, "spleeter") == 0 ? CLEAVE_WEIGHTS_F32 : CLEAVE_WEIGHTS_F16;
    const char *folder = getenv("TMPDIR");
    folder = folder != NULL && folder[0] != '\0' ? folder : "/tmp";
    int file = nameless_open(folder);
    if (file < 0) {
        cleave_sentence(message, "%.120s: no file can be made there: %s", folder, strerror(errno));
        return -1;
    }
    if (cleave_weights_write(import, type, no_source, write_all, &file, message)) {
        return file;
    }
    if (message[0] == '\0') {
        cleave_sentence(message, "%.120s: the weights cannot be written there: %s", folder,
                        strerror(errno));
    }
    close(file);
    return -1;
}

static int make_file(const char *name, char *message)
{
    cleave_import import;
    if (!cleave_synthetic_official(&import, name, message)) {
        return -1;
    }
    float *values = cleave_synthetic_values(&import, message);
    int file = values != NULL ? write_file(&import, message) : -1;
    free(values);
    cleave_import_close(&import);
    return file;
}

/* Mapped as a file of the store would be, so that memory is taken alike. */
static int map_file(int file, cleave_weights *weights, char *message)
{
    *weights = (cleave_weights){0};
    if (cleave_source_file_map(&weights->file, file, message) &&
        cleave_table_open(&weights->table, weights->file.bytes, weights->file.size, message)) {
        return 1;
    }
    cleave_weights_close(weights);
    return 0;
}

int model_open_synthetic(open_model **opened, const char *name, char message[CLEAVE_SENTENCE_BYTES])
{
    static model_manifest manifest;
    char base[MODEL_LABEL_BYTES];
    float gains[CLEAVE_NETWORKS_MAX][CLEAVE_STEMS_MAX] = {{0}};
    cleave_weights files[CLEAVE_NETWORKS_MAX];
    int is_wide = model_names_base(name, base);
    const char *plain = is_wide ? base : name;
    int32_t count = 0;
    if (!model_manifest_read(&manifest, model_manifest_text, message)) {
        return 0;
    }
    const model_manifest_file *first = model_manifest_find(&manifest, plain, &count);
    if (first == NULL || count > CLEAVE_NETWORKS_MAX) {
        return cleave_sentence(message,
                               "model \"%.64s\": only official models have synthetic weights; "
                               "\"cleave model help\" lists them",
                               name);
    }
    model_parts parts = {.label = plain,
                         .files = files,
                         .gains = (const float(*)[CLEAVE_STEMS_MAX])gains,
                         .segment_seconds = first->segment_seconds,
                         .is_wide = is_wide};
    /* The networks of a bag have the same tensors, and so the same weights. */
    int file = make_file(plain, message);
    int ok = file >= 0;
    for (; ok && parts.count < count; parts.count += ok) {
        const model_manifest_file *part = &first[parts.count];
        for (int32_t s = 0; s < part->weight_count && s < CLEAVE_STEMS_MAX; s++) {
            gains[parts.count][s] = (float)part->weight[s];
        }
        ok = map_file(file, &files[parts.count], message);
    }
    if (file >= 0) {
        close(file);
    }
    if (ok) {
        return model_open_parts(opened, &parts, message);
    }
    while (parts.count > 0) {
        cleave_weights_close(&files[--parts.count]);
    }
    return 0;
}
