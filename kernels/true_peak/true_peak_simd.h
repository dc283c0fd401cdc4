/* true_peak_simd.h: the body shared by the vector variants; include a simd header first.
 *
 * Lanes are frames, and every lane sums the weights in the same order, so that a sample's place in
 * a vector does not show. The first frames of a block, which reach into the history, and the last,
 * which do not fill a vector, are computed in a copy. */
#include "kernels/true_peak/true_peak.h"

#include <string.h>

#define PAST  CLEAVE_TRUE_PEAK_HISTORY
#define HEAD  64 /* frames that are computed in a copy at the start, at least PAST */
#define TABLE (3 * 12)

static size_t prepared_bytes(const void *args)
{
    (void)args;
    return TABLE * sizeof(float);
}

static void prepare(const void *args, void *prepared)
{
    const cleave_true_peak_args *a = args;
    double table[CLEAVE_TRUE_PEAK_POINTS] = {0};
    float *out = prepared;

    cleave_true_peak_table(a->factor, table);
    for (int i = 0; i < TABLE; i++)
        out[i] = (float)table[i];
}

/* Magnitudes of the frames x[0 .. SIMD_LANES - 1] and of what lies between them, `peak` included.
 * Phases and taps are constants wherever this is inlined. */
SIMD_INLINE simd_f32 vector_peak(const float *table, int phases, int taps, const float *x,
                                 simd_f32 peak)
{
    simd_f32 y[3] = {simd_zero(), simd_zero(), simd_zero()};

    peak = simd_max(simd_abs(simd_load(x)), peak);
#pragma GCC unroll 24
    for (int i = 0; i < taps; i++) {
        const simd_f32 v = simd_load(x - i);
#pragma GCC unroll 3
        for (int f = 0; f < phases; f++)
            y[f] = simd_fma(simd_set1(table[f * taps + i]), v, y[f]);
    }
#pragma GCC unroll 3
    for (int f = 0; f < phases; f++)
        peak = simd_max(simd_abs(y[f]), peak);
    return peak;
}

/* Of `count` frames; PAST before them can be read. */
SIMD_INLINE simd_f32 span_peak_of(const float *table, int phases, int taps, const float *x,
                                  int64_t count, simd_f32 peak)
{
    float tail[PAST + SIMD_LANES] = {0}, lane[SIMD_LANES];
    int64_t n = 0;

    for (; n + SIMD_LANES <= count; n += SIMD_LANES)
        peak = vector_peak(table, phases, taps, x + n, peak);
    if (n == count)
        return peak;
    memcpy(tail, x + n - PAST, (size_t)(PAST + count - n) * sizeof(float));
    simd_store(lane, vector_peak(table, phases, taps, tail + PAST, simd_zero()));
    memset(lane + (count - n), 0, (size_t)(SIMD_LANES - (count - n)) * sizeof(float));
    return simd_max(simd_load(lane), peak);
}

static simd_f32 span_peak(const float *table, int64_t factor, const float *x, int64_t count,
                          simd_f32 peak)
{
    return factor == 4 ? span_peak_of(table, 3, 12, x, count, peak)
                       : span_peak_of(table, 1, 24, x, count, peak);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_true_peak_args *a = args;
    const int64_t frames = a->block->frames, head = cleave_i64_min(frames, HEAD);
    float copy[PAST + HEAD], lane[SIMD_LANES];

    for (int64_t r = work->begin; r < work->end; r++) {
        const float *in = a->in + r * a->in_stride;
        float *state = a->state + r * CLEAVE_TRUE_PEAK_STATE_FLOATS;
        float *past = state + CLEAVE_TRUE_PEAK_STATE_PAST, top = 0;

        memcpy(copy, past, PAST * sizeof(float));
        memcpy(copy + PAST, in, (size_t)head * sizeof(float));
        simd_f32 peak = span_peak(work->prepared, a->factor, copy + PAST, head, simd_zero());
        if (frames > head)
            peak = span_peak(work->prepared, a->factor, in + head, frames - head, peak);
        simd_store(lane, peak);
        for (int i = 0; i < SIMD_LANES; i++)
            top = lane[i] > top ? lane[i] : top;
        a->out[r] = top;
        state[0] = top > state[0] ? top : state[0];
        for (int64_t i = 0; i < PAST; i++)
            past[i] = cleave_true_peak_past(copy, in, frames, i);
    }
}
