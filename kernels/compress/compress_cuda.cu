/* compress_cuda.cu: a block of threads a stream, from multiple to multiple of the grid. Frames are
 * computed in parallel but for the recursions, where a thread has a channel. */
#include "kernels/compress/compress_state.h"
#include "kernels/cuda_common.cuh"

#define SPAN CLEAVE_GRID_FRAMES
#define ROOM (CLEAVE_COMPRESS_CHANNELS_MAX * SPAN)

/* s g of a level. */
static __device__ float target_of(const cleave_compress_args &a, const double *value, float level)
{
    const float half = (float)value[CLEAVE_COMPRESS_HALF_KNEE];
    const float apart = level - (float)value[CLEAVE_COMPRESS_THRESHOLD];
    const float excess = a.expand ? -apart : apart;
    const float knee = fminf(fmaxf(excess + half, 0), 2 * half);
    const float bent = knee * knee * (float)value[CLEAVE_COMPRESS_KNEE_FACTOR];
    const float sum = (float)value[CLEAVE_COMPRESS_SLOPE] * (bent + fmaxf(excess - half, 0));
    const float g = fminf((float)value[CLEAVE_COMPRESS_RANGE], sum);

    return a.expand ? -g : g;
}

/* The levels of all channels and frames; x and level are [channels][SPAN]. */
static __device__ void levels(const cleave_compress_args &a, const double *value, int64_t stream,
                              const float *x, float *level, int64_t count)
{
    const int thread = (int)threadIdx.x;

    if (a.rms && thread < a.channels)
        compress_power(compress_channel(&a, stream, thread), value[CLEAVE_COMPRESS_DETECT],
                       x + (int64_t)thread * SPAN, level + (int64_t)thread * SPAN, count);
    cleave_barrier();
    for (int at = thread; at < a.channels * SPAN; at += CLEAVE_CUDA_THREADS)
        if (at % SPAN < count) {
            const float detected = a.rms ? level[at] : fabsf(x[at]);
            level[at] = log2f(fmaxf(detected, LEVEL_FLOOR)) * (a.rms ? 0.5f : 1);
        }
    cleave_barrier();
}

static __device__ float highest_of(const cleave_compress_args &a, const float *level, int frame)
{
    float highest = level[frame];

    for (int c = 1; c < a.channels; c++)
        highest = fmaxf(highest, level[c * SPAN + frame]);
    return highest;
}

/* What the attenuation of all channels and frames comes to, then the attenuation, into y. */
static __device__ void attenuations(const cleave_compress_args &a, const double *value,
                                    int64_t stream, const float *level, float *y, int64_t count)
{
    const int thread = (int)threadIdx.x;

    for (int at = thread; at < a.channels * SPAN; at += CLEAVE_CUDA_THREADS)
        if (at % SPAN < count) {
            const float more = highest_of(a, level, at % SPAN) - level[at];
            y[at] = target_of(a, value,
                              cleave_fma((float)value[CLEAVE_COMPRESS_LINK], more, level[at]));
        }
    cleave_barrier();
    if (thread < a.channels)
        compress_smooth(compress_channel(&a, stream, thread), value, a.hold,
                        y + (int64_t)thread * SPAN, count);
    cleave_barrier();
}

static __global__ void compress_kernel(cleave_compress_args a, int64_t begin)
{
    CLEAVE_SHARED(float, x, ROOM);
    CLEAVE_SHARED(float, level, ROOM);
    CLEAVE_SHARED(float, y, ROOM);
    CLEAVE_SHARED(double, partial, CLEAVE_CUDA_THREADS / CLEAVE_WARP);
    const int64_t stream = begin + (int64_t)blockIdx.x, row = stream * a.channels;
    const int64_t frames = a.block->frames;
    const int thread = (int)threadIdx.x;
    float worst = 0;

    for (int64_t i = 0, count; i < frames; i += count) {
        const int64_t position = a.block->position + i;
        count = cleave_block_span(position, frames - i);
        if (thread == 0)
            (void)compress_glide(&a, stream, position);
        for (int at = thread; at < a.channels * SPAN; at += CLEAVE_CUDA_THREADS)
            if (at % SPAN < count)
                x[at] = a.in[(row + at / SPAN) * a.in_stride + i + at % SPAN];
        cleave_barrier();
        /* Off the grid this only looks them up. */
        const double *value = compress_glide(&a, stream, 1);
        levels(a, value, stream, x, level, count);
        attenuations(a, value, stream, level, y, count);
        if (thread < a.channels)
            compress_delay(&a, compress_channel(&a, stream, thread), position,
                           x + (int64_t)thread * SPAN, count);
        cleave_barrier();
        for (int at = thread; at < a.channels * SPAN; at += CLEAVE_CUDA_THREADS)
            if (at % SPAN < count) {
                const float power = (float)value[CLEAVE_COMPRESS_MAKEUP] - fabsf(y[at]);
                a.out[(row + at / SPAN) * a.out_stride + i + at % SPAN] =
                    x[at] * cleave_exp2(power);
                worst = fmaxf(worst, fabsf(y[at]));
            }
        cleave_barrier();
    }
    const double largest = cleave_block_reduce<cleave_maximum>((double)worst, partial);
    if (thread == 0 && a.has_meter)
        a.meter[stream] = (float)(largest * DB);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_compress_args *a = (const cleave_compress_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(compress_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0,
                      work->stream, *a, work->begin);
}

const cleave_kernel cleave_compress_cuda = {run, NULL, NULL, NULL};
