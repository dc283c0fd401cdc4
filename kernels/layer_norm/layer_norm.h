/* layer_norm.h: the norm of every token over its channels. */
#ifndef CLEAVE_KERNELS_LAYER_NORM_H
#define CLEAVE_KERNELS_LAYER_NORM_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out[d][n] = (in[d][n] - mean[n]) / sqrt(variance[n] + epsilon) weight[d] + bias[d] + add[d][n]
 *
 * mean and variance (divided by D) are those of the D channels of token n, accumulated in double or
 * in float over parts small enough to be as good (Ba, Kiros and Hinton, "Layer normalization",
 * 2016). */
typedef struct cleave_layer_norm_args {
    const float *in;     /* [D][N] */
    const float *weight; /* [D] */
    const float *bias;   /* [D] */
    const float *add;    /* [D][N]; NULL operand unless has_add: a positional embedding */
    float *out;          /* [D][N]; may be in, not overlap otherwise */
    int32_t channels;    /* D >= 1 */
    int64_t tokens;      /* N >= 1 */
    float epsilon;
    int32_t has_add;
} cleave_layer_norm_args;

/* An item is CLEAVE_LAYER_NORM_BLOCK tokens. */
#define CLEAVE_LAYER_NORM_BLOCK 48
extern const cleave_op cleave_layer_norm_op;
extern const cleave_kernel cleave_layer_norm_ref, cleave_layer_norm_avx2, cleave_layer_norm_avx512,
    cleave_layer_norm_neon, cleave_layer_norm_cuda;

#ifdef __cplusplus
}
#endif

#endif
