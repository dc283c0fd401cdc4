/* true_peak_cuda.cu: a block of threads a row, a thread every so many frames. */
#include "kernels/cuda_common.cuh"
#include "kernels/true_peak/true_peak.h"

#define PAST CLEAVE_TRUE_PEAK_HISTORY

static __global__ void true_peak_kernel(cleave_true_peak_args a, const float *table, int64_t begin)
{
    CLEAVE_SHARED(double, partial, CLEAVE_CUDA_THREADS / CLEAVE_WARP);
    const int64_t r = begin + (int64_t)blockIdx.x, frames = a.block->frames;
    const float *in = a.in + r * a.in_stride;
    float *state = a.state + r * CLEAVE_TRUE_PEAK_STATE_FLOATS;
    float *past = state + CLEAVE_TRUE_PEAK_STATE_PAST;
    const int taps = (int)(CLEAVE_TRUE_PEAK_POINTS / a.factor);
    float peak = 0, kept = 0;

    for (int64_t n = threadIdx.x; n < frames; n += blockDim.x) {
        peak = fmaxf(peak, fabsf(in[n]));
        for (int f = 0; f < (int)a.factor - 1; f++) {
            float y = 0;
            for (int i = 0; i < taps; i++)
                y = cleave_fma(table[f * taps + i], i <= n ? in[n - i] : past[PAST + n - i], y);
            peak = fmaxf(peak, fabsf(y));
        }
    }
    if (threadIdx.x < PAST)
        kept = cleave_true_peak_past(past, in, frames, threadIdx.x);
    peak = (float)cleave_block_reduce<cleave_maximum>(peak, partial);
    if (threadIdx.x < PAST)
        past[threadIdx.x] = kept;
    if (threadIdx.x == 0) {
        a.out[r] = peak;
        state[0] = fmaxf(state[0], peak);
    }
}

static size_t prepared_bytes(const void *)
{
    return CLEAVE_TRUE_PEAK_POINTS * sizeof(float);
}

static void prepare(const void *args, void *prepared)
{
    const cleave_true_peak_args *a = (const cleave_true_peak_args *)args;
    double table[CLEAVE_TRUE_PEAK_POINTS] = {};
    float *out = (float *)prepared;

    cleave_true_peak_table(a->factor, table);
    for (int i = 0; i < CLEAVE_TRUE_PEAK_POINTS; i++)
        out[i] = (float)table[i];
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_true_peak_args *a = (const cleave_true_peak_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(true_peak_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0,
                      work->stream, *a, (const float *)work->prepared, work->begin);
}

const cleave_kernel cleave_true_peak_cuda = {run, NULL, prepared_bytes, prepare};
