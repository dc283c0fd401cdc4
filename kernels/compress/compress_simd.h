/* compress_simd.h: the body shared by the vector variants; include a simd header first.
 *
 * Lanes are frames, of a span that ends at the next multiple of the grid at the latest. What a lane
 * holds does not depend on its place, and those beyond the span are computed for nothing; only the
 * recursions go from frame to frame. */
#include "kernels/compress/compress_state.h"
#include "kernels/simd_math.h"

#include <string.h>

#define SPAN CLEAVE_GRID_FRAMES

_Static_assert(SPAN % SIMD_LANES == 0, "a span is whole vectors");

/* level[i] = log2 of what was detected, times `scale`. */
SIMD_INLINE void logarithms(const float *detected, float scale, float *level, int64_t count)
{
    const simd_f32 log2e = simd_set1(0x1.715476p0f * scale), floor = simd_set1(LEVEL_FLOOR);

    for (int64_t i = 0; i < count; i += SIMD_LANES)
        simd_store(level + i, simd_mul(simd_log(simd_max(simd_load(detected + i), floor)), log2e));
}

/* The constants of the curve, a vector each; `sign` is s. */
typedef struct curve {
    simd_f32 threshold, half, knee, factor, slope, range, link, sign;
} curve;

static curve curve_of(const cleave_compress_args *a, const double *value)
{
    const float half = (float)value[CLEAVE_COMPRESS_HALF_KNEE];

    return (curve){.threshold = simd_set1((float)value[CLEAVE_COMPRESS_THRESHOLD]),
                   .half = simd_set1(half),
                   .knee = simd_set1(2 * half),
                   .factor = simd_set1((float)value[CLEAVE_COMPRESS_KNEE_FACTOR]),
                   .slope = simd_set1((float)value[CLEAVE_COMPRESS_SLOPE]),
                   .range = simd_set1((float)value[CLEAVE_COMPRESS_RANGE]),
                   .link = simd_set1((float)value[CLEAVE_COMPRESS_LINK]),
                   .sign = simd_set1(a->expand ? -1.0f : 1.0f)};
}

SIMD_INLINE simd_f32 target_of(const curve *k, simd_f32 own, simd_f32 highest)
{
    const simd_f32 level = simd_fma(k->link, simd_sub(highest, own), own);
    const simd_f32 excess = simd_mul(k->sign, simd_sub(level, k->threshold));
    const simd_f32 bend = simd_min(simd_max(simd_add(excess, k->half), simd_zero()), k->knee);
    const simd_f32 above = simd_max(simd_sub(excess, k->half), simd_zero());
    const simd_f32 sum = simd_fma(simd_mul(bend, bend), k->factor, above);

    return simd_mul(k->sign, simd_min(k->range, simd_mul(k->slope, sum)));
}

/* What was detected in a channel: magnitudes, or the running mean square. */
SIMD_INLINE void detect(const cleave_compress_args *a, const double *value, int64_t stream,
                        int64_t c, const float *x, float *detected, int64_t count)
{
    if (a->rms)
        compress_power(compress_channel(a, stream, c), value[CLEAVE_COMPRESS_DETECT], x, detected,
                       count);
    for (int64_t i = 0; i < count && !a->rms; i += SIMD_LANES)
        simd_store(detected + i, simd_abs(simd_load(x + i)));
}

/* The levels of all channels into level[c], and their maximum. Where channels are wholly linked
 * that is the level of all of them, and the only logarithm there is. */
SIMD_INLINE void levels(const cleave_compress_args *a, const double *value, int64_t stream,
                        float x[][SPAN], float level[][SPAN], float *highest, int64_t count)
{
    const int linked = value[CLEAVE_COMPRESS_LINK] == 1;
    const float scale = a->rms ? 0.5f : 1;

    for (int64_t c = 0; c < a->channels; c++) {
        detect(a, value, stream, c, x[c], level[c], count);
        if (!linked)
            logarithms(level[c], scale, level[c], count);
        for (int64_t i = 0; i < count; i += SIMD_LANES) {
            const simd_f32 v = simd_load(level[c] + i);
            simd_store(highest + i, c ? simd_max(v, simd_load(highest + i)) : v);
        }
    }
    if (!linked)
        return;
    logarithms(highest, scale, highest, count);
    for (int64_t c = 0; c < a->channels; c++)
        memcpy(level[c], highest, SPAN * sizeof(float));
}

