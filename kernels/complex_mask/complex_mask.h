/* complex_mask.h: real masks times one complex spectrogram, for all stems at once. */
#ifndef CLEAVE_KERNELS_COMPLEX_MASK_H
#define CLEAVE_KERNELS_COMPLEX_MASK_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out[s][c][p][i] = mask[s][c or 0][i] * in[c][p][i], p = real, imaginary plane */
typedef struct cleave_complex_mask_args {
    const float *in;       /* [C][2][P] */
    const float *mask;     /* [S][C][P], or [S][P] if mask_channels is 1 */
    float *out;            /* [S][C][2][P]; may not overlap in or mask */
    int32_t stems;         /* S >= 1 */
    int32_t channels;      /* C >= 1 */
    int32_t mask_channels; /* C, or 1: the same mask for every channel */
    int64_t points;        /* P = F * T >= 1 */
} cleave_complex_mask_args;

/* An item is one block of 4096 points of one (stem, channel). Stems are innermost, so that a call
 * reads the block of the spectrogram from memory once and from the cache for the other stems. */
#define CLEAVE_COMPLEX_MASK_BLOCK 4096

typedef struct cleave_complex_mask_block {
    int64_t stem, channel;
    int64_t mask_row;   /* row of mask, of points values */
    int64_t begin, end; /* points */
} cleave_complex_mask_block;

CLEAVE_INLINE cleave_complex_mask_block
cleave_complex_mask_block_of(const cleave_complex_mask_args *args, int64_t item)
{
    const int64_t blocks = cleave_div_up(args->points, CLEAVE_COMPLEX_MASK_BLOCK);
    cleave_complex_mask_block k;

    k.stem = item % args->stems;
    k.channel = item / args->stems / blocks;
    k.mask_row = args->mask_channels == 1 ? k.stem : k.stem * args->channels + k.channel;
    k.begin = item / args->stems % blocks * CLEAVE_COMPLEX_MASK_BLOCK;
    k.end = cleave_i64_min(k.begin + CLEAVE_COMPLEX_MASK_BLOCK, args->points);
    return k;
}

extern const cleave_op cleave_complex_mask_op;
extern const cleave_kernel cleave_complex_mask_ref;
extern const cleave_kernel cleave_complex_mask_avx2;
extern const cleave_kernel cleave_complex_mask_avx512;
extern const cleave_kernel cleave_complex_mask_neon;
extern const cleave_kernel cleave_complex_mask_cuda;

#ifdef __cplusplus
}
#endif

#endif
