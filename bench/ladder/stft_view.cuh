/* stft_view.cuh: what the rungs of stft share: the framing, the factors, and where bins go. Frames
 * are innermost, N is a power of two. */
#ifndef CLEAVE_BENCH_LADDER_STFT_VIEW_CUH
#define CLEAVE_BENCH_LADDER_STFT_VIEW_CUH

#include "bench/ladder/ladder.h"
#include "kernels/cuda_common.cuh"
#include "kernels/stft/stft.h"

#include <math.h>

struct alignas(8) stft_complex {
    float re, im;
};

/* Sample m of a frame, windowed; the signal goes on beyond its ends by the border rule. */
static __device__ __forceinline__ float stft_sample(const cleave_stft_args &a, int64_t channel,
                                                    int64_t frame, int m)
{
    int64_t at = a.start + a.hop * frame + m;
    const float weight = a.scale * a.window[m];

    if (a.pad == CLEAVE_STFT_PAD_REFLECT)
        at = at < 0 ? -at : at >= a.length ? 2 * (a.length - 1) - at : at;
    return at >= 0 && at < a.length ? weight * a.in[channel * a.in_stride + at] : 0.0f;
}

static __device__ __forceinline__ void stft_put(const cleave_stft_args &a, int64_t channel,
                                                int64_t frame, int bin, stft_complex x)
{
    const int64_t plane = (int64_t)a.bins * a.frames, at = bin * a.frames + frame;

    a.out[2 * channel * plane + at] = x.re;
    a.out[(2 * channel + 1) * plane + at] = x.im;
}

/* a + b and (a - b) w of a butterfly of radix 2; factor k is exp(-2 pi i k / N). */
static __device__ __forceinline__ void stft_butterfly(stft_complex a, stft_complex b,
                                                      stft_complex w, stft_complex *sum,
                                                      stft_complex *turned)
{
    const stft_complex d = {a.re - b.re, a.im - b.im};

    *sum = {a.re + b.re, a.im + b.im};
    *turned = {d.re * w.re - d.im * w.im, d.re * w.im + d.im * w.re};
}

/* The table of all N factors, made on the host. */
static inline size_t stft_table_bytes(const void *args)
{
    return (size_t)((const cleave_stft_args *)args)->n * sizeof(stft_complex);
}

static inline void stft_table_prepare(const void *args, void *prepared)
{
    const int n = ((const cleave_stft_args *)args)->n;
    const double step = -2 * 3.14159265358979323846 / n;

    for (int k = 0; k < n; k++)
        ((stft_complex *)prepared)[k] = {(float)cos(step * k), (float)sin(step * k)};
}

#endif