/* Whether all channels have one gain: linked, and with no past of their own. The gain is then
 * computed once, to the same bits. */
static int is_common(const cleave_compress_args *a, const double *value, int64_t stream)
{
    const float *const first = compress_channel(a, stream, 0);
    int common = value[CLEAVE_COMPRESS_LINK] == 1;

    for (int64_t c = 1; c < a->channels && common; c++)
        common =
            !memcmp(first + CHANNEL_RELEASED, compress_channel(a, stream, c) + CHANNEL_RELEASED,
                    (CHANNEL_HELD + 1 - CHANNEL_RELEASED) * sizeof(float));
    return common;
}

/* From the levels to what the gain is lowered by, of channel c, in place. */
static void gain_of(const cleave_compress_args *a, const curve *k, const double *value,
                    int64_t stream, int64_t c, float *level, const float *highest, int64_t count)
{
    for (int64_t n = 0; n < count; n += SIMD_LANES)
        simd_store(level + n, target_of(k, simd_load(level + n), simd_load(highest + n)));
    memset(level + count, 0, (size_t)(SPAN - count) * sizeof(float));
    compress_smooth(compress_channel(a, stream, c), value, a->hold, level, count);
}

/* 2^(makeup - |y|) in place; returns the larger of `worst` and all |y|, lane by lane. */
SIMD_INLINE simd_f32 powers(float makeup, float *y, int64_t count, simd_f32 worst)
{
    for (int64_t i = 0; i < count; i += SIMD_LANES) {
        const simd_f32 off = simd_abs(simd_load(y + i));
        simd_store(y + i, simd_exp2(simd_sub(simd_set1(makeup), off)));
        worst = simd_max(worst, off);
    }
    return worst;
}

/* `count` frames of a stream from i on, none of them but the first on the grid. */
static simd_f32 run_span(const cleave_compress_args *a, int64_t stream, int64_t i, int64_t count,
                         simd_f32 worst)
{
    const int64_t position = a->block->position + i, row = stream * a->channels;
    const double *value = compress_glide(a, stream, position);
    const curve k = curve_of(a, value);
    const int common = is_common(a, value, stream);
    float x[CLEAVE_COMPRESS_CHANNELS_MAX][SPAN], level[CLEAVE_COMPRESS_CHANNELS_MAX][SPAN];
    float highest[SPAN];

    for (int64_t c = 0; c < a->channels; c++) {
        if (count < SPAN) {
            memset(x[c], 0, sizeof x[c]);
            memset(level[c], 0, sizeof level[c]);
        }
        memcpy(x[c], a->in + (row + c) * a->in_stride + i, (size_t)count * sizeof(float));
    }
    levels(a, value, stream, x, level, highest, count);
    for (int64_t c = 0; c < (common ? 1 : a->channels); c++) {
        gain_of(a, &k, value, stream, c, level[c], highest, count);
        worst = powers((float)value[CLEAVE_COMPRESS_MAKEUP], level[c], count, worst);
    }
    for (int64_t c = 0; c < a->channels; c++) {
        const float *const gain = level[common ? 0 : c];
        float *const channel = compress_channel(a, stream, c);
        if (common && c > 0)
            memcpy(channel + CHANNEL_RELEASED, compress_channel(a, stream, 0) + CHANNEL_RELEASED,
                   (CHANNEL_HELD + 1 - CHANNEL_RELEASED) * sizeof(float));
        compress_delay(a, channel, position, x[c], count);
        for (int64_t n = 0; n < count; n += SIMD_LANES)
            simd_store(x[c] + n, simd_mul(simd_load(x[c] + n), simd_load(gain + n)));
        memcpy(a->out + (row + c) * a->out_stride + i, x[c], (size_t)count * sizeof(float));
    }
    return worst;
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_compress_args *a = args;

    for (int64_t stream = work->begin; stream < work->end; stream++) {
        float lane[SIMD_LANES];
        simd_f32 worst = simd_zero();
        for (int64_t i = 0, count; i < a->block->frames; i += count) {
            count = cleave_block_span(a->block->position + i, a->block->frames - i);
            worst = run_span(a, stream, i, count, worst);
        }
        simd_store(lane, worst);
        for (int i = 1; i < SIMD_LANES; i++)
            lane[0] = lane[i] > lane[0] ? lane[i] : lane[0];
        if (a->has_meter)
            a->meter[stream] = (float)((double)lane[0] * DB);
    }
}
