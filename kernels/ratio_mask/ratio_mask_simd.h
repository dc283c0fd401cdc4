/* ratio_mask_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/ratio_mask/ratio_mask.h"
#include "kernels/simd_math.h"
#include "kernels/simd_part.h"

#include <math.h>
#include <string.h>

/* How an estimate is raised to its power: a constant wherever this is inlined. */
typedef enum power_kind { POWER_ONE, POWER_TWO, POWER_ANY } power_kind;

/* Constants of a call. */
typedef struct constants {
    simd_f32 exponent;
    simd_f32 large;        /* an estimate above it has a power above 2^120 */
    simd_f32 floor, share; /* epsilon, epsilon / I */
} constants;

/* What the masks of all stems share at some bins of a row. */
typedef struct shares {
    simd_f32 base[CLEAVE_RATIO_MASK_STEMS_MAX]; /* what add_power() takes */
    simd_f32 share;                             /* epsilon / I */
    simd_f32 sum;
} shares;

/* base^p + other; a power that is neither the first nor the second is in `base` already. */
SIMD_INLINE simd_f32 add_power(power_kind kind, simd_f32 base, simd_f32 other)
{
    return kind == POWER_TWO ? simd_fma(base, base, other) : simd_add(base, other);
}

/* `e` points to the first instrument's estimates, `stride` to the next.
 *
 * Where the largest estimate has a power above 2^120, all are divided by it first: the masks are
 * the same, nothing overflows, and epsilon, 2^-153 of the sum there, is left out. The divisor stops
 * at 2^126, whose reciprocal is still a normal number. */
SIMD_INLINE shares shares_of(const cleave_ratio_mask_args *a, power_kind kind, constants c,
                             const float *e, int64_t stride, int64_t count)
{
    simd_f32 largest = simd_zero();
    shares s;

    for (int32_t k = 0; k < a->instruments; k++) {
        s.base[k] = simd_load_part(e + k * stride, count);
        largest = simd_max(largest, s.base[k]);
    }
    const simd_mask large = simd_less(c.large, largest);
    const simd_f32 one = simd_set1(1), divisor = simd_min(largest, simd_set1(0x1p126f));
    const simd_f32 scale = simd_div(one, simd_select(large, divisor, one));
    s.sum = simd_select(large, simd_zero(), c.floor);
    for (int32_t k = 0; k < a->instruments; k++) {
        s.base[k] = simd_mul(s.base[k], scale);
        if (kind == POWER_ANY)
            s.base[k] = simd_pow(s.base[k], c.exponent);
        s.sum = add_power(kind, s.base[k], s.sum);
    }
    s.share = simd_select(large, simd_zero(), c.share);
    return s;
}

SIMD_INLINE simd_f64 add_part(simd_f64 sum, simd_f32 v, int64_t count)
{
    float lane[SIMD_LANES] = {0};

    if (count < SIMD_LANES) {
        simd_store_first(lane, v, count);
        v = simd_load(lane);
    }
    return simd_f64_add(sum, simd_widen(v));
}

/* `count` bins of a frame; in and out point to the first of them, of all stems. */
SIMD_INLINE void bins_of(const cleave_ratio_mask_args *a, power_kind kind, constants c,
                         const float *estimates, const float *in, float *out, int64_t count,
                         simd_f64 *sums)
{
    const int64_t plane = a->frames * a->bins, stride = a->channels * plane;
    const shares m = shares_of(a, kind, c, estimates, stride, count);
    const simd_f32 re = simd_load_part(in, count), im = simd_load_part(in + plane, count);

    for (int32_t s = 0; s < a->stems; s++) {
        const simd_f32 mask = simd_div(add_power(kind, m.base[a->stem[s]], m.share), m.sum);
        simd_store_part(out + s * 2 * stride, simd_mul(mask, re), count);
        simd_store_part(out + s * 2 * stride + plane, simd_mul(mask, im), count);
        if (sums)
            sums[s] = add_part(sums[s], mask, count);
    }
}

/* The bins above the masked ones, of both planes of one stem. */
static void extend(const cleave_ratio_mask_args *a, const float *in, float *out, float mean)
{
    const int64_t plane = a->frames * a->bins, count = a->bins - a->masked_bins;

    for (int64_t p = 0; p < 2 * plane; p += plane) {
        if (a->extension == CLEAVE_RATIO_MASK_ZEROS) {
            memset(out + p, 0, (size_t)count * sizeof *out);
            continue;
        }
        for (int64_t f = 0; f < count; f += SIMD_LANES) {
            const int64_t part = cleave_i64_min(count - f, SIMD_LANES);
            simd_store_part(out + p + f,
                            simd_mul(simd_set1(mean), simd_load_part(in + p + f, part)), part);
        }
    }
}

/* One frame of one channel; `averages` and `kind` are constants wherever this is inlined. The sums
 * of the masks are in double: a mean of thousands of bins loses nothing. */
SIMD_INLINE void row_of(const cleave_ratio_mask_args *a, power_kind kind, int averages, constants c,
                        int64_t channel, int64_t frame)
{
    const int64_t plane = a->frames * a->bins, at = frame * a->bins, end = a->masked_bins;
    const float *estimates = a->estimates + channel * plane + at;
    const float *in = a->in + channel * 2 * plane + at;
    float *out = a->out + channel * 2 * plane + at;
    simd_f64 sums[CLEAVE_RATIO_MASK_STEMS_MAX], *sum = averages ? sums : NULL;
    int64_t f = 0;

    for (int32_t s = 0; averages && s < a->stems; s++)
        sums[s] = simd_f64_set1(0);
    for (; f + SIMD_LANES <= end; f += SIMD_LANES)
        bins_of(a, kind, c, estimates + f, in + f, out + f, SIMD_LANES, sum);
    if (f < end)
        bins_of(a, kind, c, estimates + f, in + f, out + f, end - f, sum);
    for (int32_t s = 0; s < a->stems; s++) {
        const double mean = averages ? simd_f64_sum(sums[s]) / (double)end : 0;
        extend(a, in + end, out + s * 2 * a->channels * plane + end, (float)mean);
    }
}

SIMD_INLINE void items_of(const cleave_ratio_mask_args *a, const cleave_work *work, power_kind kind)
{
    const int averages = a->extension == CLEAVE_RATIO_MASK_AVERAGE && a->bins > a->masked_bins;
    const constants c = {
        .exponent = simd_set1(a->exponent),
        .large = simd_set1(exp2f(120 / a->exponent)),
        .floor = simd_set1(CLEAVE_RATIO_MASK_FLOOR),
        .share = simd_set1(CLEAVE_RATIO_MASK_FLOOR / (float)a->instruments),
    };

    for (int64_t item = work->begin; item < work->end; item++) {
        const cleave_ratio_mask_block k = cleave_ratio_mask_block_of(a, item);

        for (int64_t t = k.begin; t < k.end; t++)
            if (averages)
                row_of(a, kind, 1, c, k.channel, t);
            else
                row_of(a, kind, 0, c, k.channel, t);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_ratio_mask_args *a = args;

    if (a->exponent == 2)
        items_of(a, work, POWER_TWO);
    else if (a->exponent == 1)
        items_of(a, work, POWER_ONE);
    else
        items_of(a, work, POWER_ANY);
}
