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

/* An item is one block of 4096 points of one (stem, channel). */
#define CLEAVE_COMPLEX_MASK_BLOCK 4096
extern const cleave_op cleave_complex_mask_op;
extern const cleave_kernel cleave_complex_mask_ref;
extern const cleave_kernel cleave_complex_mask_avx2;
extern const cleave_kernel cleave_complex_mask_avx512;
extern const cleave_kernel cleave_complex_mask_cuda;

#ifdef __cplusplus
}
#endif

#endif
