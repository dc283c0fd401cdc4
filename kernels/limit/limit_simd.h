/* limit_simd.h: the body shared by the vector variants; include a simd header first.
 *
 * Lanes are the frames of a cell. A cell is computed when all of it is there, from the ring, so
 * nothing depends on where blocks begin. */
#include "kernels/limit/limit_gain.h"

#define VECTORS (CELL / SIMD_LANES) /* of a cell */

_Static_assert(CELL % SIMD_LANES == 0, "a cell is whole vectors");

/* The sums of limit_gain.h for a vector of frames of two channels. */
typedef struct sums {
    simd_f32 even, odd, middle;
} sums;

SIMD_INLINE void sums_add(sums *s, const float *x, int k, simd_f32 taps[TAPS_ROWS])
{
    const simd_f32 before = simd_load(x - k), after = simd_load(x + 1 + k);
    const simd_f32 both = simd_add(before, after);

    s->even = simd_fma(taps[TAPS_EVEN], both, s->even);
    s->odd = simd_fma(taps[TAPS_ODD], simd_sub(before, after), s->odd);
    s->middle = simd_fma(taps[TAPS_MIDDLE], both, s->middle);
}

SIMD_INLINE simd_f32 sums_peak(const sums *s)
{
    return simd_max(simd_add(simd_abs(s->even), simd_abs(s->odd)), simd_abs(s->middle));
}

/* The largest magnitude between the frames of a vector and the next ones, of two channels; each
 * tap serves both. */
static simd_f32 peaks_between(const float *table, const float *x, const float *y)
{
    sums a = {simd_zero(), simd_zero(), simd_zero()}, b = a;

    for (int k = 0; k < HALF; k++) {
        simd_f32 taps[TAPS_ROWS];
        for (int row = 0; row < TAPS_ROWS; row++)
            taps[row] = simd_set1(table[row * HALF + k]);
        sums_add(&a, x, k, taps);
        sums_add(&b, y, k, taps);
    }
    return simd_max(sums_peak(&a), sums_peak(&b));
}

SIMD_INLINE float largest_lane(simd_f32 v)
{
    float lane[SIMD_LANES], largest = 0;

    simd_store(lane, v);
    for (int i = 0; i < SIMD_LANES; i++)
        largest = lane[i] > largest ? lane[i] : largest;
    return largest;
}

/* The largest magnitude of `count` frames from x on, whole vectors. */
SIMD_INLINE simd_f32 peaks_at(const float *x, int count)
{
    simd_f32 largest = simd_zero();

    for (int i = 0; i < count; i += SIMD_LANES)
        largest = simd_max(simd_abs(simd_load(x + i)), largest);
    return largest;
}

/* The peak of cell c, or 0 if it is not above `floor`: between frames that are all small the
 * interpolation cannot be large, and is left out. */
static float peak_of_cell(const cleave_limit_args *a, const limit_layout *l, const float *table,
                          const float *state, int64_t c, float floor)
{
    const float *first = state + l->rings + limit_ring_at(l, c - REACH);
    float peak = 0;

    for (int64_t channel = 0; channel < a->channels; channel += 2) {
        const float *x = first + channel * l->ring_floats;
        const float *y = channel + 1 < a->channels ? x + l->ring_floats : x;
        if (a->true_peak) {
            const simd_f32 around = simd_max(peaks_at(x, SPAN), peaks_at(y, SPAN));
            if (largest_lane(around) * table[TAPS_GAIN] * 1.001f < floor)
                continue;
        }
        x += (int64_t)REACH * CELL;
        y += (int64_t)REACH * CELL;
        simd_f32 largest = simd_max(peaks_at(x, CELL), peaks_at(y, CELL));
        for (int i = 0; i < CELL && a->true_peak; i += SIMD_LANES)
            largest = simd_max(largest, peaks_between(table, x + i, y + i));
        peak = fmaxf(peak, largest_lane(largest));
    }
    return peak;
}

/* The gain at each frame of the present cell. */
SIMD_INLINE void gains_of_cell(const float *state, float gain[CELL])
{
    const float before = 1 - state[STATE_BEFORE], now = 1 - state[STATE_NOW];

    for (int i = 0; i < CELL; i++)
        gain[i] = before + (now - before) * ((float)(i + 1) * (1.0f / CELL));
}

/* `count` frames of the cell c, from its frame `at` on; `in` and `out` point to the first. */
static void delay(const limit_layout *l, float *ring, int64_t c, int64_t delayed, int64_t at,
                  int64_t count, const float *gain, const float *in, float *out)
{
    const float *from = ring + limit_ring_at(l, delayed);

    if (count < CELL) {
        limit_ring_put(l, ring, c, at, in, count);
        for (int64_t i = 0; i < count; i++)
            out[i] = from[at + i] * gain[at + i];
        return;
    }
    float *to = ring + limit_ring_at(l, c);
    float *again = to - ring < (int64_t)2 * REACH * CELL ? to + l->ring_cells * CELL : to;
    for (int i = 0; i < CELL; i += SIMD_LANES) {
        const simd_f32 x = simd_load(in + i);
        simd_store(to + i, x);
        simd_store(again + i, x);
        simd_store(out + i, simd_mul(simd_load(from + i), simd_load(gain + i)));
    }
}

static void run_stream(const cleave_limit_args *a, const float *table, int64_t stream)
{
    const limit_layout l = limit_layout_of(a);
    const int64_t row = stream * a->channels, frames = a->block->frames;
    float *state = a->state + stream * l.floats;
    const double *value = cleave_glide_values((double *)(void *)(state + STATE_GLIDE));
    const double margin = a->true_peak ? MARGIN_TRUE_PEAK : MARGIN_PEAK;
    float gain[CELL];

    gains_of_cell(state, gain);
    for (int64_t i = 0, count; i < frames; i += count) {
        const int64_t position = a->block->position + i, c = position / CELL, at = position % CELL;
        count = cleave_i64_min(CELL - at, frames - i);
        if (at == 0) {
            limit_glide(a, state, position);
            const float floor = (float)(value[CLEAVE_LIMIT_THRESHOLD] * margin);
            limit_step(&l, a, state, c,
                       (double)peak_of_cell(a, &l, table, state, c - DELAY, floor));
            gains_of_cell(state, gain);
        }
        for (int64_t channel = 0; channel < a->channels; channel++)
            delay(&l, state + l.rings + channel * l.ring_floats, c, c - DELAY - a->cells, at, count,
                  gain, a->in + (row + channel) * a->in_stride + i,
                  a->out + (row + channel) * a->out_stride + i);
    }
}

static void run(const void *args, const cleave_work *work)
{
    for (int64_t stream = work->begin; stream < work->end; stream++)
        run_stream(args, work->prepared, stream);
}
