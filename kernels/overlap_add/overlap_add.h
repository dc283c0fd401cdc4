/* overlap_add.h: cross-fades one segment into the running result. */
#ifndef CLEAVE_KERNELS_OVERLAP_ADD_H
#define CLEAVE_KERNELS_OVERLAP_ADD_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* mean[r][n] += gain[n] * (in[r][n] - mean[r][n])
 *
 * With gain[n] = w[n] / (W[n] + w[n]), W the weights that sample n has received before, the result
 * after any number of overlapping segments is the weighted mean sum(w y) / sum(w). This form,
 * unlike the quotient of two sums, returns the input bit for bit when all segments agree. */
typedef struct cleave_overlap_add_args {
    const float *in;     /* [R][in_stride] */
    const float *gain;   /* [L], 0..1 */
    float *mean;         /* [R][mean_stride], updated in place; may not overlap in */
    int32_t rows;        /* R >= 1 */
    int64_t length;      /* L >= 1 */
    int64_t in_stride;   /* >= L */
    int64_t mean_stride; /* >= L */
} cleave_overlap_add_args;

/* An item is one block of 4096 samples of one row. */
#define CLEAVE_OVERLAP_ADD_BLOCK 4096
extern const cleave_op cleave_overlap_add_op;
extern const cleave_kernel cleave_overlap_add_ref;
extern const cleave_kernel cleave_overlap_add_avx2;
extern const cleave_kernel cleave_overlap_add_avx512;
extern const cleave_kernel cleave_overlap_add_neon;
extern const cleave_kernel cleave_overlap_add_cuda;

#ifdef __cplusplus
}
#endif

#endif
