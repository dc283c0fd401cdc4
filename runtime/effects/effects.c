/* effects.c: the list of effects. */
#include "runtime/effects/effects.h"

#include "runtime/effects/list.h"

/* clang-format off */
static const cleave_effect *const list[] = {
    &cleave_effect_gain,
    &cleave_effect_pan,
    &cleave_effect_width,
    &cleave_effect_mix,
    &cleave_effect_fade,
    &cleave_effect_eq,
    &cleave_effect_highpass,
    &cleave_effect_lowpass,
    &cleave_effect_bandpass,
    &cleave_effect_notch,
    &cleave_effect_compressor,
    &cleave_effect_gate,
    &cleave_effect_limiter,
    &cleave_effect_reverb,
    &cleave_effect_convolve,
    &cleave_effect_denoise,
    &cleave_effect_normalize,
    &cleave_effect_dither,
};
/* clang-format on */

const cleave_effect *cleave_effect_at(int32_t index)
{
    return index < (int32_t)(sizeof list / sizeof list[0]) ? list[index] : NULL;
}
