/* section.h: coefficients of sections of second order, from what their user says. */
#ifndef CLEAVE_RUNTIME_EFFECTS_SECTION_H
#define CLEAVE_RUNTIME_EFFECTS_SECTION_H

#include "runtime/cleave_fx.h"

/* b0 b1 b2 a1 a2 of H(z) = (b0 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2): the order of
 * kernels/biquad. The forms are those of R. Bristow-Johnson, "Cookbook formulae for audio
 * equalizer biquad filter coefficients"; a shelf's slope is given by Q, a band-pass has a peak of
 * 0 dB. 0 < frequency < rate / 2. */
void cleave_section_from_band(const cleave_fx_band *band, double rate_hz, double coefficients[5]);

#endif
