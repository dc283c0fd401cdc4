/* k_weighting.h: the filter of loudness. */
#ifndef CLEAVE_RUNTIME_K_WEIGHTING_H
#define CLEAVE_RUNTIME_K_WEIGHTING_H

#include "kernels/biquad/biquad.h"

#define CLEAVE_K_SECTIONS 2

/* K-weighting at a rate, as parameters of the op biquad: the shelf and the high-pass of Rec. ITU-R
 * BS.1770-4, annex 1, whose coefficients at 48 kHz are those of analogue filters (De Man,
 * "Evaluation of implementations of the EBU R128 loudness measurement", 2018; libebur128). */
void cleave_k_weighting(double rate_hz, double out[CLEAVE_K_SECTIONS * CLEAVE_BIQUAD_COEFFICIENTS]);

/* Loudness in LUFS of a sum over channels of weighted mean squares; -infinity for 0. */
double cleave_k_lufs(double mean_square);

#endif
