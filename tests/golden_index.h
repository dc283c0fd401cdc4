/* golden_index.h: stored parts of reference tensors, and how far ours are from them.
 *
 * An index.tsv has a line a tensor: its full shape, which part of it the file holds, mean and rms
 * of the whole in float64, and the error of the official float32 run against it. A part is a grid:
 * along an axis of n values of which m are stored, index k is element (k (n - 1)) div (m - 1); or a
 * range: all axes whole but the last, which begins at `start`. */
#ifndef CLEAVE_TESTS_GOLDEN_INDEX_H
#define CLEAVE_TESTS_GOLDEN_INDEX_H

#include <stdint.h>

#define GOLDEN_AXES 5

typedef struct golden_entry {
    char name[64], layout[64];
    int range, ndim;
    int64_t shape[GOLDEN_AXES], counts[GOLDEN_AXES], start;
    double mean, rms;    /* of the full tensor */
    double f32_relrms;   /* of the official float32 run, relative to rms */
    const float *values; /* the stored part, row-major */
} golden_entry;

typedef struct golden_index {
    int count;
    golden_entry *entry;
} golden_index;

/* Reads the entries of `folder`/index.tsv whose names begin with `prefix`, which is cut off. 0 if
 * it is not there. A file that is missing or of the wrong size is a failure. */
int golden_index_open(golden_index *index, const char *folder, const char *prefix);
void golden_index_close(golden_index *index);

const golden_entry *golden_find(const golden_index *index, const char *name);

/* Element `at` (row-major in entry->shape) of the tensor that is compared. */
typedef double (*golden_element)(const void *context, const golden_entry *entry,
                                 const int64_t at[GOLDEN_AXES]);

/* Relative rms error over the stored part; mean and rms over the whole tensor. */
typedef struct golden_errors {
    double relrms, mean, rms;
} golden_errors;
golden_errors golden_compare(const golden_entry *entry, golden_element element,
                             const void *context);

/* The same of a part of the tensor: element `at` into *value, to be compared with the reference
 * times *weight (1 before); 0 if it is not in the part. */
typedef int (*golden_part)(const void *context, const golden_entry *entry,
                           const int64_t at[GOLDEN_AXES], double *value, double *weight);

/* Relative rms error over the stored values that are in the part; sets how many these are. */
double golden_compare_part(const golden_entry *entry, golden_part part, const void *context,
                           int64_t *count);

#endif
