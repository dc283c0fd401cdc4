/* spleeter_weights.c: weight files of Spleeter networks with synthetic values, in memory. */
#include "tests/spleeter_weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"
#include "tests/synthetic.h"
#include "tests/test.h"
#include "weights/contract.h"
#include "weights/spleeter_arguments.h"

#define TENSORS_MAX 1024
#define LINES_MAX   32

typedef struct variables {
    uint32_t count;
    cleave_weights_type values;
    cleave_import_tensor tensor[TENSORS_MAX];
    char name[TENSORS_MAX][CLEAVE_SPLEETER_NAME_BYTES];
} variables;

static int collect(void *context, const char *name, uint32_t rank, const uint32_t *shape)
{
    variables *const v = context;
    const synthetic_rule rule = synthetic_spleeter(name, shape, rank);
    uint64_t count = 1;

    if (!TEST_CHECK(v->count < TENSORS_MAX))
        return 0;
    cleave_import_tensor *const t = &v->tensor[v->count];
    snprintf(v->name[v->count], sizeof v->name[0], "%s", name);
    t->name = v->name[v->count++];
    t->name_bytes = (uint32_t)strlen(name);
    t->type = CLEAVE_IMPORT_F32;
    t->rank = rank;
    for (uint32_t d = rank; d-- > 0; count *= shape[d]) {
        t->shape[d] = shape[d];
        t->stride[d] = count;
    }
    float *const x = malloc(count * sizeof *x);
    t->data = (unsigned char *)x;
    if (!TEST_CHECK(x != NULL))
        return 0;
    synthetic_fill(name, rule, 0, count, x);
    for (uint64_t i = 0; i < count && v->values == CLEAVE_WEIGHTS_F16; i++)
        x[i] = cleave_half_to_float(cleave_half_from_float(x[i]));
    return 1;
}

static int by_name(const void *a, const void *b)
{
    const cleave_import_tensor *const x = a, *const y = b;

    return strcmp(x->name, y->name);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a configuration in the order that a weight file has them in. */
static void sort_lines(const char *config, char *sorted)
{
    char *const text = strdup(config), *save = NULL, *line[LINES_MAX];
    size_t count = 0;

    for (char *at = strtok_r(text, "\n", &save); at && count < LINES_MAX;
         at = strtok_r(NULL, "\n", &save))
        line[count++] = at;
    qsort(line, count, sizeof line[0], by_text);
    *sorted = 0;
    for (size_t i = 0; i < count; i++)
        strcat(strcat(sorted, line[i]), "\n");
    free(text);
}

int test_spleeter_weights(const char *config, cleave_weights_type values, cleave_weights_type type,
                          test_bytes *file)
{
    static const uint8_t source[32];
    char message[CLEAVE_SENTENCE_BYTES] = "", sorted[1024];
    variables *const v = calloc(1, sizeof *v);

    sort_lines(config, sorted);
    cleave_import import = {
        .kind = "spleeter", .tensors = v->tensor, .config = sorted, .config_bytes = strlen(sorted)};
    v->values = values;
    int ok = cleave_contract_walk(import.kind, sorted, strlen(sorted), collect, v, message);
    qsort(v->tensor, v->count, sizeof v->tensor[0], by_name);
    import.tensor_count = v->count;
    ok = ok && cleave_weights_write(&import, type, source, test_bytes_sink, file, message);
    for (uint32_t i = 0; i < v->count; i++)
        free((void *)v->tensor[i].data);
    free(v);
    return ok || TEST_FAIL("%s", message);
}
