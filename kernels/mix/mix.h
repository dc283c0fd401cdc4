/* mix.h: a matrix applied to channels: down-mix, mid/side, sums of stems, the mixture-consistency
 * projection. */
#ifndef CLEAVE_KERNELS_MIX_H
#define CLEAVE_KERNELS_MIX_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_MIX_CHANNELS_MAX 64

/* out[o][n] = sum_i matrix[o][i] * in[i][n]; a coefficient that is exactly zero does not read its
 * input, so that a NaN there stays where it is. */
typedef struct cleave_mix_args {
    const float *in;     /* [I][in_stride] */
    const float *matrix; /* [O][I] */
    float *out;          /* [O][out_stride]; may not overlap in */
    int32_t inputs;      /* 1 <= I <= CLEAVE_MIX_CHANNELS_MAX */
    int32_t outputs;     /* 1 <= O <= CLEAVE_MIX_CHANNELS_MAX */
    int64_t length;      /* >= 1 */
    int64_t in_stride;   /* >= length */
    int64_t out_stride;  /* >= length */
} cleave_mix_args;

/* An item is one block of 4096 samples of one output, outputs innermost: a call then finds the
 * block of every input in the cache for all outputs but the first. */
#define CLEAVE_MIX_BLOCK 4096
extern const cleave_op cleave_mix_op;
extern const cleave_kernel cleave_mix_ref;
extern const cleave_kernel cleave_mix_avx2;
extern const cleave_kernel cleave_mix_avx512;
extern const cleave_kernel cleave_mix_neon;
extern const cleave_kernel cleave_mix_cuda;

#ifdef __cplusplus
}
#endif

#endif
