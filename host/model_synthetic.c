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

/* What is written is mapped as a file of the store would be, so that memory is taken alike. */
static int write_file(const cleave_import *import, cleave_weights *file, char *message)
{
    static const uint8_t no_source[32];
    cleave_weights_type type =
        strcmp(import->kind, "spleeter") == 0 ? CLEAVE_WEIGHTS_F32 : CLEAVE_WEIGHTS_F16;
    const char *folder = getenv("TMPDIR");
    folder = folder != NULL && folder[0] != '\0' ? folder : "/tmp";
    int descriptor = nameless_open(folder);
    if (descriptor < 0) {
        return cleave_sentence(message, "%.120s: no file can be made there: %s", folder,
                               strerror(errno));
    }
    *file = (cleave_weights){0};
    int ok = cleave_weights_write(import, type, no_source, write_all, &descriptor, message);
    if (!ok && message[0] == '\0') {
        cleave_sentence(message, "%.120s: the weights cannot be written there: %s", folder,
                        strerror(errno));
    }
    ok = ok && cleave_source_file_map(&file->file, descriptor, message) &&
         cleave_table_open(&file->table, file->file.bytes, file->file.size, message);
    if (!ok) {
        cleave_weights_close(file);
    }
    close(descriptor);
    return ok;
}

static int make_file(const char *name, cleave_weights *file, char *message)
{
    cleave_import import;
    if (!cleave_synthetic_official(&import, name, message)) {
        return 0;
    }
    float *values = cleave_synthetic_values(&import, message);
    int ok = values != NULL && write_file(&import, file, message);
    free(values);
    cleave_import_close(&import);
    return ok;
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
    for (int32_t i = 0; i < count; i++) {
        for (int32_t s = 0; s < first[i].weight_count && s < CLEAVE_STEMS_MAX; s++) {
            gains[i][s] = (float)first[i].weight[s];
        }
        if (!make_file(plain, &files[i], message)) {
            while (i-- > 0) {
                cleave_weights_close(&files[i]);
            }
            return 0;
        }
        parts.count++;
    }
    return model_open_parts(opened, &parts, message);
}
