/* signal.h: the synthetic stereo track on which the golden vectors were made, 44.1 kHz.
 *
 * A formula of bass, a voice with vibrato, a pad, a sweep, decaying noise and an offset, quantised
 * to 16 bits, so that every machine has the same samples. */
#ifndef CLEAVE_TESTS_SIGNAL_H
#define CLEAVE_TESTS_SIGNAL_H

#include <stdint.h>

#define TEST_SIGNAL_RATE 44100

/* Sample `n` >= 0 of the left (0) or right (1) channel, in units of 1/32768. */
int test_signal_sample(int channel, int64_t n);

/* out[c * stride + i] = sample first + i of channel c as float, both channels. */
void test_signal(int64_t first, int64_t count, int64_t stride, float *out);

#endif
