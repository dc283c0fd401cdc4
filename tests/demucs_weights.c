/* demucs_weights.c: weight files of Demucs models, in memory. */
#include "tests/demucs_weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/test.h"
#include "weights/contract.h"
#include "weights/demucs_arguments.h"

static int import_as(const char *path, cleave_weights_type type,
                     void (*edit)(cleave_import *import), test_bytes *file)
{
    static const uint8_t source[32] = {1};
    char message[CLEAVE_SENTENCE_BYTES] = "no such file";
    cleave_import import;
    int64_t bytes = 0;
    void *const data = test_read_file(path, &bytes);
    int ok = 0;

    if (data && cleave_import_open(&import, data, (size_t)bytes, message)) {
        ok = cleave_import_check(&import, message);
        if (ok && edit)
            edit(&import);
        ok = ok && cleave_weights_write(&import, type, source, test_bytes_sink, file, message);
        cleave_import_close(&import);
    }
    free(data);
    return ok || TEST_FAIL("%s: %s", path, message);
}

int test_weights_import(const char *path, test_bytes *file)
{
    return import_as(path, CLEAVE_WEIGHTS_F32, NULL, file);
}

int test_weights_import_as(const char *path, cleave_weights_type type, test_bytes *file)
{
    return import_as(path, type, NULL, file);
}

int test_weights_import_edited(const char *path, void (*edit)(cleave_import *import),
                               test_bytes *file)
{
    return import_as(path, CLEAVE_WEIGHTS_F32, edit, file);
}

static int collect(void *context, const char *name, uint32_t rank, const uint32_t *shape)
{
    test_tensors *const l = context;
    cleave_import_tensor *const t = &l->tensor[l->count];
    uint64_t stride = 1;

    snprintf(l->name[l->count], sizeof l->name[0], "%s", name);
    t->name = l->name[l->count++];
    t->name_bytes = (uint32_t)strlen(name);
    t->type = CLEAVE_IMPORT_F32;
    t->rank = rank;
    for (uint32_t d = rank; d-- > 0; stride *= shape[d]) {
        t->shape[d] = shape[d];
        t->stride[d] = stride;
    }
    return l->count < TEST_TENSORS_MAX;
}

static int by_name(const void *a, const void *b)
{
    const cleave_import_tensor *const x = a, *const y = b;

    return strcmp(x->name, y->name);
}

test_tensors *test_tensors_of(const char *kind, const char *config)
{
    char message[CLEAVE_SENTENCE_BYTES] = "out of memory";
    cleave_demucs_layer layers[CLEAVE_DEMUCS_DEPTH_MAX];
    cleave_demucs a;
    int64_t time_layers = 0;
    test_tensors *const t = calloc(1, sizeof *t);

    if (!t || !cleave_demucs_arguments(kind, config, strlen(config), &a, message) ||
        !cleave_demucs_layers(&a, layers, message) ||
        !cleave_contract_walk(kind, config, strlen(config), collect, t, message)) {
        TEST_FAIL("%s", message);
        free(t);
        return NULL;
    }
    while (time_layers < a.depth && layers[time_layers].frequency)
        time_layers++;
    snprintf(t->outermost[0], sizeof t->outermost[0], "decoder.%d.conv_tr.", (int)(a.depth - 1));
    snprintf(t->outermost[1], sizeof t->outermost[1], "tdecoder.%d.conv_tr.",
             (int)(time_layers - 1));
    qsort(t->tensor, (size_t)t->count, sizeof t->tensor[0], by_name);
    return t;
}

/* A norm's weight has one dimension. */
static int is_norm(const test_tensors *t, const char *name)
{
    const char *const dot = strrchr(name, '.');
    char weight[160];

    snprintf(weight, sizeof weight, "%.*s.weight", (int)(dot - name), name);
    for (int i = 0; i < t->count; i++)
        if (!strcmp(t->tensor[i].name, weight))
            return t->tensor[i].rank == 1;
    return 0;
}

synthetic_rule test_tensors_rule(const test_tensors *t, int index)
{
    const cleave_import_tensor *const r = &t->tensor[index];
    const int is_outermost = !strncmp(r->name, t->outermost[0], strlen(t->outermost[0])) ||
                             !strncmp(r->name, t->outermost[1], strlen(t->outermost[1]));

    return synthetic_demucs(r->name, r->shape, r->rank, is_norm(t, r->name), is_outermost);
}

static int fill(test_tensors *t)
{
    for (int i = 0; i < t->count; i++) {
        const uint64_t count = cleave_import_count(&t->tensor[i]);
        float *const values = malloc(count * sizeof *values);
        if (!TEST_CHECK(values != NULL))
            return 0;
        synthetic_fill(t->tensor[i].name, test_tensors_rule(t, i), 0, count, values);
        t->tensor[i].data = (unsigned char *)values;
    }
    return 1;
}

int test_weights_synthetic(const char *kind, const char *config, test_bytes *file)
{
    static const uint8_t source[32];
    char message[CLEAVE_SENTENCE_BYTES] = "";
    test_tensors *const t = test_tensors_of(kind, config);

    if (!t)
        return 0;
    cleave_import import = {.tensors = t->tensor,
                            .tensor_count = (uint32_t)t->count,
                            .config = (char *)config,
                            .config_bytes = strlen(config)};
    snprintf(import.kind, sizeof import.kind, "%s", kind);
    int ok = fill(t);
    if (ok &&
        !cleave_weights_write(&import, CLEAVE_WEIGHTS_F32, source, test_bytes_sink, file, message))
        ok = TEST_FAIL("%s", message);
    for (int i = 0; i < t->count; i++)
        free((void *)t->tensor[i].data);
    free(t);
    return ok;
}
