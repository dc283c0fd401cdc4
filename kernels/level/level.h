/* level.h: brings a stream to a target level by the mean square of a window behind it.
 *
 * At each multiple of the grid the last step of CLEAVE_GRID_FRAMES frames is complete. With E_c[k]
 * the sum of squares of `key` in channel c of step k, and W the window in steps (fewer at the
 * start),
 *
 *   M = sum_{k in window} sum_c weight_c E_c[k] / (frames of the window)
 *   wanted = clamp(sqrt(target / M), gain_min, gain_max) if M > gate, else as before
 *   gain += (wanted - gain) (rise or fall)
 *
 * and the gain goes to its new value in a straight line over the next step. `key` is the signal
 * itself for a level in RMS, or the signal through K-weighting for loudness. The audio may be
 * delayed by whole steps, so that the window looks ahead of it; until the first delayed frame comes
 * out, gain is wanted at once. Everything but the product of gain and sample is double, and fused
 * where it is summed, so that all variants have the same bits. */
#ifndef CLEAVE_KERNELS_LEVEL_H
#define CLEAVE_KERNELS_LEVEL_H

#include "kernels/block.h"
#include "kernels/ops.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_LEVEL_CHANNELS_MAX 32
#define CLEAVE_LEVEL_STEPS_MAX    1048576 /* of window and delay */
#define CLEAVE_LEVEL_LANES        8       /* sums of squares side by side */

enum {
    CLEAVE_LEVEL_TARGET,   /* mean square, > 0 */
    CLEAVE_LEVEL_GATE,     /* mean square at or below which the gain is held, >= 0 */
    CLEAVE_LEVEL_GAIN_MIN, /* linear, > 0 */
    CLEAVE_LEVEL_GAIN_MAX, /* linear, >= GAIN_MIN */
    CLEAVE_LEVEL_RISE,     /* share of the way that gain takes in a step, 0..1, upwards */
    CLEAVE_LEVEL_FALL,     /* and downwards */
    CLEAVE_LEVEL_WEIGHTS,  /* one a channel */
    CLEAVE_LEVEL_PARAMETERS = CLEAVE_LEVEL_WEIGHTS + CLEAVE_LEVEL_CHANNELS_MAX
};

typedef struct cleave_level_args {
    const float *in;  /* [streams][channels][in_stride] */
    const float *key; /* [streams][channels][key_stride]; may be `in` */
    float *out;       /* [streams][channels][out_stride]; may be `in`, not another `key` */
    const cleave_block *block;
    const double *parameters;                  /* [CLEAVE_LEVEL_PARAMETERS], of all streams */
    float *state;                              /* [streams][cleave_level_state_floats()] */
    int64_t streams;                           /* >= 1 */
    int64_t channels;                          /* 1..CLEAVE_LEVEL_CHANNELS_MAX */
    int64_t window_steps;                      /* W: 1..CLEAVE_LEVEL_STEPS_MAX */
    int64_t delay_steps;                       /* 0..CLEAVE_LEVEL_STEPS_MAX */
    int64_t frames_max;                        /* 1..CLEAVE_BLOCK_FRAMES_MAX */
    int64_t in_stride, key_stride, out_stride; /* >= frames_max */
} cleave_level_args;

/* The first doubles of a stream's state. */
enum {
    CLEAVE_LEVEL_STEPS,  /* complete */
    CLEAVE_LEVEL_SUM,    /* over the window */
    CLEAVE_LEVEL_FRESH,  /* over the window's ring from its start, to take the place of SUM */
    CLEAVE_LEVEL_FROM,   /* gain at the start of this step of the grid */
    CLEAVE_LEVEL_TO,     /* and of the next */
    CLEAVE_LEVEL_WANTED, /* where it goes */
    CLEAVE_LEVEL_HEADER = 8
};

/* Then come sums of squares of this step, [channels][CLEAVE_LEVEL_LANES], and the energy of W
 * steps, a ring; then, as floats, the delayed audio, [channels][delay_steps CLEAVE_GRID_FRAMES]. */
CLEAVE_INLINE int64_t cleave_level_doubles(const cleave_level_args *a)
{
    const int64_t ring = cleave_div_up(a->window_steps, 8) * 8;

    return CLEAVE_LEVEL_HEADER + a->channels * CLEAVE_LEVEL_LANES + ring;
}

CLEAVE_INLINE int64_t cleave_level_state_floats(const cleave_level_args *a)
{
    return 2 * cleave_level_doubles(a) + a->channels * a->delay_steps * CLEAVE_GRID_FRAMES;
}

