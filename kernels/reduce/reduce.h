/* reduce.h: one figure for each row of a matrix, accurate over long rows. */
#ifndef CLEAVE_KERNELS_REDUCE_H
#define CLEAVE_KERNELS_REDUCE_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cleave_reduce_kind {
    CLEAVE_REDUCE_SUM,     /* out[r] = sum */
    CLEAVE_REDUCE_MEAN,    /* out[r] = sum / P */
    CLEAVE_REDUCE_MAX,     /* out[r] = max */
    CLEAVE_REDUCE_MAX_ABS, /* out[r] = max |x| */
    CLEAVE_REDUCE_SQUARES, /* out[r] = sum x^2 */
    CLEAVE_REDUCE_MEAN_STD /* out[r][0] = mean, out[r][1] = unbiased deviation (P - 1), 0 if P is 1
                            */
} cleave_reduce_kind;

/* Sums are accumulated in double in blocks of fixed size, so that a row of 10^6 values keeps all
 * digits of float32 and the result does not depend on the variant's vector width by more than one
 * rounding. */
typedef struct cleave_reduce_args {
    const float *in;   /* [R][in_stride] */
    float *out;        /* [R], or [R][2] for MEAN_STD */
    int64_t rows;      /* R >= 1 */
    int64_t points;    /* P >= 1 */
    int64_t in_stride; /* >= P */
    cleave_reduce_kind kind;
} cleave_reduce_args;

/* An item is one row. */
extern const cleave_op cleave_reduce_op;
extern const cleave_kernel cleave_reduce_ref;
extern const cleave_kernel cleave_reduce_avx2;
extern const cleave_kernel cleave_reduce_avx512;
extern const cleave_kernel cleave_reduce_neon;
extern const cleave_kernel cleave_reduce_cuda;

#ifdef __cplusplus
}
#endif

#endif
