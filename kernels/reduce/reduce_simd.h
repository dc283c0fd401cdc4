/* reduce_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/reduce/reduce.h"

#include <math.h>

#define BLOCK 2048 /* points: 8 KiB, read twice from the first-level cache by MEAN_STD */

/* sum (x - centre)^power over a block, power 1 or 2, a constant wherever this is inlined. */
SIMD_INLINE double block_sum(const float *x, int64_t count, int power, double centre)
{
    const simd_f64 c = simd_f64_set1(centre);
    simd_f64 sum[2] = {simd_f64_set1(0), simd_f64_set1(0)};
    int64_t i = 0;
    double total;

    for (; i + 2 * SIMD_LANES <= count; i += 2 * SIMD_LANES) {
#pragma GCC unroll 2
        for (int k = 0; k < 2; k++) {
            const simd_f64 d = simd_f64_sub(simd_widen(simd_load(x + i + k * SIMD_LANES)), c);
            sum[k] = power == 1 ? simd_f64_add(sum[k], d) : simd_f64_fma(d, d, sum[k]);
        }
    }
    total = simd_f64_sum(simd_f64_add(sum[0], sum[1]));
    for (; i < count; i++) {
        const double d = (double)x[i] - centre;
        total += power == 1 ? d : d * d;
    }
    return total;
}

SIMD_INLINE double row_sum(const float *x, int64_t count, int power)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i += BLOCK)
        sum += block_sum(x + i, cleave_i64_min(BLOCK, count - i), power, 0);
    return sum;
}

/* Mean and deviation block by block, joined by the update of Chan, Golub and LeVeque (1979): one
 * pass over memory without the cancellation of sum x^2 - (sum x)^2 / P, and exactly 0 for a
 * constant row. */
static void mean_std(const float *x, int64_t count, float out[2])
{
    double mean = 0, squares = 0;

    for (int64_t i = 0; i < count; i += BLOCK) {
        const int64_t n = cleave_i64_min(BLOCK, count - i);
        const double block_mean = block_sum(x + i, n, 1, 0) / (double)n;
        const double step = block_mean - mean;
        const double weight = (double)n / (double)(i + n);
        squares += block_sum(x + i, n, 2, block_mean) + step * step * (double)i * weight;
        mean += step * weight;
    }
    out[0] = (float)mean;
    out[1] = count == 1 ? 0 : (float)sqrt(squares / (double)(count - 1));
}

SIMD_INLINE simd_f32 magnitude_if(simd_f32 v, int absolute)
{
    return absolute ? simd_abs(v) : v;
}

/* `absolute` is a constant wherever this is inlined. */
SIMD_INLINE float row_max(const float *x, int64_t count, int absolute)
{
    const simd_f32 first = magnitude_if(simd_set1(x[0]), absolute);
    simd_f32 max[4] = {first, first, first, first};
    float lane[SIMD_LANES], top;
    int64_t i = 0;

    for (; i + 4 * SIMD_LANES <= count; i += 4 * SIMD_LANES) {
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++)
            max[k] = simd_max(magnitude_if(simd_load(x + i + k * SIMD_LANES), absolute), max[k]);
    }
    simd_store(lane, simd_max(simd_max(max[0], max[1]), simd_max(max[2], max[3])));
    top = lane[0];
    for (int k = 1; k < SIMD_LANES; k++)
        top = lane[k] > top ? lane[k] : top;
    for (; i < count; i++) {
        const float v = absolute ? fabsf(x[i]) : x[i];
        top = v > top ? v : top;
    }
    return top;
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_reduce_args *a = args;
    const int64_t count = a->points;

    for (int64_t r = work->begin; r < work->end; r++) {
        const float *x = a->in + r * a->in_stride;

        switch (a->kind) {
        case CLEAVE_REDUCE_SUM:
            a->out[r] = (float)row_sum(x, count, 1);
            break;
        case CLEAVE_REDUCE_MEAN:
            a->out[r] = (float)(row_sum(x, count, 1) / (double)count);
            break;
        case CLEAVE_REDUCE_MAX:
            a->out[r] = row_max(x, count, 0);
            break;
        case CLEAVE_REDUCE_MAX_ABS:
            a->out[r] = row_max(x, count, 1);
            break;
        case CLEAVE_REDUCE_SQUARES:
            a->out[r] = (float)row_sum(x, count, 2);
            break;
        case CLEAVE_REDUCE_MEAN_STD:
            mean_std(x, count, a->out + 2 * r);
            break;
        }
    }
}