CLEAVE_INLINE double *cleave_level_state(const cleave_level_args *a, int64_t stream)
{
    return (double *)(void *)(a->state + stream * cleave_level_state_floats(a));
}

/* Where the audio of channel c waits that belongs to the step of the grid at `position`. */
CLEAVE_INLINE float *cleave_level_delayed(const cleave_level_args *a, double *state, int64_t c,
                                          int64_t position)
{
    float *audio = (float *)(void *)(state + cleave_level_doubles(a));
    const int64_t slot = position / CLEAVE_GRID_FRAMES % a->delay_steps;

    return audio + (c * a->delay_steps + slot) * CLEAVE_GRID_FRAMES + position % CLEAVE_GRID_FRAMES;
}

/* The energy of the step that has ended, and its sums start anew. */
CLEAVE_INLINE double cleave_level_energy(const cleave_level_args *a, double *state)
{
    double energy = 0;

    for (int64_t c = 0; c < a->channels; c++) {
        double *sum = state + CLEAVE_LEVEL_HEADER + c * CLEAVE_LEVEL_LANES;
        const double all =
            ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
        energy = fma(a->parameters[CLEAVE_LEVEL_WEIGHTS + c], all, energy);
        for (int i = 0; i < CLEAVE_LEVEL_LANES; i++)
            sum[i] = 0;
    }
    return energy;
}

/* At a multiple of the grid, before its frame. The sum of the window loses and gains a step at a
 * time; each time round it is replaced by one that has only gained, so that no error stays. */
CLEAVE_INLINE void cleave_level_step(const cleave_level_args *a, double *state, int64_t position)
{
    const double *p = a->parameters;
    const int64_t steps = (int64_t)state[CLEAVE_LEVEL_STEPS], place = steps % a->window_steps;
    double *ring = state + CLEAVE_LEVEL_HEADER + a->channels * CLEAVE_LEVEL_LANES;

    if (position == 0) {
        state[CLEAVE_LEVEL_FROM] = state[CLEAVE_LEVEL_TO] = state[CLEAVE_LEVEL_WANTED] = 1;
        return;
    }
    const double energy = cleave_level_energy(a, state);
    state[CLEAVE_LEVEL_SUM] = state[CLEAVE_LEVEL_SUM] - ring[place] + energy;
    state[CLEAVE_LEVEL_FRESH] += energy;
    ring[place] = energy;
    if (place == a->window_steps - 1) {
        state[CLEAVE_LEVEL_SUM] = state[CLEAVE_LEVEL_FRESH];
        state[CLEAVE_LEVEL_FRESH] = 0;
    }
    state[CLEAVE_LEVEL_STEPS] = (double)(steps + 1);

    const int64_t count = cleave_i64_min(steps + 1, a->window_steps);
    const double mean = state[CLEAVE_LEVEL_SUM] / (double)(count * CLEAVE_GRID_FRAMES);
    if (mean > p[CLEAVE_LEVEL_GATE] && mean > 0) {
        const double gain = sqrt(p[CLEAVE_LEVEL_TARGET] / mean);
        const double low = gain > p[CLEAVE_LEVEL_GAIN_MIN] ? gain : p[CLEAVE_LEVEL_GAIN_MIN];
        state[CLEAVE_LEVEL_WANTED] =
            low < p[CLEAVE_LEVEL_GAIN_MAX] ? low : p[CLEAVE_LEVEL_GAIN_MAX];
    }
    const double from = state[CLEAVE_LEVEL_TO], way = state[CLEAVE_LEVEL_WANTED] - from;
    const double share = way < 0 ? p[CLEAVE_LEVEL_FALL] : p[CLEAVE_LEVEL_RISE];
    state[CLEAVE_LEVEL_FROM] = from;
    state[CLEAVE_LEVEL_TO] = fma(way, share, from);
    if (steps < a->delay_steps)
        state[CLEAVE_LEVEL_FROM] = state[CLEAVE_LEVEL_TO] = state[CLEAVE_LEVEL_WANTED];
}

/* An item is one stream. */
extern const cleave_op cleave_level_op;
extern const cleave_kernel cleave_level_ref;
extern const cleave_kernel cleave_level_avx2;
extern const cleave_kernel cleave_level_neon;
extern const cleave_kernel cleave_level_cuda;

#ifdef __cplusplus
}
#endif

#endif
