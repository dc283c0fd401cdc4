/* center_tables.h: the constant tensors of the centre method, as functions that fill them.
 *
 * Arguments are those of cleave_graph_constant(): data of so many bytes, and the context. Tensors
 * over bins, [F], have the width of a bin in Hz, a double, as their context. */
#ifndef CLEAVE_RUNTIME_CENTER_TABLES_H
#define CLEAVE_RUNTIME_CENTER_TABLES_H

#include <stddef.h>

/* [N]: periodic Hann window; no context. */
void cleave_center_window(void *data, size_t bytes, const void *context);

/* [F]: log odds of a voice, linear in the logarithm of frequency between knots. */
void cleave_center_prior(void *data, size_t bytes, const void *context);

/* [F]: gain of the percussive power. A low drum has few bins to be wide in: it is helped there. */
void cleave_center_kick(void *data, size_t bytes, const void *context);

/* [F]: squared magnitude of a Butterworth low-pass. */
void cleave_center_bass(void *data, size_t bytes, const void *context);

/* [2][C]: what left and right have of each channel, by the number of channels, 3 or more (the
 * context, an int32_t), and the order of RFC 9639 (FLAC), which is that of WAVE files: front,
 * centre, low, back, side. Centre and low go to both at 3 dB less. */
void cleave_center_downmix(void *data, size_t bytes, const void *context);

#endif
