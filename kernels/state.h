/* state.h: doubles in the state of a stream, as sums of floats.
 *
 * States are compared float by float, which the two halves of a double are not fit for. A double is
 * the sum of its rounded value, of what that lacks, rounded, and of what both lack: exactly, unless
 * it is so small that a part would be subnormal. */
#ifndef CLEAVE_KERNELS_STATE_H
#define CLEAVE_KERNELS_STATE_H

#include "kernels/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of at most 48 significant bits. */
CLEAVE_INLINE double cleave_state_load2(const float *state)
{
    return (double)state[0] + (double)state[1];
}

CLEAVE_INLINE void cleave_state_store2(float *state, double value)
{
    state[0] = (float)value;
    state[1] = (float)(value - (double)state[0]);
}

/* Any that is 0, not -0, or of magnitude 2^-72 to 2^126. */
CLEAVE_INLINE double cleave_state_load3(const float *state)
{
    return cleave_state_load2(state) + (double)state[2];
}

CLEAVE_INLINE void cleave_state_store3(float *state, double value)
{
    cleave_state_store2(state, value);
    state[2] = (float)(value - cleave_state_load2(state));
}

#ifdef __cplusplus
}
#endif

#endif
