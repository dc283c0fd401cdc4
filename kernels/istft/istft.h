/* istft.h: inverse short-time Fourier transform, overlap-add by gather, deterministic. */
#ifndef CLEAVE_KERNELS_ISTFT_H
#define CLEAVE_KERNELS_ISTFT_H

#include "kernels/stft/stft.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out[c][n] = scale * sum_t window[m] * irfft(Z[c][.][.][t])[m],  m = n - start - hop*t in [0, N),
 * 0 <= n < L, frames 0 <= t < T; irfft includes its 1/N, bins F..N/2 count as zero, and the
 * imaginary parts of bins 0 and N/2 are ignored.
 *
 * With the periodic Hann window and hop N/4, sum window^2 = 3/2 over the frames that cover a
 * sample, so an stft() of scale s is undone by scale 1 / (1.5 s). */
typedef struct cleave_istft_args {
    const float *in;     /* [C][2][F][T] or [C][2][T][F] */
    const float *window; /* [N] */
    float *out;          /* [C][out_stride], L of each row are written; may not overlap in */
    int32_t channels;    /* C >= 1 */
    int64_t length;      /* L >= 1 */
    int64_t out_stride;  /* >= L */
    int32_t n;           /* N, even, a size that fft.h accepts */
    int32_t hop;         /* 1 <= hop <= N */
    int64_t start;       /* sample where frame 0 begins */
    int64_t frames;      /* T >= 1 */
    int32_t bins;        /* F: 1 <= F <= N/2+1 */
    float scale;
    cleave_stft_layout layout;
} cleave_istft_args;

/* An item is CLEAVE_ISTFT_BLOCK * hop consecutive output samples of one channel. */
#define CLEAVE_ISTFT_BLOCK 32
extern const cleave_op cleave_istft_op;
extern const cleave_kernel cleave_istft_ref;
extern const cleave_kernel cleave_istft_avx2;
extern const cleave_kernel cleave_istft_avx512;
extern const cleave_kernel cleave_istft_neon;
extern const cleave_kernel cleave_istft_cuda;

#ifdef __cplusplus
}
#endif

#endif
