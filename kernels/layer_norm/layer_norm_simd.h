/* layer_norm_simd.h: the body shared by the vector variants; include a simd header first.
 *
 * Lanes are tokens. A block of them is read three times, all but the first from the second-level
 * cache: for the means, for the squared distances from them, for the result. */
#include "kernels/layer_norm/layer_norm.h"

#define WIDTH (CLEAVE_LAYER_NORM_BLOCK / SIMD_LANES) /* vectors of a channel in a block */
#define PART  16                                     /* channels summed in float */

_Static_assert(CLEAVE_LAYER_NORM_BLOCK % SIMD_LANES == 0, "a block is whole vectors");

/* A strip is `width` vectors of tokens; of their last lanes, `missing` are beyond the last token.
 * Both are constants wherever strips are inlined, but for a `missing` that is not 0. */
SIMD_INLINE simd_f32 strip_load(const float *p, int64_t missing)
{
    return missing ? simd_load_first(p, SIMD_LANES - missing) : simd_load(p);
}

SIMD_INLINE void strip_store(float *p, simd_f32 v, int64_t missing)
{
    if (missing)
        simd_store_first(p, v, SIMD_LANES - missing);
    else
        simd_store(p, v);
}

/* total = sum over the channels of (in - centre)^power, power 1 or 2; in float over PART channels,
 * which are too few to lose what double then keeps. */
SIMD_INLINE void strip_sums(const cleave_layer_norm_args *a, const float *in, int width,
                            int64_t missing, int power, const simd_f32 centre[WIDTH],
                            simd_f64 total[WIDTH])
{
    for (int w = 0; w < width; w++)
        total[w] = simd_f64_set1(0);
    for (int32_t begin = 0; begin < a->channels; begin += PART) {
        const int32_t end = (int32_t)cleave_i64_min(begin + (int64_t)PART, a->channels);
        simd_f32 sum[WIDTH];
#pragma GCC unroll 12
        for (int w = 0; w < width; w++)
            sum[w] = simd_zero();
        for (int32_t d = begin; d < end; d++)
#pragma GCC unroll 12
            for (int w = 0; w < width; w++) {
                const simd_f32 x =
                    simd_sub(strip_load(in + d * a->tokens + w * SIMD_LANES, missing), centre[w]);
                sum[w] = power == 1 ? simd_add(sum[w], x) : simd_fma(x, x, sum[w]);
            }
        for (int w = 0; w < width; w++)
            total[w] = simd_f64_add(total[w], simd_widen(sum[w]));
    }
}

/* What maps a token's channels to its norm: (in - centre) factor + shift. The centre is the mean
 * rounded to float, from which values near it differ exactly; the rest of it is in the shift. */
typedef struct token_norm {
    simd_f32 centre[WIDTH], factor[WIDTH], shift[WIDTH];
} token_norm;

SIMD_INLINE void strip_norm(const cleave_layer_norm_args *a, const float *in, int width,
                            int64_t missing, token_norm *n)
{
    const simd_f64 scale = simd_f64_set1(1.0 / a->channels);
    simd_f32 rest[WIDTH];
    simd_f64 total[WIDTH];

    /* Means are summed as distances from the first channel, which are small where the mean is
     * large. */
    for (int w = 0; w < width; w++)
        n->centre[w] = strip_load(in + w * SIMD_LANES, missing);
    strip_sums(a, in, width, missing, 1, n->centre, total);
    for (int w = 0; w < width; w++) {
        const simd_f64 mean = simd_f64_fma(total[w], scale, simd_widen(n->centre[w]));
        n->centre[w] = simd_narrow(mean);
        rest[w] = simd_narrow(simd_f64_sub(mean, simd_widen(n->centre[w])));
    }
    strip_sums(a, in, width, missing, 2, n->centre, total);
    for (int w = 0; w < width; w++) {
        const simd_f32 variance =
            simd_narrow(simd_f64_fma(total[w], scale, simd_f64_set1((double)a->epsilon)));
        n->factor[w] = simd_div(simd_set1(1), simd_sqrt(variance));
        n->shift[w] = simd_neg(simd_mul(rest[w], n->factor[w]));
    }
}

SIMD_INLINE void strip_run(const cleave_layer_norm_args *a, int64_t token, int width,
                           int64_t missing, int has_add)
{
    token_norm n;

    strip_norm(a, a->in + token, width, missing, &n);
    for (int32_t d = 0; d < a->channels; d++) {
        const simd_f32 weight = simd_set1(a->weight[d]), bias = simd_set1(a->bias[d]);
#pragma GCC unroll 12
        for (int w = 0; w < width; w++) {
            const int64_t at = d * a->tokens + token + w * SIMD_LANES;
            simd_f32 v = simd_sub(strip_load(a->in + at, missing), n.centre[w]);
            v = simd_fma(simd_fma(v, n.factor[w], n.shift[w]), weight, bias);
            if (has_add)
                v = simd_add(v, strip_load(a->add + at, missing));
            strip_store(a->out + at, v, missing);
        }
    }
}

SIMD_INLINE void block_run(const cleave_layer_norm_args *a, int64_t token, int64_t count,
                           int has_add)
{
    if (count == CLEAVE_LAYER_NORM_BLOCK) {
        strip_run(a, token, WIDTH, 0, has_add);
        return;
    }
    for (; count >= SIMD_LANES; count -= SIMD_LANES, token += SIMD_LANES)
        strip_run(a, token, 1, 0, has_add);
    if (count)
        strip_run(a, token, 1, SIMD_LANES - count, has_add);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_layer_norm_args *a = args;

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t token = item * CLEAVE_LAYER_NORM_BLOCK;
        const int64_t count = cleave_i64_min(CLEAVE_LAYER_NORM_BLOCK, a->tokens - token);
        if (a->has_add)
            block_run(a, token, count, 1);
        else
            block_run(a, token, count, 0);
    }
}
