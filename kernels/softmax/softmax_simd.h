/* softmax_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/simd_math.h"
#include "kernels/simd_part.h"
#include "kernels/softmax/softmax.h"

/* e^z for z <= 0, at least e^-87; NaN stays NaN, because simd_max gives its second argument then.
 */
SIMD_INLINE simd_f32 exp_below(simd_f32 z)
{
    simd_f32 n;

    const simd_f32 r = simd_exp_split(simd_max(simd_set1(-87), z), &n);
    return simd_mul(simd_pow2(n), simd_add(simd_exp_reduced(r), simd_set1(1)));
}

/* `count` points from n on. The exponentials wait for their sum in the output, which may be the
 * input: a vector is read for the last time before it is written. */
SIMD_INLINE void points_of(const cleave_softmax_args *a, int64_t n, int64_t count)
{
    const int64_t planes = a->planes, points = a->points;
    const float *in = a->in + n;
    float *out = a->out + n;
    simd_f32 largest = simd_load_part(in, count), sum = simd_zero();

    for (int64_t k = 1; k < planes; k++)
        largest = simd_max(largest, simd_load_part(in + k * points, count));
    for (int64_t k = 0; k < planes; k++) {
        const simd_f32 power = exp_below(simd_sub(simd_load_part(in + k * points, count), largest));
        sum = simd_add(sum, power);
        simd_store_part(out + k * points, power, count);
    }
    const simd_f32 scale = simd_div(simd_load_part(a->factor + n, count), sum);
    for (int64_t k = 0; k < planes; k++)
        simd_store_part(out + k * points, simd_mul(scale, simd_load_part(out + k * points, count)),
                        count);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_softmax_args *a = args;
    const int64_t end = cleave_i64_min(work->end * CLEAVE_SOFTMAX_BLOCK, a->points);
    int64_t n = work->begin * CLEAVE_SOFTMAX_BLOCK;

    for (; n + SIMD_LANES <= end; n += SIMD_LANES)
        points_of(a, n, SIMD_LANES);
    if (n < end)
        points_of(a, n, end - n);
}
