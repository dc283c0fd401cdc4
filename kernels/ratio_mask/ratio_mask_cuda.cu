/* ratio_mask_cuda.cu: a block of threads an item, that is four frames of one channel; one instance
 * of the kernel for each way to a power. */
#include "kernels/cuda_common.cuh"
#include "kernels/ratio_mask/ratio_mask.h"

enum power_kind { POWER_ONE, POWER_TWO, POWER_ANY };

/* e^p + other */
template <int kind> static __device__ float add_power(float e, float exponent, float other)
{
    switch (kind) {
    case POWER_ONE:
        return e + other;
    case POWER_TWO:
        return cleave_fma(e, e, other);
    default:
        return powf(e, exponent) + other;
    }
}

/* What the masks of all stems share at a bin. */
struct bin_shares {
    float scale; /* of estimates */
    float share; /* epsilon / I */
    float sum;
};

/* `e` points to the first instrument's estimate, `stride` to the next. Where a power is above
 * 2^120, all estimates are divided by the largest first, and epsilon is left out: nothing
 * overflows. */
template <int kind>
static __device__ bin_shares shares_of(const cleave_ratio_mask_args &a, float large, const float *e,
                                       int64_t stride)
{
    float largest = 0;
    bin_shares m = {1.0f, CLEAVE_RATIO_MASK_FLOOR / (float)a.instruments, CLEAVE_RATIO_MASK_FLOOR};

    for (int k = 0; k < a.instruments; k++)
        largest = fmaxf(largest, e[k * stride]);
    if (largest > large) {
        m.scale = 1.0f / fminf(largest, 0x1p126f);
        m.share = m.sum = 0;
    }
    for (int k = 0; k < a.instruments; k++)
        m.sum = add_power<kind>(m.scale * e[k * stride], a.exponent, m.sum);
    return m;
}

/* Writes the masked bins of a frame, of the planes that begin at in and out; adds the masks of this
 * thread to sums[]. The estimate of a stem is read once more, from the cache: an array of the
 * powers, indexed by stem, would not lie in registers. */
template <int kind>
static __device__ void mask_frame(const cleave_ratio_mask_args &a, float large,
                                  const float *estimates, const float *in, float *out, double *sums)
{
    const int64_t plane = a.frames * a.bins, stride = a.channels * plane;

    for (int64_t f = threadIdx.x; f < a.masked_bins; f += blockDim.x) {
        const bin_shares m = shares_of<kind>(a, large, estimates + f, stride);
        const float re = in[f], im = in[plane + f];

        CLEAVE_UNROLL
        for (int s = 0; s < CLEAVE_RATIO_MASK_STEMS_MAX; s++) {
            if (s >= a.stems)
                continue;
            const float e = m.scale * estimates[a.stem[s] * stride + f];
            const float mask = add_power<kind>(e, a.exponent, m.share) / m.sum;
            out[s * 2 * stride + f] = mask * re;
            out[s * 2 * stride + plane + f] = mask * im;
            sums[s] += mask;
        }
    }
}

/* The bins above, of one stem. */
static __device__ void extend(const cleave_ratio_mask_args &a, const float *in, float *out,
                              float mean)
{
    const int64_t plane = a.frames * a.bins;
    const bool zeros = a.extension == CLEAVE_RATIO_MASK_ZEROS;

    for (int64_t f = a.masked_bins + threadIdx.x; f < a.bins; f += blockDim.x) {
        out[f] = zeros ? 0.0f : mean * in[f];
        out[plane + f] = zeros ? 0.0f : mean * in[plane + f];
    }
}

template <int kind>
static __global__ void ratio_mask_kernel(cleave_ratio_mask_args a, float large, int64_t begin)
{
    CLEAVE_SHARED(double, partial, CLEAVE_CUDA_THREADS / CLEAVE_WARP);
    CLEAVE_SHARED(float, mean, CLEAVE_RATIO_MASK_STEMS_MAX);
    const cleave_ratio_mask_block k = cleave_ratio_mask_block_of(&a, begin + (int64_t)blockIdx.x);
    const int64_t plane = a.frames * a.bins, stride = a.channels * plane;
    const bool averages = a.extension == CLEAVE_RATIO_MASK_AVERAGE && a.bins > a.masked_bins;

    for (int64_t t = k.begin; t < k.end; t++) {
        const int64_t at = t * a.bins;
        const float *in = a.in + k.channel * 2 * plane + at;
        float *out = a.out + k.channel * 2 * plane + at;
        double sums[CLEAVE_RATIO_MASK_STEMS_MAX] = {0};

        mask_frame<kind>(a, large, a.estimates + k.channel * plane + at, in, out, sums);
        CLEAVE_UNROLL
        for (int s = 0; s < CLEAVE_RATIO_MASK_STEMS_MAX; s++) {
            if (!averages || s >= a.stems)
                continue;
            const double sum = cleave_block_reduce<cleave_add>(sums[s], partial);
            if (threadIdx.x == 0)
                mean[s] = (float)(sum / a.masked_bins);
        }
        cleave_barrier();
        for (int s = 0; s < a.stems; s++)
            extend(a, in, out + s * 2 * stride, averages ? mean[s] : 0.0f);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_ratio_mask_args *a = (const cleave_ratio_mask_args *)args;
    const int64_t blocks = work->end - work->begin;
    const float large = exp2f(120 / a->exponent);

    if (blocks <= 0)
        return;
    if (a->exponent == 2)
        CLEAVE_LAUNCH(ratio_mask_kernel<POWER_TWO>, blocks, CLEAVE_CUDA_THREADS, 0, work->stream,
                      *a, large, work->begin);
    else if (a->exponent == 1)
        CLEAVE_LAUNCH(ratio_mask_kernel<POWER_ONE>, blocks, CLEAVE_CUDA_THREADS, 0, work->stream,
                      *a, large, work->begin);
    else
        CLEAVE_LAUNCH(ratio_mask_kernel<POWER_ANY>, blocks, CLEAVE_CUDA_THREADS, 0, work->stream,
                      *a, large, work->begin);
}

const cleave_kernel cleave_ratio_mask_cuda = {run, NULL, NULL, NULL};
