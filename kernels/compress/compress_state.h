/* compress_state.h: where the state of a stream is, and the recursions: what all variants have in
 * common. */
#ifndef CLEAVE_KERNELS_COMPRESS_STATE_H
#define CLEAVE_KERNELS_COMPRESS_STATE_H

#include "kernels/compress/compress.h"
#include "kernels/state.h"

#include <math.h>

/* Levels below 2^-100, squares as well, count as that. */
#define LEVEL_FLOOR 0x1p-100f
#define DB          6.020599913279624 /* 20 log10(2) */

/* Offsets into the state of a stream, then into that of a channel, which also has the last
 * `lookahead` frames. Of the doubles that are three floats, what is smaller than the least value is
 * flushed to 0, for that form's sake and against subnormal numbers. */
enum {
    STATE_GLIDE, /* doubles */
    STATE_CHANNELS = 64,
    CHANNEL_POWER = 0, /* three floats each */
    CHANNEL_RELEASED = 3,
    CHANNEL_Y = 6,
    CHANNEL_HELD = 9, /* frames that are left of the hold */
    CHANNEL_RING = 16
};
#define LEAST_POWER 0x1p-70
#define LEAST_Y     0x1p-60

CLEAVE_INLINE int64_t compress_channel_floats(const cleave_compress_args *a)
{
    return CHANNEL_RING + cleave_div_up(a->lookahead, 16) * 16;
}

CLEAVE_INLINE float *compress_channel(const cleave_compress_args *a, int64_t stream,
                                      int64_t channel)
{
    const int64_t floats = compress_channel_floats(a);

    return a->state + stream * (STATE_CHANNELS + a->channels * floats) + STATE_CHANNELS +
           channel * floats;
}

/* The present parameters of a stream, after a step of theirs if `position` is on the grid. */
CLEAVE_INLINE const double *compress_glide(const cleave_compress_args *a, int64_t stream,
                                           int64_t position)
{
    double *glide = (double *)(void *)(compress_channel(a, stream, 0) - STATE_CHANNELS);

    if (position % CLEAVE_GRID_FRAMES == 0)
        (void)cleave_glide(glide, a->parameters, CLEAVE_COMPRESS_PARAMETERS);
    return cleave_glide_values(glide);
}

CLEAVE_INLINE double compress_flush(double value, double least)
{
    return fabs(value) < least ? 0 : value;
}

/* power[i] = the running mean of x^2. */
CLEAVE_INLINE void compress_power(float *channel, double detect, const float *x, float *power,
                                  int64_t count)
{
    double p = cleave_state_load3(channel + CHANNEL_POWER);

    for (int64_t i = 0; i < count; i++) {
        p = (1 - detect) * p + detect * ((double)x[i] * (double)x[i]);
        p = compress_flush(p, LEAST_POWER);
        power[i] = (float)p;
    }
    cleave_state_store3(channel + CHANNEL_POWER, p);
}

/* The next e, which without a hold were `next`. Written so that nothing is jumped over: where a
 * gate opens and shuts is not to be foreseen. */
CLEAVE_INLINE double compress_hold(int32_t *held, int32_t hold, double g, double e, double next)
{
    const int32_t rises = g >= e, keeps = !rises & (*held > 0);

    *held = rises ? hold : *held - keeps;
    return keeps ? e : next;
}

/* y[i] of s g[i] = target[i], in place. */
CLEAVE_INLINE void compress_smooth(float *channel, const double *value, int32_t hold, float *target,
                                   int64_t count)
{
    const double attack = value[CLEAVE_COMPRESS_ATTACK], release = value[CLEAVE_COMPRESS_RELEASE];
    double e = cleave_state_load3(channel + CHANNEL_RELEASED);
    double y = cleave_state_load3(channel + CHANNEL_Y);
    int32_t held = (int32_t)channel[CHANNEL_HELD];

    for (int64_t i = 0; i < count; i++) {
        /* The sum makes 0 of -0, which three floats do not keep. */
        const double g = (double)target[i] + 0.0;
        /* What is taken off brings e to 0 where g is; as a level it is nothing. */
        const double released = (1 - release) * e + (release * g - LEAST_Y);
        const double higher = g > released ? g : released;
        e = hold ? compress_hold(&held, hold, g, e, higher) : higher;
        y = compress_flush((1 - attack) * y + attack * e, LEAST_Y);
        target[i] = (float)y;
    }
    cleave_state_store3(channel + CHANNEL_RELEASED, e);
    cleave_state_store3(channel + CHANNEL_Y, y);
    channel[CHANNEL_HELD] = (float)held;
}

/* Frames from `position` on into the ring of a channel, in exchange for those that leave it. */
CLEAVE_INLINE void compress_delay(const cleave_compress_args *a, float *channel, int64_t position,
                                  float *x, int64_t count)
{
    float *ring = channel + CHANNEL_RING;
    int64_t at = a->lookahead > 0 ? position % a->lookahead : 0;

    for (int64_t i = 0; i < count && a->lookahead > 0; i++) {
        const float leaving = ring[at];
        ring[at] = x[i];
        x[i] = leaving;
        at = at + 1 < a->lookahead ? at + 1 : 0;
    }
}

#endif
