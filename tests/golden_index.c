/* golden_index.c: stored parts of reference tensors. */
#include "tests/golden_index.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/test.h"

#define ENTRIES_MAX 256

/* Numbers separated by commas. */
static int numbers(const char *text, int64_t out[GOLDEN_AXES])
{
    int count = 0;
    char *end;

    for (const char *p = text; count < GOLDEN_AXES; p = end + 1) {
        out[count++] = strtoll(p, &end, 10);
        if (*end != ',')
            break;
    }
    return count;
}

static int64_t product(const int64_t *sizes, int count)
{
    int64_t result = 1;

    for (int i = 0; i < count; i++)
        result *= sizes[i];
    return result;
}

static int read_entry(golden_entry *e, const char *folder, const char *prefix, const char *line)
{
    char name[64], file[64], kind[16], shape[64], counts[64], path[256];
    long long start;
    int64_t bytes = 0;

    if (sscanf(line, "%63s %63s %15s %d %63s %63s %lld %lf %lf %*s %lf %*s %*s %63[^\n]", name,
               file, kind, &e->ndim, shape, counts, &start, &e->mean, &e->rms, &e->f32_relrms,
               e->layout) != 11)
        return TEST_FAIL("%s: a line of the index is malformed", folder);
    if (strncmp(name, prefix, strlen(prefix)) != 0)
        return 0;
    snprintf(e->name, sizeof e->name, "%s", name + strlen(prefix));
    snprintf(path, sizeof path, "%s/%s", folder, file);
    e->range = !strcmp(kind, "range");
    e->start = start;
    e->values = test_read_file(path, &bytes);
    if (numbers(shape, e->shape) != e->ndim || numbers(counts, e->counts) != e->ndim ||
        !e->values || bytes != product(e->counts, e->ndim) * (int64_t)sizeof(float))
        return TEST_FAIL("%s: not what the index says", path);
    return 1;
}

int golden_index_open(golden_index *index, const char *folder, const char *prefix)
{
    char path[256], *save = NULL;
    int64_t bytes = 0;

    snprintf(path, sizeof path, "%s/index.tsv", folder);
    char *const text = test_read_file(path, &bytes);
    index->count = 0;
    index->entry = calloc(ENTRIES_MAX, sizeof *index->entry);
    if (!text || !index->entry) {
        free(index->entry);
        return 0;
    }
    text[bytes] = 0;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (line[0] != '#' && index->count < ENTRIES_MAX)
            index->count += read_entry(&index->entry[index->count], folder, prefix, line);
    free(text);
    return TEST_CHECK(index->count > 0);
}

void golden_index_close(golden_index *index)
{
    for (int i = 0; i < index->count; i++)
        free((void *)index->entry[i].values);
    free(index->entry);
    index->count = 0;
}

const golden_entry *golden_find(const golden_index *index, const char *name)
{
    for (int i = 0; i < index->count; i++)
        if (!strcmp(index->entry[i].name, name))
            return &index->entry[i];
    return NULL;
}

/* Moves on to the next place of an array; 0 past the last. */
static int next(int64_t at[GOLDEN_AXES], const int64_t *sizes, int ndim)
{
    for (int axis = ndim - 1; axis >= 0; axis--) {
        if (++at[axis] < sizes[axis])
            return 1;
        at[axis] = 0;
    }
    return 0;
}

double golden_compare_part(const golden_entry *e, golden_part part, const void *context,
                           int64_t *count)
{
    double error = 0, norm = 0;
    int64_t at[GOLDEN_AXES] = {0}, full[GOLDEN_AXES] = {0}, k = 0;

    *count = 0;
    do {
        double value, weight = 1;
        for (int axis = 0; axis < e->ndim; axis++) {
            const int64_t n = e->shape[axis], m = e->counts[axis];
            full[axis] = e->range ? at[axis] : m == 1 ? 0 : at[axis] * (n - 1) / (m - 1);
        }
        if (e->range)
            full[e->ndim - 1] += e->start;
        const double stored = (double)e->values[k++];
        if (!part(context, e, full, &value, &weight))
            continue;
        error += (value - weight * stored) * (value - weight * stored);
        norm += weight * stored * weight * stored;
        ++*count;
    } while (next(at, e->counts, e->ndim));
    return sqrt(error / norm);
}

/* An element function as a part that is all of it. */
typedef struct whole {
    golden_element element;
    const void *context;
} whole;

static int part_of_whole(const void *context, const golden_entry *e, const int64_t at[GOLDEN_AXES],
                         double *value, double *weight)
{
    const whole *const w = context;

    (void)weight;
    *value = w->element(w->context, e, at);
    return 1;
}

golden_errors golden_compare(const golden_entry *e, golden_element element, const void *context)
{
    const double count = (double)product(e->shape, e->ndim);
    const whole all = {element, context};
    golden_errors errors;
    int64_t at[GOLDEN_AXES] = {0}, stored;
    double sum = 0, squares = 0;

    errors.relrms = golden_compare_part(e, part_of_whole, &all, &stored);
    do {
        const double x = element(context, e, at);
        sum += x;
        squares += x * x;
    } while (next(at, e->shape, e->ndim));
    errors.mean = sum / count;
    errors.rms = sqrt(squares / count);
    return errors;
}
