/* moments_cuda.cu: a warp a short row; a block of threads each part of a long one, whose moments a
 * second launch joins in order. */
#include "kernels/cuda_common.cuh"
#include "kernels/moments/moments.h"

#define SHORT 1024  /* points of a row that a warp takes alone */
#define PART  16384 /* points of a part: 14 of 53 bits may cancel, see moments.md */
#define WARPS (CLEAVE_CUDA_THREADS / CLEAVE_WARP)

struct moments_pair {
    double mean, squares;
};

/* What the points first, first + step .. below count of a row add to sum d and sum d^2, d being the
 * distance from the row's first point. */
static __device__ void add_up(const float *row, int64_t count, int64_t first, int64_t step,
                              double *sum, double *squares)
{
    const double origin = row[0];

    *sum = *squares = 0;
    for (int64_t i = first; i < count; i += step) {
        const double d = (double)row[i] - origin;
        *sum += d;
        *squares += d * d;
    }
}

static __device__ moments_pair pair_of(float origin, int64_t count, double sum, double squares)
{
    const double n = (double)count;

    return {(double)origin + sum / n, squares - sum * sum / n};
}

static __global__ void short_rows_kernel(cleave_moments_args a, int64_t begin, int64_t end)
{
    const int64_t r = begin + (int64_t)blockIdx.x * WARPS + threadIdx.x / CLEAVE_WARP;
    const int64_t lane = threadIdx.x % CLEAVE_WARP;
    const float *row = a.in + cleave_i64_min(r, end - 1) * a.in_stride;
    double sum, squares;

    add_up(row, a.points, lane, CLEAVE_WARP, &sum, &squares);
    sum = cleave_warp_reduce<cleave_add>(sum);
    squares = cleave_warp_reduce<cleave_add>(squares);
    if (lane == 0 && r < end) {
        const moments_pair m = pair_of(row[0], a.points, sum, squares);
        a.out[2 * r] = (float)m.mean;
        a.out[2 * r + 1] = (float)m.squares;
    }
}

static __global__ void parts_kernel(cleave_moments_args a, moments_pair *pairs, int64_t begin)
{
    CLEAVE_SHARED(double, partial, WARPS);
    const int64_t parts = cleave_div_up(a.points, PART), part = (int64_t)blockIdx.x % parts;
    const int64_t count = cleave_i64_min(PART, a.points - part * PART);
    const float *row = a.in + (begin + (int64_t)blockIdx.x / parts) * a.in_stride + part * PART;
    double sum, squares;

    add_up(row, count, threadIdx.x, CLEAVE_CUDA_THREADS, &sum, &squares);
    sum = cleave_block_reduce<cleave_add>(sum, partial);
    squares = cleave_block_reduce<cleave_add>(squares, partial);
    if (threadIdx.x == 0)
        pairs[blockIdx.x] = pair_of(row[0], count, sum, squares);
}

/* A thread a row. */
static __global__ void join_kernel(cleave_moments_args a, const moments_pair *pairs, int64_t begin,
                                   int64_t end)
{
    const int64_t index = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const int64_t parts = cleave_div_up(a.points, PART), r = begin + index;

    if (r >= end)
        return;
    moments_pair all = pairs[index * parts];
    double n = (double)cleave_i64_min(PART, a.points);
    for (int64_t p = 1; p < parts; p++) {
        const moments_pair next = pairs[index * parts + p];
        const double m = (double)cleave_i64_min(PART, a.points - p * PART);
        const double distance = next.mean - all.mean;
        all.squares += next.squares + distance * distance * (n * m / (n + m));
        all.mean += distance * (m / (n + m));
        n += m;
    }
    a.out[2 * r] = (float)all.mean;
    a.out[2 * r + 1] = (float)all.squares;
}

static size_t scratch_bytes(const void *args)
{
    const cleave_moments_args *a = (const cleave_moments_args *)args;

    return a->points <= SHORT
               ? 0
               : (size_t)(a->rows * cleave_div_up(a->points, PART)) * sizeof(moments_pair);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_moments_args *a = (const cleave_moments_args *)args;
    const int64_t rows = work->end - work->begin;

    if (rows <= 0)
        return;
    if (a->points <= SHORT) {
        CLEAVE_LAUNCH(short_rows_kernel, cleave_div_up(rows, WARPS), CLEAVE_CUDA_THREADS, 0,
                      work->stream, *a, work->begin, work->end);
        return;
    }
    moments_pair *const pairs = (moments_pair *)work->scratch;
    CLEAVE_LAUNCH(parts_kernel, rows * cleave_div_up(a->points, PART), CLEAVE_CUDA_THREADS, 0,
                  work->stream, *a, pairs, work->begin);
    CLEAVE_LAUNCH(join_kernel, cleave_div_up(rows, CLEAVE_CUDA_THREADS), CLEAVE_CUDA_THREADS, 0,
                  work->stream, *a, pairs, work->begin, work->end);
}

const cleave_kernel cleave_moments_cuda = {run, scratch_bytes, NULL, NULL};
