/* list.h: every effect there is. */
#ifndef CLEAVE_RUNTIME_EFFECTS_LIST_H
#define CLEAVE_RUNTIME_EFFECTS_LIST_H

#include "runtime/effects/effects.h"

extern const cleave_effect cleave_effect_gain;
extern const cleave_effect cleave_effect_pan;
extern const cleave_effect cleave_effect_width;
extern const cleave_effect cleave_effect_mix;
extern const cleave_effect cleave_effect_fade;
extern const cleave_effect cleave_effect_eq;
extern const cleave_effect cleave_effect_highpass;
extern const cleave_effect cleave_effect_lowpass;
extern const cleave_effect cleave_effect_bandpass;
extern const cleave_effect cleave_effect_notch;
extern const cleave_effect cleave_effect_compressor;
extern const cleave_effect cleave_effect_gate;
extern const cleave_effect cleave_effect_limiter;
extern const cleave_effect cleave_effect_reverb;
extern const cleave_effect cleave_effect_convolve;
extern const cleave_effect cleave_effect_denoise;
extern const cleave_effect cleave_effect_normalize;
extern const cleave_effect cleave_effect_dither;

#endif
