/* moments_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/moments/moments.h"

#define BLOCK 4096

/* Distances from the first value, which are exact in double, and their squares: one pass over
 * memory.
 *
 * sum d^2 - (sum d)^2 / n cancels only as far as the mean lies away from that value, and since the
 * value is one of the n, (sum d)^2 / n is at most n times the result. In a block of 4096 that costs
 * 12 of the 53 bits, and nothing where all values are equal. */
SIMD_INLINE void block_moments(const float *x, int64_t count, double *mean, double *squares)
{
    const double first = (double)x[0], n = (double)count;
    const simd_f64 origin = simd_f64_set1(first);
    simd_f64 sum[2] = {simd_f64_set1(0), simd_f64_set1(0)};
    simd_f64 square[2] = {simd_f64_set1(0), simd_f64_set1(0)};
    int64_t i = 0;

    for (; i + 2 * SIMD_LANES <= count; i += 2 * SIMD_LANES) {
#pragma GCC unroll 2
        for (int k = 0; k < 2; k++) {
            const simd_f64 d = simd_f64_sub(simd_load_widened(x + i + k * SIMD_LANES), origin);
            sum[k] = simd_f64_add(sum[k], d);
            square[k] = simd_f64_fma(d, d, square[k]);
        }
    }
    if (i + SIMD_LANES <= count) {
        const simd_f64 d = simd_f64_sub(simd_load_widened(x + i), origin);
        sum[0] = simd_f64_add(sum[0], d);
        square[0] = simd_f64_fma(d, d, square[0]);
        i += SIMD_LANES;
    }
    double s = simd_f64_sum(simd_f64_add(sum[0], sum[1]));
    double q = simd_f64_sum(simd_f64_add(square[0], square[1]));
    for (; i < count; i++) {
        const double d = (double)x[i] - first;
        s += d;
        q += d * d;
    }
    *mean = first + s / n;
    *squares = q - s * s / n;
}

/* Blocks joined by the update of Chan, Golub and LeVeque (1979). */
static void row_moments(const float *x, int64_t count, float out[2])
{
    double mean, squares;

    block_moments(x, cleave_i64_min(BLOCK, count), &mean, &squares);
    for (int64_t i = BLOCK; i < count; i += BLOCK) {
        const int64_t n = cleave_i64_min(BLOCK, count - i);
        double block_mean, block_squares;
        block_moments(x + i, n, &block_mean, &block_squares);
        const double step = block_mean - mean, weight = (double)n / (double)(i + n);
        squares += block_squares + step * step * (double)i * weight;
        mean += step * weight;
    }
    out[0] = (float)mean;
    out[1] = (float)squares;
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_moments_args *a = args;

    for (int64_t r = work->begin; r < work->end; r++)
        row_moments(a->in + r * a->in_stride, a->points, a->out + 2 * r);
}
