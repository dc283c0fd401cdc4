/* fader.h: channels mixed by a matrix that may glide, and faded in and out: gain, balance, width,
 * fades of a stream. */
#ifndef CLEAVE_KERNELS_FADER_H
#define CLEAVE_KERNELS_FADER_H

#include "kernels/block.h"
#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_FADER_CHANNELS_MAX 8

/* How loud a fade is where x of it, 0..1, has passed. */
typedef enum cleave_fader_curve {
    CLEAVE_FADER_LINEAR, /* x */
    CLEAVE_FADER_SQUARE, /* x^2: slow to rise, near to even steps of loudness */
    CLEAVE_FADER_SMOOTH  /* x^2 (3 - 2 x): even at both ends */
} cleave_fader_curve;

/* Parameters, as doubles: the matrix [C][C] first, then these. Of them the matrix glides. */
typedef enum cleave_fader_parameter {
    CLEAVE_FADER_IN,  /* frames of the fade-in, from the start of the stream; 0: none */
    CLEAVE_FADER_END, /* frame at which the fade-out is complete, and silence begins; < 0: never */
    CLEAVE_FADER_OUT, /* frames of the fade-out; 0: a cut */
    CLEAVE_FADER_PARAMETERS
} cleave_fader_parameter;

/* At frame p of the stream, with curve() held at 0 and 1 outside of 0..1:
 *
 *     out[o] = curve(p / in) curve((end - p) / out) sum_i matrix[o][i] in[i]
 *
 * While the matrix glides, it moves in equal steps from one multiple of the grid to the next. */
typedef struct cleave_fader_args {
    const float *in;           /* [S][C][stride] */
    const cleave_block *block; /* frames, and their place in the stream */
    const double *parameters;  /* [C * C + CLEAVE_FADER_PARAMETERS] */
    float *out;                /* [S][C][stride]; may be in */
    float *state;              /* [S][cleave_fader_state_floats()] */
    int32_t streams;           /* S >= 1 */
    int32_t channels;          /* 1 <= C <= CLEAVE_FADER_CHANNELS_MAX */
    int64_t frames_max;        /* 1..CLEAVE_BLOCK_FRAMES_MAX */
    int64_t stride;            /* >= frames_max */
    cleave_fader_curve curve;
} cleave_fader_args;

/* Doubles of state of one stream: the gliding matrix, and the matrix one step before. */
CLEAVE_INLINE int64_t cleave_fader_state_doubles(int64_t channels)
{
    const int64_t count = channels * channels;

    return (cleave_glide_doubles(count) + count + 7) / 8 * 8;
}

CLEAVE_INLINE int64_t cleave_fader_state_floats(int64_t channels)
{
    return 2 * cleave_fader_state_doubles(channels);
}

/* Brings the state of a stream to the frame at `position` and says how many of the `frames` from
 * there on are alike: `before` is the matrix that the grid's last multiple had, `after` that of its
 * next, equal unless it glides. */
CLEAVE_INLINE int64_t cleave_fader_span(double *state, const double *parameters, int64_t channels,
                                        int64_t position, int64_t frames)
{
    const int64_t count = channels * channels;
    double *const before = state + cleave_glide_doubles(count);
    const double *const after = cleave_glide_values(state);
    int still = 1;

    if (position % CLEAVE_GRID_FRAMES == 0) {
        const int first = state[0] == 0;
        for (int64_t i = 0; i < count; i++)
            before[i] = after[i];
        cleave_glide(state, parameters, count);
        for (int64_t i = 0; first && i < count; i++)
            before[i] = after[i];
    }
    for (int64_t i = 0; i < count; i++)
        still &= before[i] == after[i] && after[i] == parameters[i];
    return still ? frames : cleave_block_span(position, frames);
}

/* The fade's gain at a position. */
CLEAVE_INLINE double cleave_fader_gain(const double *parameters, int64_t channels,
                                       cleave_fader_curve curve, int64_t position)
{
    const double *const fade = parameters + channels * channels;
    double gain = 1;

    for (int side = 0; side < 2; side++) {
        const double frames = fade[side == 0 ? CLEAVE_FADER_IN : CLEAVE_FADER_OUT];
        const double end = fade[CLEAVE_FADER_END];
        double x = 1;
        if (side == 0 && (double)position < frames)
            x = (double)position / frames;
        else if (side == 1 && end >= 0 && (double)position >= end)
            x = 0;
        else if (side == 1 && end >= 0 && end - (double)position < frames)
            x = (end - (double)position) / frames;
        gain *= curve == CLEAVE_FADER_LINEAR   ? x
                : curve == CLEAVE_FADER_SQUARE ? x * x
                                               : x * x * (3 - 2 * x);
    }
    return gain;
}

/* Whether that gain is 1 from `position` on for so many frames. */
CLEAVE_INLINE int cleave_fader_is_open(const double *parameters, int64_t channels, int64_t position,
                                       int64_t frames)
{
    const double *const fade = parameters + channels * channels;

    return (double)position >= fade[CLEAVE_FADER_IN] &&
           (fade[CLEAVE_FADER_END] < 0 ||
            (double)(position + frames) <= fade[CLEAVE_FADER_END] - fade[CLEAVE_FADER_OUT]);
}

/* An item is one stream. */
extern const cleave_op cleave_fader_op;
extern const cleave_kernel cleave_fader_ref;
extern const cleave_kernel cleave_fader_avx2;
extern const cleave_kernel cleave_fader_neon;
extern const cleave_kernel cleave_fader_cuda;

#ifdef __cplusplus
}
#endif

#endif
