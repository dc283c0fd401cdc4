/* norm_3.cu: over norm_2, many blocks a row, and memory is read once.
 *
 * A block has a part of 4096 values in its threads' registers, and makes its two passes there; a
 * second launch joins the parts exactly (Chan, Golub and LeVeque, 1979). As many blocks as there
 * are parts. What is left for the production kernel: sums of distances from the first value need no
 * mean before them, so parts can be four times as long and hold nothing, and a warp is enough for a
 * short row. */
#include "bench/ladder/ladder.h"
#include "kernels/cuda_common.cuh"
#include "kernels/moments/moments.h"

#define EACH 16 /* values of a thread */
#define PART (EACH * CLEAVE_CUDA_THREADS)

struct norm_part {
    double mean, squares;
};

static __global__ void norm_3_parts_kernel(cleave_moments_args a, norm_part *parts)
{
    CLEAVE_SHARED(double, partial, CLEAVE_CUDA_THREADS / CLEAVE_WARP);
    CLEAVE_SHARED(double, all, 1);
    const int64_t count = cleave_div_up(a.points, PART), first = (int64_t)blockIdx.x % count * PART;
    const int64_t points = cleave_i64_min(PART, a.points - first);
    const float *from = a.in + (int64_t)blockIdx.x / count * a.in_stride + first;
    float value[EACH];
    double sum = 0, squares = 0;

    CLEAVE_UNROLL
    for (int i = 0; i < EACH; i++) {
        const int at = (int)threadIdx.x + i * CLEAVE_CUDA_THREADS;
        value[i] = at < points ? from[at] : 0.0f;
    }
    CLEAVE_UNROLL
    for (int i = 0; i < EACH; i++)
        sum += value[i];
    sum = cleave_block_reduce<cleave_add>(sum, partial);
    if (threadIdx.x == 0)
        all[0] = sum / (double)points;
    cleave_barrier();
    const double mean = all[0];
    CLEAVE_UNROLL
    for (int i = 0; i < EACH; i++)
        if ((int)threadIdx.x + i * CLEAVE_CUDA_THREADS < points)
            squares += (value[i] - mean) * (value[i] - mean);
    squares = cleave_block_reduce<cleave_add>(squares, partial);
    if (threadIdx.x == 0)
        parts[blockIdx.x] = {mean, squares};
}

/* A thread a row. */
static __global__ void norm_3_join_kernel(cleave_moments_args a, const norm_part *parts)
{
    const int64_t r = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const int64_t count = cleave_div_up(a.points, PART);
    double n = 0, mean = 0, squares = 0;

    if (r >= a.rows)
        return;
    for (int64_t p = 0; p < count; p++) {
        const norm_part part = parts[r * count + p];
        const double m = (double)cleave_i64_min(PART, a.points - p * PART);
        const double distance = part.mean - mean;
        squares += part.squares + distance * distance * (n * m / (n + m));
        mean += distance * (m / (n + m));
        n += m;
    }
    a.out[2 * r] = (float)mean;
    a.out[2 * r + 1] = (float)squares;
}

static size_t scratch_bytes(const void *args)
{
    const cleave_moments_args *a = (const cleave_moments_args *)args;

    return (size_t)(a->rows * cleave_div_up(a->points, PART)) * sizeof(norm_part);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_moments_args *a = (const cleave_moments_args *)args;
    norm_part *const parts = (norm_part *)work->scratch;

    CLEAVE_LAUNCH(norm_3_parts_kernel, a->rows * cleave_div_up(a->points, PART),
                  CLEAVE_CUDA_THREADS, 0, work->stream, *a, parts);
    CLEAVE_LAUNCH(norm_3_join_kernel, cleave_div_up(a->rows, CLEAVE_CUDA_THREADS),
                  CLEAVE_CUDA_THREADS, 0, work->stream, *a, parts);
}

const cleave_kernel ladder_norm_3 = {run, scratch_bytes, NULL, NULL};
