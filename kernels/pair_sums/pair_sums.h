/* pair_sums.h: what two signals have in common and what parts them, row by row. */
#ifndef CLEAVE_KERNELS_PAIR_SUMS_H
#define CLEAVE_KERNELS_PAIR_SUMS_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* With d = y - x, over the points of a row: */
typedef enum cleave_pair_sum {
    CLEAVE_PAIR_X,    /* sum x */
    CLEAVE_PAIR_Y,    /* sum y */
    CLEAVE_PAIR_XX,   /* sum x^2 */
    CLEAVE_PAIR_YY,   /* sum y^2 */
    CLEAVE_PAIR_XD,   /* sum x d */
    CLEAVE_PAIR_DD,   /* sum d^2 */
    CLEAVE_PAIR_PEAK, /* max |d|, which fits its head */
    CLEAVE_PAIR_SUMS
} cleave_pair_sum;

/* out[r][k] is a head, the sum rounded to float32, and a tail, what is left rounded to float32:
 * head + tail has 48 bits, for sums over many rows and differences of sums. Products with d are
 * summed in place of x y, since an estimate y that is near x leaves of sum x y - sum x^2 few digits
 * or none. */
typedef struct cleave_pair_sums_args {
    const float *x;   /* [R][x_stride], P of each row are used */
    const float *y;   /* [R][y_stride] */
    float *out;       /* [R][CLEAVE_PAIR_SUMS][2]; may not overlap x or y */
    int64_t rows;     /* R >= 1 */
    int64_t points;   /* P >= 1 */
    int64_t x_stride; /* >= P */
    int64_t y_stride; /* >= P */
} cleave_pair_sums_args;

/* The sum that a row of `out` holds. */
CLEAVE_INLINE double cleave_pair_sum_of(const float *row, cleave_pair_sum sum)
{
    return (double)row[2 * sum] + (double)row[2 * sum + 1];
}

/* An item is one row. */
extern const cleave_op cleave_pair_sums_op;
extern const cleave_kernel cleave_pair_sums_ref;
extern const cleave_kernel cleave_pair_sums_avx2;
extern const cleave_kernel cleave_pair_sums_avx512;
extern const cleave_kernel cleave_pair_sums_neon;
extern const cleave_kernel cleave_pair_sums_cuda;

#ifdef __cplusplus
}
#endif

#endif
