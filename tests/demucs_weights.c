/* demucs_weights.c: weight files of Demucs models, in memory. */
#include "tests/demucs_weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/loader.h"
#include "tests/synthetic.h"
#include "tests/test.h"
#include "weights/contract.h"
#include "weights/demucs_arguments.h"

#define TENSORS_MAX 2048

int test_weights_import(const char *path, test_bytes *file)
{
    static const uint8_t source[32];
    char message[CLEAVE_SENTENCE_BYTES] = "no such file";
    cleave_import import;
    int64_t bytes = 0;
    void *const data = test_read_file(path, &bytes);
    int ok = data && cleave_import_open(&import, data, (size_t)bytes, message);

    if (ok) {
        ok = cleave_import_check(&import, message) &&
             cleave_weights_write(&import, CLEAVE_WEIGHTS_F32, source, test_bytes_sink, file,
                                  message);
        cleave_import_close(&import);
    }
    free(data);
    return ok || TEST_FAIL("%s", message);
}

/* The tensors that the contract asks for. */
typedef struct list {
    int count;
    cleave_import_tensor tensor[TENSORS_MAX];
    char name[TENSORS_MAX][128];
} list;

static int collect(void *context, const char *name, uint32_t rank, const uint32_t *shape)
{
    list *const l = context;
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
    return l->count < TENSORS_MAX;
}

static int by_name(const void *a, const void *b)
{
    const cleave_import_tensor *const x = a, *const y = b;

    return strcmp(x->name, y->name);
}

/* A norm's weight has one dimension. */
static int is_norm(const list *l, const char *name)
{
    const char *const dot = strrchr(name, '.');
    char weight[160];

    snprintf(weight, sizeof weight, "%.*s.weight", (int)(dot - name), name);
    for (int i = 0; i < l->count; i++)
        if (!strcmp(l->tensor[i].name, weight))
            return l->tensor[i].rank == 1;
    return 0;
}

/* Whether the tensor belongs to the transposed convolution that gives the sources. */
static int is_outermost(const char *name, const cleave_demucs *a, int64_t time_layers)
{
    char spectrum[48], wave[48];

    snprintf(spectrum, sizeof spectrum, "decoder.%d.conv_tr.", (int)(a->depth - 1));
    snprintf(wave, sizeof wave, "tdecoder.%d.conv_tr.", (int)(time_layers - 1));
    return !strncmp(name, spectrum, strlen(spectrum)) || !strncmp(name, wave, strlen(wave));
}

static int fill(list *l, const char *kind, const char *config)
{
    char message[CLEAVE_SENTENCE_BYTES];
    cleave_demucs_layer layers[CLEAVE_DEMUCS_DEPTH_MAX];
    cleave_demucs a;
    int64_t time_layers = 0;

    if (!cleave_demucs_arguments(kind, config, strlen(config), &a, message) ||
        !cleave_demucs_layers(&a, layers, message) ||
        !cleave_contract_walk(kind, config, strlen(config), collect, l, message))
        return TEST_FAIL("%s", message);
    while (time_layers < a.depth && layers[time_layers].frequency)
        time_layers++;
    qsort(l->tensor, (size_t)l->count, sizeof l->tensor[0], by_name);
    for (int i = 0; i < l->count; i++) {
        cleave_import_tensor *const t = &l->tensor[i];
        const uint64_t count = cleave_import_count(t);
        float *const values = malloc(count * sizeof *values);
        if (!TEST_CHECK(values != NULL))
            return 0;
        synthetic_fill(t->name,
                       synthetic_demucs(t->name, t->shape, t->rank, is_norm(l, t->name),
                                        is_outermost(t->name, &a, time_layers)),
                       0, count, values);
        t->data = (unsigned char *)values;
    }
    return 1;
}

int test_weights_synthetic(const char *kind, const char *config, test_bytes *file)
{
    static const uint8_t source[32];
    char message[CLEAVE_SENTENCE_BYTES] = "";
    list *const l = calloc(1, sizeof *l);
    cleave_import import = {
        .tensors = l->tensor, .config = (char *)config, .config_bytes = strlen(config)};
    int ok = fill(l, kind, config);

    snprintf(import.kind, sizeof import.kind, "%s", kind);
    import.tensor_count = (uint32_t)l->count;
    if (ok &&
        !cleave_weights_write(&import, CLEAVE_WEIGHTS_F32, source, test_bytes_sink, file, message))
        ok = TEST_FAIL("%s", message);
    for (int i = 0; i < l->count; i++)
        free((void *)l->tensor[i].data);
    free(l);
    return ok;
}
