/* moments.h: mean and spread of rows: what the statistics of a norm are made of. */
#ifndef CLEAVE_KERNELS_MOMENTS_H
#define CLEAVE_KERNELS_MOMENTS_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out[r][0] = mean of the row, out[r][1] = sum of the squared distances from it.
 *
 * Moments of parts combine exactly (Chan, Golub and LeVeque, "Updating formulae and a pairwise
 * algorithm for computing sample variances", 1979), so that whoever needs those of a group of rows
 * adds them up. All arithmetic is in double; only the two results are rounded. */
typedef struct cleave_moments_args {
    const float *in;   /* [R][in_stride] */
    float *out;        /* [R][2] */
    int64_t rows;      /* R >= 1 */
    int64_t points;    /* P >= 1 */
    int64_t in_stride; /* >= P */
} cleave_moments_args;

/* An item is one row. */
extern const cleave_op cleave_moments_op;
extern const cleave_kernel cleave_moments_ref, cleave_moments_avx2, cleave_moments_avx512,
    cleave_moments_neon, cleave_moments_cuda;

#ifdef __cplusplus
}
#endif

#endif
