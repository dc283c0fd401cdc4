/* limit_cuda.cu: a block of threads a stream. It takes up to 16 cells of frames into the rings at
 * once, finds their peaks in parallel, lets one thread follow them, and multiplies in parallel. */
#include "kernels/cuda_common.cuh"
#include "kernels/limit/limit_gain.h"

#define CHUNK (AHEAD * CELL) /* frames, and threads */

static __device__ float peak_of_frame(const float *table, const float *x)
{
    float even = 0, odd = 0, middle = 0;

    for (int k = 0; k < HALF; k++) {
        const float before = x[-k], after = x[1 + k], both = before + after;
        even = cleave_fma(table[TAPS_EVEN * HALF + k], both, even);
        odd = cleave_fma(table[TAPS_ODD * HALF + k], before - after, odd);
        middle = cleave_fma(table[TAPS_MIDDLE * HALF + k], both, middle);
    }
    return fmaxf(fabsf(even) + fabsf(odd), fabsf(middle));
}

/* Of all channels, at frame `at` of cell c. */
static __device__ float peak_of_channels(const cleave_limit_args &a, const limit_layout &l,
                                         const float *table, const float *state, int64_t c,
                                         int64_t at)
{
    float peak = 0;

    for (int channel = 0; channel < a.channels; channel++) {
        const float *ring = state + l.rings + channel * l.ring_floats;
        const float *x = ring + limit_ring_at(&l, c - REACH) + REACH * CELL + at;
        peak = fmaxf(peak, fabsf(*x));
        if (a.true_peak)
            peak = fmaxf(peak, peak_of_frame(table, x));
    }
    return peak;
}

/* One thread: the steps of the cells that begin among the `count` frames from `position` on.
 * ramps[2 k], ramps[2 k + 1] are the gains at both ends of the k-th cell that has frames there. */
static __device__ void steps(const cleave_limit_args &a, const limit_layout &l, float *state,
                             int64_t position, int64_t count, const float *peaks, float *ramps)
{
    const int64_t first = position / CELL, last = (position + count - 1) / CELL;

    for (int64_t c = first; c <= last; c++) {
        if (c * CELL >= position) {
            float peak = 0;
            for (int i = 0; i < CELL; i++)
                peak = fmaxf(peak, peaks[(c - first) * CELL + i]);
            limit_glide(&a, state, c * CELL);
            limit_step(&l, &a, state, c, peak);
        }
        ramps[2 * (c - first)] = 1 - state[STATE_BEFORE];
        ramps[2 * (c - first) + 1] = 1 - state[STATE_NOW];
    }
}

static __global__ void limit_kernel(cleave_limit_args a, const float *table, int64_t begin)
{
    CLEAVE_SHARED(float, peaks, CHUNK);
    CLEAVE_SHARED(float, ramps, 2 * AHEAD);
    const limit_layout l = limit_layout_of(&a);
    const int64_t stream = begin + (int64_t)blockIdx.x, frames = a.block->frames;
    const int64_t thread = (int64_t)threadIdx.x;
    float *state = a.state + stream * l.floats;

    for (int64_t i = 0, count; i < frames; i += count) {
        const int64_t position = a.block->position + i, first = position / CELL;
        count = cleave_i64_min(CHUNK - position % CHUNK, frames - i);
        const int64_t at = position % CELL + thread, c = first + at / CELL;
        for (int channel = 0; channel < a.channels && thread < count; channel++) {
            const float *in = a.in + (stream * a.channels + channel) * a.in_stride + i + thread;
            limit_ring_put(&l, state + l.rings + channel * l.ring_floats, c, at % CELL, in, 1);
        }
        cleave_barrier();
        /* Here the threads stand for whole cells, also where the last is not complete yet. */
        peaks[thread] =
            peak_of_channels(a, l, table, state, first + thread / CELL - DELAY, thread % CELL);
        cleave_barrier();
        if (thread == 0)
            steps(a, l, state, position, count, peaks, ramps);
        cleave_barrier();
        const float before = ramps[2 * (at / CELL) % (2 * AHEAD)];
        const float now = ramps[(2 * (at / CELL) + 1) % (2 * AHEAD)];
        const float gain = before + (now - before) * ((float)(at % CELL + 1) * (1.0f / CELL));
        for (int channel = 0; channel < a.channels && thread < count; channel++) {
            const float *ring = state + l.rings + channel * l.ring_floats;
            float *out = a.out + (stream * a.channels + channel) * a.out_stride + i + thread;
            *out = ring[limit_ring_at(&l, c - DELAY - a.cells) + at % CELL] * gain;
        }
        cleave_barrier();
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_limit_args *a = (const cleave_limit_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(limit_kernel, work->end - work->begin, CHUNK, 0, work->stream, *a,
                      (const float *)work->prepared, work->begin);
}

const cleave_kernel cleave_limit_cuda = {run, NULL, cleave_limit_prepared_bytes,
                                         cleave_limit_prepare};
