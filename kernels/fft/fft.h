/* fft.h: discrete Fourier transforms of any length 2^a 3^b 5^c, real and complex, batched. */
#ifndef CLEAVE_KERNELS_FFT_H
#define CLEAVE_KERNELS_FFT_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_FFT_N_MAX 65536

typedef enum cleave_fft_kind {
    CLEAVE_FFT_COMPLEX_FORWARD, /* [B][N][2] -> [B][N][2], X[k] = sum x[n] exp(-2 pi i k n / N) */
    CLEAVE_FFT_COMPLEX_INVERSE, /* the same with exp(+...), unscaled: inverse(forward(x)) = N x */
    CLEAVE_FFT_REAL_FORWARD,    /* [B][N] -> [B][N/2+1][2], N even; or N odd: [B][(N+1)/2][2] */
    CLEAVE_FFT_REAL_INVERSE     /* the reverse, unscaled; the imaginary parts of bins 0 and N/2 are
                                   ignored */
} cleave_fft_kind;

typedef struct cleave_fft_args {
    const float *in; /* 64-byte aligned; rows follow each other without padding */
    float *out;      /* may not overlap in */
    int64_t batch;   /* B >= 1 */
    int32_t n;       /* N: 1 <= N <= CLEAVE_FFT_N_MAX, no prime factor but 2, 3, 5 */
    cleave_fft_kind kind;
} cleave_fft_args;

/* An item is one transform of the batch. */
extern const cleave_op cleave_fft_op;
extern const cleave_kernel cleave_fft_ref;
extern const cleave_kernel cleave_fft_avx2;
extern const cleave_kernel cleave_fft_avx512;
extern const cleave_kernel cleave_fft_neon;
extern const cleave_kernel cleave_fft_cuda;

/* Whether n factors into 2, 3 and 5 and is within the limit. */
int cleave_fft_size_ok(int64_t n);

#ifdef __cplusplus
}
#endif

#endif
