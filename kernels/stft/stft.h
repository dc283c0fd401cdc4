/* stft.h: short-time Fourier transform with window, border rule and packing in one pass. */
#ifndef CLEAVE_KERNELS_STFT_H
#define CLEAVE_KERNELS_STFT_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cleave_stft_pad {
    CLEAVE_STFT_PAD_ZERO,   /* zero outside [0, L) */
    CLEAVE_STFT_PAD_REFLECT /* x[-i] = x[i], x[L-1+i] = x[L-1-i]; frames may reach at most L-1
                               outside */
} cleave_stft_pad;

typedef enum cleave_stft_layout {
    CLEAVE_STFT_LAYOUT_FT, /* [C][2][F][T]: real plane then imaginary plane, frames innermost */
    CLEAVE_STFT_LAYOUT_TF  /* [C][2][T][F]: bins innermost */
} cleave_stft_layout;

/* Z[c][.][f][t] = scale * sum_m window[m] * x~[c][start + hop*t + m] * exp(-2 pi i f m / N)
 *
 * Demucs: N 4096, hop 1024, start -1536, reflect, scale 1/64, F 2048, T ceil(L/1024).
 * Spleeter: N 4096, hop 1024, start -4096, zero, scale 1, T ceil((L+4096)/1024). */
typedef struct cleave_stft_args {
    const float *in;     /* [C][in_stride], L of each row are used */
    const float *window; /* [N] */
    float *out;          /* as `layout` says; may not overlap in */
    int32_t channels;    /* C >= 1 */
    int64_t length;      /* L >= 1 */
    int64_t in_stride;   /* floats from one channel to the next, >= L */
    int32_t n;           /* N, even, a size that fft.h accepts */
    int32_t hop;         /* 1 <= hop <= N */
    int64_t start;       /* sample where frame 0 begins, <= 0 or > 0 */
    int64_t frames;      /* T >= 1 */
    int32_t bins;        /* F: 1 <= F <= N/2+1; higher bins are dropped */
    float scale;
    cleave_stft_pad pad;
    cleave_stft_layout layout;
} cleave_stft_args;

/* An item is CLEAVE_STFT_BLOCK consecutive frames of one channel (the last block may be shorter).
 */
#define CLEAVE_STFT_BLOCK 16
extern const cleave_op cleave_stft_op;
extern const cleave_kernel cleave_stft_ref;
extern const cleave_kernel cleave_stft_avx2;
extern const cleave_kernel cleave_stft_avx512;
extern const cleave_kernel cleave_stft_neon;
extern const cleave_kernel cleave_stft_cuda;

#ifdef __cplusplus
}
#endif

#endif
