/* level_cuda.cu: a block of threads a stream, a warp a channel, a thread a frame of a step. */
#include "kernels/cuda_common.cuh"
#include "kernels/level/level.h"

/* One row of a span within a step, by its warp. A lane of the sums belongs to one thread. */
static __device__ void row_run(const cleave_level_args &a, double *state, int64_t stream,
                               int64_t at, int64_t frames)
{
    const int64_t c = (int64_t)threadIdx.x / CLEAVE_WARP,
                  thread = (int64_t)threadIdx.x % CLEAVE_WARP;
    const int64_t row = stream * a.channels + c, position = a.block->position + at;
    const int64_t first = position % CLEAVE_GRID_FRAMES, i = thread - first;
    const float from = (float)state[CLEAVE_LEVEL_FROM];
    const float slope =
        (float)((state[CLEAVE_LEVEL_TO] - state[CLEAVE_LEVEL_FROM]) / CLEAVE_GRID_FRAMES);

    if (thread < CLEAVE_LEVEL_LANES) {
        const float *key = a.key + row * a.key_stride + at;
        double *lane = state + CLEAVE_LEVEL_HEADER + c * CLEAVE_LEVEL_LANES + thread;
        double sum = *lane;
        for (int64_t place = thread; place < first + frames; place += CLEAVE_LEVEL_LANES)
            if (place >= first) {
                const double x = (double)key[place - first];
                sum = fma(x, x, sum);
            }
        *lane = sum;
    }
    cleave_warp_barrier();
    if (i < 0 || i >= frames)
        return;
    const float in = a.in[row * a.in_stride + at + i];
    float x = in;
    if (a.delay_steps) {
        float *delayed = cleave_level_delayed(&a, state, c, position) + i;
        x = *delayed;
        *delayed = in;
    }
    a.out[row * a.out_stride + at + i] = x * cleave_fma(slope, (float)thread, from);
}

static __global__ void level_kernel(cleave_level_args a, int64_t begin)
{
    const int64_t stream = begin + (int64_t)blockIdx.x, frames = a.block->frames;
    double *state = cleave_level_state(&a, stream);
    int64_t span;

    for (int64_t i = 0; i < frames; i += span) {
        const int64_t position = a.block->position + i;
        cleave_barrier();
        if (threadIdx.x == 0 && position % CLEAVE_GRID_FRAMES == 0)
            cleave_level_step(&a, state, position);
        cleave_barrier();
        span = cleave_block_span(position, frames - i);
        row_run(a, state, stream, i, span);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_level_args *a = (const cleave_level_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(level_kernel, work->end - work->begin, a->channels * CLEAVE_WARP, 0,
                      work->stream, *a, work->begin);
}

const cleave_kernel cleave_level_cuda = {run, NULL, NULL, NULL};
