/* linear_norm_cuda.cu: a block of threads each part of a row, a warp each tile of products of its
 * channels; a second launch joins the parts of a row in order. */
#include "kernels/cuda_common.cuh"
#include "kernels/linear_norm/linear_norm_table.h"

#define PART  2048 /* points of a part */
#define TILE  4    /* channels by channels, whose products a warp sums */
#define WARPS (CLEAVE_CUDA_THREADS / CLEAVE_WARP)

/* Doubles of a part: sums of the products of distances from the row's first values, a triangle, and
 * of the distances. */
CLEAVE_INLINE int64_t part_sums(const cleave_linear_norm_args *a)
{
    return cleave_linear_norm_pairs(a->in_channels) + a->in_channels;
}

CLEAVE_INLINE int64_t part_count(const cleave_linear_norm_args *a)
{
    return cleave_div_up(a->points, PART);
}

static __device__ void add_tile(const cleave_linear_norm_args &a, const float *row, int64_t first,
                                int64_t end, int64_t x, int64_t y, double *to)
{
    const int64_t C = a.in_channels, lane = threadIdx.x % CLEAVE_WARP;
    const float *in[TILE], *other[TILE];
    double sum[TILE][TILE] = {}, distance[TILE] = {};

    for (int i = 0; i < TILE; i++) {
        in[i] = row + cleave_i64_min(x + i, C - 1) * a.in_channel_stride;
        other[i] = row + cleave_i64_min(y + i, C - 1) * a.in_channel_stride;
    }
    for (int64_t p = first + lane; p < end; p += CLEAVE_WARP) {
        double d[TILE];
        for (int k = 0; k < TILE; k++)
            d[k] = (double)other[k][p] - (double)other[k][0];
        for (int i = 0; i < TILE; i++) {
            const double e = (double)in[i][p] - (double)in[i][0];
            distance[i] += e;
            for (int k = 0; k < TILE; k++)
                sum[i][k] += e * d[k];
        }
    }
    for (int i = 0; i < TILE; i++) {
        const double all = cleave_warp_reduce<cleave_add>(distance[i]);
        if (lane == 0 && y == 0 && x + i < C)
            to[cleave_linear_norm_pairs(C) + x + i] = all;
        for (int k = 0; k < TILE; k++) {
            const double product = cleave_warp_reduce<cleave_add>(sum[i][k]);
            if (lane == 0 && x + i < C && y + k <= x + i)
                to[cleave_linear_norm_pairs(x + i) + y + k] = product;
        }
    }
}

static __global__ void linear_parts_kernel(cleave_linear_norm_args a, double *sums, int64_t begin)
{
    const int64_t parts = part_count(&a), part = (int64_t)blockIdx.x % parts;
    const float *row = a.in + (begin + (int64_t)blockIdx.x / parts) * a.in_row_stride;
    const int64_t first = part * PART, end = cleave_i64_min(a.points, first + PART);
    const int64_t tiles = cleave_div_up(a.in_channels, TILE);
    int64_t x = 0, y = threadIdx.x / CLEAVE_WARP;

    while (x < tiles) {
        if (y <= x) {
            add_tile(a, row, first, end, x * TILE, y * TILE,
                     sums + (int64_t)blockIdx.x * part_sums(&a));
            y += WARPS;
        } else {
            y -= ++x;
        }
    }
}

/* Sum `at` over the parts of a row. */
static __device__ double joined(const double *sums, int64_t parts, int64_t stride, int64_t at)
{
    double sum = 0;

    for (int64_t p = 0; p < parts; p++)
        sum += sums[p * stride + at];
    return sum;
}

/* A block a row. */
static __global__ void linear_join_kernel(cleave_linear_norm_args a, cleave_linear_norm_table t,
                                          const double *sums, int64_t begin)
{
    CLEAVE_SHARED(double, partial, WARPS);
    CLEAVE_SHARED(double, result, 2);
    const int64_t C = a.in_channels, M = a.channels, pairs = cleave_linear_norm_pairs(C);
    const int64_t parts = part_count(&a), stride = part_sums(&a), r = begin + blockIdx.x;
    const float *row = a.in + r * a.in_row_stride;
    const double count = (double)a.points;
    double inner = 0, outer = 0, mean = 0;

    sums += (int64_t)blockIdx.x * parts * stride;
    for (int64_t x = threadIdx.x; x < C; x += CLEAVE_CUDA_THREADS) {
        const double s = joined(sums, parts, stride, pairs + x) / count;
        const double g = (double)row[x * a.in_channel_stride] + s;
        mean += t.weight[x] * g;
        outer += 2 * t.slope[x] * g;
        for (int64_t y = 0; y <= x; y++) {
            const int64_t at = cleave_linear_norm_pairs(x) + y;
            const double other = joined(sums, parts, stride, pairs + y) / count;
            const double product = joined(sums, parts, stride, at);
            inner += t.pair[at] * (product / count - s * other);
            outer += t.spread[at] * g * ((double)row[y * a.in_channel_stride] + other);
        }
    }
    mean = cleave_block_reduce<cleave_add>(mean, partial);
    inner = cleave_block_reduce<cleave_add>(inner, partial);
    outer = cleave_block_reduce<cleave_add>(outer, partial);
    if (threadIdx.x == 0) {
        const double variance = (inner + outer + *t.offset) / (double)M;
        result[0] = mean + *t.bias;
        result[1] = 1 / sqrt((variance > 0 ? variance : 0) + (double)a.epsilon);
    }
    cleave_barrier();
    for (int64_t m = threadIdx.x; m < M; m += CLEAVE_CUDA_THREADS) {
        const double scale = (double)t.norm_weight[m] * result[1];
        a.out[r * 2 * M + m] = (float)scale;
        a.out[r * 2 * M + M + m] = (float)((double)t.norm_bias[m] - result[0] * scale);
    }
}

static size_t scratch_bytes(const void *args)
{
    const cleave_linear_norm_args *a = (const cleave_linear_norm_args *)args;

    return (size_t)(a->rows * part_count(a) * part_sums(a)) * sizeof(double);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_linear_norm_args *a = (const cleave_linear_norm_args *)args;
    const int64_t rows = work->end - work->begin;
    double *const sums = (double *)work->scratch;

    if (rows <= 0)
        return;
    CLEAVE_LAUNCH(linear_parts_kernel, rows * part_count(a), CLEAVE_CUDA_THREADS, 0, work->stream,
                  *a, sums, work->begin);
    CLEAVE_LAUNCH(linear_join_kernel, rows, CLEAVE_CUDA_THREADS, 0, work->stream, *a,
                  cleave_linear_norm_table_of(a, work->prepared), sums, work->begin);
}

const cleave_kernel cleave_linear_norm_cuda = {
    run, scratch_bytes, cleave_linear_norm_prepared_bytes, cleave_linear_norm_prepare};
