/* linear_norm_simd.h: the body shared by the vector variants; include a simd header first. */
#include <math.h>
#include <string.h>

#include "kernels/linear_norm/linear_norm_table.h"

#define SPAN  1024 /* points of all channels that sums are made of at a time */
#define TILE  4    /* channels by PAIRS channels whose products are summed together */
#define PAIRS 2

/* Sums over a row, of distances d[c] from each channel's first value: of products of two, as
 * triangles, and of one. */
typedef struct sums {
    double *product, *distance;
} sums;

static int64_t pair_at(int64_t x, int64_t y)
{
    return x * (x + 1) / 2 + y;
}

/* Rows x .. of `in` by rows y .., PAIRS of them from a multiple of PAIRS on, over `count` points;
 * those that do not exist are others once more, whose sums are not kept. */
static void add_products(const float *const *row, const float *const *other, const double *origin,
                         const double *other_origin, int64_t count, double sum[TILE][PAIRS])
{
    simd_f64 from[TILE], other_from[PAIRS], lanes[TILE][PAIRS];
    int64_t p = 0;

#pragma GCC unroll 4
    for (int i = 0; i < TILE; i++) {
        from[i] = simd_f64_set1(origin[i]);
#pragma GCC unroll 2
        for (int k = 0; k < PAIRS; k++)
            lanes[i][k] = simd_f64_set1(0);
    }
#pragma GCC unroll 2
    for (int k = 0; k < PAIRS; k++)
        other_from[k] = simd_f64_set1(other_origin[k]);
    for (; p + SIMD_LANES <= count; p += SIMD_LANES) {
        simd_f64 d[PAIRS];
#pragma GCC unroll 2
        for (int k = 0; k < PAIRS; k++)
            d[k] = simd_f64_sub(simd_load_widened(other[k] + p), other_from[k]);
#pragma GCC unroll 4
        for (int i = 0; i < TILE; i++) {
            const simd_f64 e = simd_f64_sub(simd_load_widened(row[i] + p), from[i]);
#pragma GCC unroll 2
            for (int k = 0; k < PAIRS; k++)
                lanes[i][k] = simd_f64_fma(e, d[k], lanes[i][k]);
        }
    }
    for (int i = 0; i < TILE; i++)
        for (int k = 0; k < PAIRS; k++) {
            sum[i][k] = simd_f64_sum(lanes[i][k]);
            for (int64_t q = p; q < count; q++)
                sum[i][k] +=
                    ((double)row[i][q] - origin[i]) * ((double)other[k][q] - other_origin[k]);
        }
}

static double sum_of_distances(const float *row, double origin, int64_t count)
{
    const simd_f64 from = simd_f64_set1(origin);
    simd_f64 lanes = simd_f64_set1(0);
    int64_t p = 0;

    for (; p + SIMD_LANES <= count; p += SIMD_LANES)
        lanes = simd_f64_add(lanes, simd_f64_sub(simd_load_widened(row + p), from));
    double sum = simd_f64_sum(lanes);
    for (; p < count; p++)
        sum += (double)row[p] - origin;
    return sum;
}

/* Adds `count` points of the row at `in`, whose channels begin with origin[]. */
static void add_span(const cleave_linear_norm_args *a, const float *in, const double *origin,
                     int64_t count, const sums *s)
{
    const int64_t C = a->in_channels;

    for (int64_t x = 0; x < C; x++)
        s->distance[x] += sum_of_distances(in + x * a->in_channel_stride, origin[x], count);
    for (int64_t x = 0; x < C; x += TILE)
        for (int64_t y = 0; y < cleave_i64_min(x + TILE, C); y += PAIRS) {
            const float *row[TILE], *other[PAIRS];
            double from[TILE], other_from[PAIRS], sum[TILE][PAIRS];
            for (int64_t i = 0; i < TILE; i++) {
                const int64_t c = cleave_i64_min(x + i, C - 1);
                row[i] = in + c * a->in_channel_stride;
                from[i] = origin[c];
            }
            for (int64_t k = 0; k < PAIRS; k++) {
                const int64_t c = cleave_i64_min(y + k, C - 1);
                other[k] = in + c * a->in_channel_stride;
                other_from[k] = origin[c];
            }
            add_products(row, other, from, other_from, count, sum);
            for (int64_t i = x; i < cleave_i64_min(x + TILE, C); i++)
                for (int64_t k = y; k < cleave_i64_min(y + PAIRS, i + 1); k++)
                    s->product[pair_at(i, k)] += sum[i - x][k - y];
        }
}

/* Mean and variance of the layer's values, from the sums over `points` points. */
static void statistics(const cleave_linear_norm_args *a, const cleave_linear_norm_table *t,
                       const double *origin, const sums *s, double *mean, double *variance)
{
    const double count = (double)a->points;
    double inner = 0, outer = *t->offset;
    const double *pair = t->pair, *spread = t->spread, *product = s->product;

    *mean = *t->bias;
    for (int64_t x = 0; x < a->in_channels; x++) {
        const double g = origin[x] + s->distance[x] / count;
        *mean += t->weight[x] * g;
        outer += 2 * t->slope[x] * g;
        for (int64_t y = 0; y <= x; y++, pair++, spread++, product++) {
            inner += *pair * (*product - s->distance[x] * s->distance[y] / count);
            outer += *spread * g * (origin[y] + s->distance[y] / count);
        }
    }
    *variance = fmax(0, (inner / count + outer) / (double)a->channels);
}

static size_t scratch_bytes(const void *args)
{
    const cleave_linear_norm_args *a = args;
    const int64_t C = a->in_channels;

    return (size_t)(cleave_linear_norm_pairs(C) + 2 * C) * sizeof(double);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_linear_norm_args *a = args;
    const cleave_linear_norm_table t = cleave_linear_norm_table_of(a, work->prepared);
    const int64_t C = a->in_channels, M = a->channels, pairs = cleave_linear_norm_pairs(C);
    double *const origin = work->scratch;
    const sums s = {.distance = origin + C, .product = origin + 2 * C};

    for (int64_t r = work->begin; r < work->end; r++) {
        const float *const in = a->in + r * a->in_row_stride;
        float *const out = a->out + r * 2 * M;
        double mean, variance;
        for (int64_t c = 0; c < C; c++)
            origin[c] = (double)in[c * a->in_channel_stride];
        memset(s.distance, 0, (size_t)(C + pairs) * sizeof(double));
        for (int64_t p = 0; p < a->points; p += SPAN)
            add_span(a, in + p, origin, cleave_i64_min(SPAN, a->points - p), &s);
        statistics(a, &t, origin, &s, &mean, &variance);
        const double factor = 1 / sqrt(variance + (double)a->epsilon);
        for (int64_t m = 0; m < M; m++) {
            const double scale = (double)t.norm_weight[m] * factor;
            out[m] = (float)scale;
            out[M + m] = (float)((double)t.norm_bias[m] - mean * scale);
        }
    }
}
