/* loudness_peer.h: what libebur128 says of a programme, where it is installed. */
#ifndef CLEAVE_TESTS_LOUDNESS_PEER_H
#define CLEAVE_TESTS_LOUDNESS_PEER_H

#include <stdint.h>

typedef struct loudness_peer {
    double integrated_lufs, range_lu;
    double true_peak; /* linear, of all channels */
} loudness_peer;

/* Returns 0, and leaves *out, in builds without it. Interleaved frames; 6 channels are L R C LFE Ls
 * Rs. */
int loudness_peer_measure(const float *in, int64_t frames, int32_t channels, int32_t rate_hz,
                          loudness_peer *out);

#endif
