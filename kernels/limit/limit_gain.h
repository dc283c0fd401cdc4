/* limit_gain.h: where the state of a stream is, and how its attenuation follows the peaks of
 * cells: what all variants have in common. */
#ifndef CLEAVE_KERNELS_LIMIT_GAIN_H
#define CLEAVE_KERNELS_LIMIT_GAIN_H

#include "kernels/limit/limit.h"
#include "kernels/state.h"

#include <math.h>

#define CELL  CLEAVE_LIMIT_CELL
#define HALF  24            /* taps on either side of a point between frames */
#define REACH (HALF / CELL) /* cells before and after the one whose peak is found */
#define DELAY (REACH + 1)   /* from a cell's last frame but one to when its peak counts */
#define SPAN  ((2 * REACH + 1) * CELL) /* frames that a peak is found from */
#define AHEAD 16                       /* cells that may be in the ring before any leaves it */

/* Rows of the table of taps, [HALF] each; x_k are the frames after the point, y_k those before it.
 * Where E = sum even_k (y_k + x_k) and O = sum odd_k (y_k - x_k), the values at 1/4 and 3/4 are
 * E + O and E - O, and the larger magnitude is |E| + |O|. */
enum { TAPS_EVEN, TAPS_ODD, TAPS_MIDDLE, TAPS_ROWS };
#define TAPS_GAIN (TAPS_ROWS * HALF) /* where the largest sum of magnitudes of the taps is */

/* True peaks stay so far below the threshold, 0.6 dB, as do peaks of frames for the sake of
 * rounding. */
#define MARGIN_TRUE_PEAK 0.93325
#define MARGIN_PEAK      (1 - 0x1p-20)

/* Offsets into the state of a stream, and lengths. */
typedef struct limit_layout {
    int64_t window, first, second; /* lengths: of the maximum and of the two means, in cells */
    int64_t current, suffix, first_ring, second_ring;
    int64_t rings, ring_cells, ring_floats; /* of the delayed frames, a channel */
    int64_t floats;
} limit_layout;

enum {
    STATE_GLIDE,               /* doubles */
    STATE_U = 16,              /* the sum of three floats */
    STATE_FIRST = STATE_U + 3, /* the running sums, of two floats each */
    STATE_SECOND = STATE_FIRST + 2,
    STATE_PREFIX = STATE_SECOND + 2, /* the maximum since the current segment began */
    STATE_BEFORE,                    /* the attenuation at the beginning of this cell */
    STATE_NOW,                       /* and at its end */
    STATE_ARRAYS = 32
};

CLEAVE_INLINE limit_layout limit_layout_of(const cleave_limit_args *a)
{
    limit_layout l;

    l.window = a->cells + 2;
    l.first = (a->cells + 2) / 2;
    l.second = a->cells + 1 - l.first;
    l.current = STATE_ARRAYS;
    l.suffix = l.current + l.window;
    l.first_ring = l.suffix + l.window;
    l.second_ring = l.first_ring + l.first;
    l.rings = cleave_div_up(l.second_ring + 2 * l.second, 16) * 16;
    l.ring_cells = a->cells + DELAY + 1 + AHEAD;
    l.ring_floats = (l.ring_cells + 2 * REACH) * CELL;
    l.floats = cleave_div_up(l.rings + a->channels * l.ring_floats, 16) * 16;
    return l;
}

/* Where cell c >= -ring_cells lies in the ring. The first cells are there a second time behind the
 * last, so that SPAN frames from any cell on lie in a row. */
CLEAVE_INLINE int64_t limit_ring_at(const limit_layout *l, int64_t c)
{
    return (c + l->ring_cells) % l->ring_cells * CELL;
}

/* `count` frames into the ring of a channel, `at` frames after the beginning of cell c. */
CLEAVE_INLINE void limit_ring_put(const limit_layout *l, float *ring, int64_t c, int64_t at,
                                  const float *in, int64_t count)
{
    float *to = ring + limit_ring_at(l, c) + at;
    float *again = to - ring < 2 * REACH * CELL ? to + l->ring_cells * CELL : to;

    for (int64_t i = 0; i < count; i++)
        to[i] = again[i] = in[i];
}

CLEAVE_INLINE double limit_round_up(double value)
{
    return ceil(value * 0x1p24) * 0x1p-24;
}

/* The largest of the last `window` values, of which `value` is that of cell c: the present segment
 * of so many cells up to here, and what is left of the one before it (van Herk, "A fast algorithm
 * for local minimum and maximum filters on rectangular and octagonal kernels", 1992). */
CLEAVE_INLINE float limit_largest(const limit_layout *l, float *state, int64_t c, float value)
{
    float *current = state + l->current, *suffix = state + l->suffix;
    const int64_t at = c % l->window;
    float prefix = state[STATE_PREFIX];

    if (at == 0) {
        float largest = 0;
        for (int64_t i = l->window - 1; i >= 0; i--) {
            largest = current[i] > largest ? current[i] : largest;
            suffix[i] = largest;
        }
        prefix = 0;
    }
    current[at] = value;
    prefix = value > prefix ? value : prefix;
    state[STATE_PREFIX] = prefix;
    return at + 1 < l->window && suffix[at + 1] > prefix ? suffix[at + 1] : prefix;
}

/* The step at the beginning of cell c: the peak of cell c - DELAY is known. */
CLEAVE_INLINE void limit_step(const limit_layout *l, const cleave_limit_args *a, float *state,
                              int64_t c, double peak)
{
    const double *value = cleave_glide_values((double *)(void *)(state + STATE_GLIDE));
    const double margin = a->true_peak ? MARGIN_TRUE_PEAK : MARGIN_PEAK;
    const double ceiling = value[CLEAVE_LIMIT_THRESHOLD] * margin;
    const double need = peak > ceiling ? limit_round_up(1 - ceiling / peak) : 0;
    const double largest = (double)limit_largest(l, state, c, (float)need);
    float *parts = state + STATE_U, *first_ring = state + l->first_ring + c % l->first;
    float *second_ring = state + l->second_ring + 2 * (c % l->second);

    double u = value[CLEAVE_LIMIT_RELEASE] * (cleave_state_load3(parts));
    u = largest > u ? largest : u;
    u = u < 0x1p-26 ? 0 : u;
    cleave_state_store3(parts, u);

    const double up = limit_round_up(u);
    const double first = cleave_state_load2(state + STATE_FIRST) + up - (double)*first_ring;
    const double second =
        cleave_state_load2(state + STATE_SECOND) + first - cleave_state_load2(second_ring);
    *first_ring = (float)up;
    cleave_state_store2(second_ring, first);
    cleave_state_store2(state + STATE_FIRST, first);
    cleave_state_store2(state + STATE_SECOND, second);
    state[STATE_BEFORE] = state[STATE_NOW];
    state[STATE_NOW] = (float)(second / (double)(l->first * l->second));
}

/* To be called before frame `position` where that is a multiple of the grid. */
CLEAVE_INLINE void limit_glide(const cleave_limit_args *a, float *state, int64_t position)
{
    if (position % CLEAVE_GRID_FRAMES == 0)
        (void)cleave_glide((double *)(void *)(state + STATE_GLIDE), a->parameters,
                           CLEAVE_LIMIT_PARAMETERS);
}

#endif
