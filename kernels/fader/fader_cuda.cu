/* fader_cuda.cu: a block of threads a stream; one of them moves the matrix, all of them mix. */
#include "kernels/cuda_common.cuh"
#include "kernels/fader/fader.h"

static __device__ void mix_frame(const cleave_fader_args &a, const double *before,
                                 const double *after, int64_t position, const float *in, float *out)
{
    const int C = a.channels;
    const float ramp = (float)(position % CLEAVE_GRID_FRAMES + 1) / CLEAVE_GRID_FRAMES;
    const float gain = (float)cleave_fader_gain(a.parameters, C, a.curve, position);
    float x[CLEAVE_FADER_CHANNELS_MAX];

    for (int i = 0; i < C; i++)
        x[i] = in[i * a.stride];
    for (int o = 0; o < C; o++) {
        float sum = 0;
        for (int i = 0; i < C; i++) {
            const double from = before[o * C + i];
            const float slope = (float)(after[o * C + i] - from);
            sum = cleave_fma(cleave_fma(ramp, slope, (float)from), x[i], sum);
        }
        out[o * a.stride] = sum * gain;
    }
}

static __global__ void fader_kernel(cleave_fader_args a, int64_t begin)
{
    CLEAVE_SHARED(int64_t, span, 1);
    const int64_t s = begin + (int64_t)blockIdx.x, C = a.channels;
    double *state = (double *)a.state + s * cleave_fader_state_doubles(C);
    const double *before = state + cleave_glide_doubles(C * C);
    const double *after = cleave_glide_values(state);
    const int64_t position = a.block->position, frames = a.block->frames;

    for (int64_t n = 0; n < frames;) {
        if (threadIdx.x == 0)
            *span = cleave_fader_span(state, a.parameters, C, position + n, frames - n);
        cleave_barrier();
        const int64_t end = n + *span;
        for (int64_t k = n + threadIdx.x; k < end; k += blockDim.x)
            mix_frame(a, before, after, position + k, a.in + s * C * a.stride + k,
                      a.out + s * C * a.stride + k);
        n = end;
        cleave_barrier();
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_fader_args *a = (const cleave_fader_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(fader_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0, work->stream,
                      *a, work->begin);
}

const cleave_kernel cleave_fader_cuda = {run, NULL, NULL, NULL};
