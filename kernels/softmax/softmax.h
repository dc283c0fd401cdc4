/* softmax.h: softmax across planes, times a common plane. */
#ifndef CLEAVE_KERNELS_SOFTMAX_H
#define CLEAVE_KERNELS_SOFTMAX_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out[k][n] = factor[n] exp(in[k][n]) / sum_j exp(in[j][n]), 0 <= j, k < K
 *
 * The largest in[j][n] is subtracted first, so that nothing overflows. */
typedef struct cleave_softmax_args {
    const float *in;     /* [K][P] */
    const float *factor; /* [P] */
    float *out;          /* [K][P]; may be in itself, and overlap nothing otherwise */
    int32_t planes;      /* K >= 1 */
    int64_t points;      /* P >= 1 */
} cleave_softmax_args;

/* An item is one block of points of all planes. */
#define CLEAVE_SOFTMAX_BLOCK 1024
extern const cleave_op cleave_softmax_op;
extern const cleave_kernel cleave_softmax_ref;
extern const cleave_kernel cleave_softmax_avx2;
extern const cleave_kernel cleave_softmax_avx512;
extern const cleave_kernel cleave_softmax_neon;
extern const cleave_kernel cleave_softmax_cuda;

#ifdef __cplusplus
}
#endif

#endif
