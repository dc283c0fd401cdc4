/* block.h: blocks of a stream, as effects and meters take them, and parameters that may change
 * between two blocks.
 *
 * The tensors of such an op have room for frames_max frames of every row; a cleave_block, a tensor
 * as well, says how many there are this time. What an op must remember lies in its state, whose
 * zeros are the beginning of a stream. The output is the same bits however a stream was cut into
 * blocks, 1 to frames_max frames long: no value may depend on where a block begins or ends, only on
 * its position in the stream. */
#ifndef CLEAVE_KERNELS_BLOCK_H
#define CLEAVE_KERNELS_BLOCK_H

#include "kernels/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cleave_block {
    int64_t position; /* of the first frame in the stream, from 0 */
    int32_t frames;   /* 0..frames_max */
    int32_t reserved; /* 0 */
} cleave_block;

#define CLEAVE_BLOCK_FLOATS 4 /* sizeof(cleave_block) as a tensor */

/* The longest block of any op. */
#define CLEAVE_BLOCK_FRAMES_MAX 65536

/* Parameters move at positions that are multiples of this many frames. */
#define CLEAVE_GRID_FRAMES 32

/* Frames from `position` to the next multiple of the grid, at most `frames`. */
CLEAVE_INLINE int64_t cleave_block_span(int64_t position, int64_t frames)
{
    return cleave_i64_min(frames, CLEAVE_GRID_FRAMES - position % CLEAVE_GRID_FRAMES);
}

/* A parameter that was changed comes to its new value in so many equal steps of the grid: 512
 * frames, 11.6 ms at 44.1 kHz. */
#define CLEAVE_GLIDE_STEPS 16

/* Doubles of state that `count` gliding parameters take. */
CLEAVE_INLINE int64_t cleave_glide_doubles(int64_t count)
{
    return 1 + 3 * count;
}

/* Where the present values are in that state. */
CLEAVE_INLINE double *cleave_glide_values(double *state)
{
    return state + 1;
}

/* To be called once at each multiple of the grid, and there alone, before its frame is computed,
 * with the values that the parameters are to have. The first call sets them at once. Returns
 * whether a value changed.
 *
 * state[0] counts: 0 before the first call, then 1 + steps yet to be made. Values, steps and
 * targets follow. */
CLEAVE_INLINE int cleave_glide(double *state, const double *wanted, int64_t count)
{
    double *value = state + 1, *step = value + count, *target = step + count;
    int changed = 0;

    if (state[0] == 0) {
        for (int64_t i = 0; i < count; i++) {
            value[i] = target[i] = wanted[i];
            step[i] = 0;
        }
        state[0] = 1;
        return 1;
    }
    for (int64_t i = 0; i < count; i++)
        changed |= wanted[i] != target[i];
    if (changed) {
        for (int64_t i = 0; i < count; i++) {
            target[i] = wanted[i];
            step[i] = (wanted[i] - value[i]) / CLEAVE_GLIDE_STEPS;
        }
        state[0] = 1 + CLEAVE_GLIDE_STEPS;
    }
    if (state[0] == 1)
        return 0;
    state[0] -= 1;
    for (int64_t i = 0; i < count; i++)
        value[i] = state[0] == 1 ? target[i] : value[i] + step[i];
    return 1;
}

#ifdef __cplusplus
}
#endif

#endif
