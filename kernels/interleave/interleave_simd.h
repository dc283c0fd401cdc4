/* interleave_simd.h: the body shared by the vector variants; include a simd header first. One and
 * two channels go by vectors; more go sample by sample, in the order of the frames. */
#include "kernels/interleave/interleave.h"

#include <math.h>

/* The samples of x; counts in *replaced what was none. */
SIMD_INLINE simd_f32 samples_of(simd_f32 x, simd_f32 *replaced)
{
    const simd_mask is_sample = simd_less(simd_abs(x), simd_set1(CLEAVE_SAMPLE_MAX));

    *replaced = simd_add(*replaced, simd_select(is_sample, simd_zero(), simd_set1(1)));
    return simd_select(is_sample, x, simd_zero());
}

static float split_mono(const float *in, float *out, int64_t frames)
{
    simd_f32 replaced = simd_zero();

    for (int64_t n = 0; n < frames; n += SIMD_LANES) {
        const int64_t rest = cleave_i64_min(frames - n, SIMD_LANES);
        simd_store_first(out + n, samples_of(simd_load_first(in + n, rest), &replaced), rest);
    }
    return simd_sum(replaced);
}

static float split_stereo(const float *in, float *left, float *right, int64_t frames)
{
    simd_f32 replaced = simd_zero();
    int64_t n = 0;

    for (; n + SIMD_LANES <= frames; n += SIMD_LANES) {
        simd_f32 a, b;
        simd_deinterleave(simd_load(in + 2 * n), simd_load(in + 2 * n + SIMD_LANES), &a, &b);
        simd_store(left + n, samples_of(a, &replaced));
        simd_store(right + n, samples_of(b, &replaced));
    }
    float count = simd_sum(replaced);
    for (; n < frames; n++) {
        const int a = fabsf(in[2 * n]) < CLEAVE_SAMPLE_MAX;
        const int b = fabsf(in[2 * n + 1]) < CLEAVE_SAMPLE_MAX;
        left[n] = a ? in[2 * n] : 0.0f;
        right[n] = b ? in[2 * n + 1] : 0.0f;
        count += (float)(!a + !b);
    }
    return count;
}

static float split_many(const cleave_interleave_args *a, const float *in, float *out)
{
    const int64_t C = a->channels, frames = a->block->frames;
    int64_t replaced = 0;

    for (int64_t n = 0; n < frames; n++)
        for (int64_t c = 0; c < C; c++) {
            const float x = in[n * C + c];
            const int is_sample = fabsf(x) < CLEAVE_SAMPLE_MAX;
            out[c * a->stride + n] = is_sample ? x : 0.0f;
            replaced += !is_sample;
        }
    return (float)replaced;
}

static void join_stereo(const float *left, const float *right, float *out, int64_t frames)
{
    int64_t n = 0;

    for (; n + SIMD_LANES <= frames; n += SIMD_LANES) {
        simd_f32 low, high;
        simd_interleave(simd_load(left + n), simd_load(right + n), &low, &high);
        simd_store(out + 2 * n, low);
        simd_store(out + 2 * n + SIMD_LANES, high);
    }
    for (; n < frames; n++) {
        out[2 * n] = left[n];
        out[2 * n + 1] = right[n];
    }
}

static void join_many(const cleave_interleave_args *a, const float *in, float *out)
{
    const int64_t C = a->channels, frames = a->block->frames;

    for (int64_t n = 0; n < frames; n++)
        for (int64_t c = 0; c < C; c++)
            out[n * C + c] = in[c * a->stride + n];
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_interleave_args *a = args;
    const int splits = a->kind == CLEAVE_INTERLEAVE_SPLIT;
    const int64_t dense = a->channels * a->frames_max, apart = a->channels * a->stride;
    const int64_t frames = a->block->frames;

    for (int64_t s = work->begin; s < work->end; s++) {
        const float *const in = a->in + s * (splits ? dense : apart);
        float *const out = a->out + s * (splits ? apart : dense);
        if (splits)
            a->replaced[s] = a->channels == 1   ? split_mono(in, out, frames)
                             : a->channels == 2 ? split_stereo(in, out, out + a->stride, frames)
                                                : split_many(a, in, out);
        else if (a->channels == 2)
            join_stereo(in, in + a->stride, out, frames);
        else
            join_many(a, in, out);
    }
}
