/* ratio_mask.h: spectra of stems from estimates of their magnitudes: a ratio mask for each, times
 * the spectrum of the mixture. */
#ifndef CLEAVE_KERNELS_RATIO_MASK_H
#define CLEAVE_KERNELS_RATIO_MASK_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_RATIO_MASK_STEMS_MAX    8
#define CLEAVE_RATIO_MASK_EXPONENT_MAX 4
#define CLEAVE_RATIO_MASK_FLOOR        1e-10f /* epsilon */

typedef enum cleave_ratio_mask_extension {
    CLEAVE_RATIO_MASK_ZEROS,  /* bins F and above: mask 0 */
    CLEAVE_RATIO_MASK_AVERAGE /* the mean of the mask over its F bins, of that frame and channel */
} cleave_ratio_mask_extension;

/* With the estimates e_0..e_(I-1) >= 0, finite, of all instruments at channel c, frame t, bin f <
 * F:
 *
 * M_i = (e_i^p + epsilon / I) / (e_0^p + ... + e_(I-1)^p + epsilon)
 *
 * out[s][c][q][t][f] = M_stem[s] in[c][q][t][f], q = real, imaginary plane; stem[] says which of
 * the I instruments the S results are of. Deezer's Spleeter: p = 2, epsilon 1e-10. */
typedef struct cleave_ratio_mask_args {
    const float *estimates;                    /* [I][C][T][B], F bins of each row are used */
    const float *in;                           /* [C][2][T][B] */
    float *out;                                /* [S][C][2][T][B]; may overlap no other */
    int32_t instruments;                       /* I: 1..CLEAVE_RATIO_MASK_STEMS_MAX */
    int32_t channels;                          /* C >= 1 */
    int64_t frames;                            /* T >= 1 */
    int32_t bins;                              /* B >= F */
    int32_t masked_bins;                       /* F >= 1 */
    int32_t stems;                             /* S: 1..I */
    int32_t stem[CLEAVE_RATIO_MASK_STEMS_MAX]; /* each 0..I-1 */
    float exponent; /* p: above 0, at most CLEAVE_RATIO_MASK_EXPONENT_MAX */
    cleave_ratio_mask_extension extension;
} cleave_ratio_mask_args;

/* An item is CLEAVE_RATIO_MASK_BLOCK frames of one channel (the last block may be shorter). */
#define CLEAVE_RATIO_MASK_BLOCK 4

typedef struct cleave_ratio_mask_block {
    int64_t channel;
    int64_t begin, end; /* frames */
} cleave_ratio_mask_block;

CLEAVE_INLINE cleave_ratio_mask_block cleave_ratio_mask_block_of(const cleave_ratio_mask_args *args,
                                                                 int64_t item)
{
    const int64_t blocks = cleave_div_up(args->frames, CLEAVE_RATIO_MASK_BLOCK);
    cleave_ratio_mask_block k;

    k.channel = item / blocks;
    k.begin = item % blocks * CLEAVE_RATIO_MASK_BLOCK;
    k.end = cleave_i64_min(k.begin + CLEAVE_RATIO_MASK_BLOCK, args->frames);
    return k;
}

extern const cleave_op cleave_ratio_mask_op;
extern const cleave_kernel cleave_ratio_mask_ref;
extern const cleave_kernel cleave_ratio_mask_avx2;
extern const cleave_kernel cleave_ratio_mask_avx512;
extern const cleave_kernel cleave_ratio_mask_neon;
extern const cleave_kernel cleave_ratio_mask_cuda;

#ifdef __cplusplus
}
#endif

#endif
