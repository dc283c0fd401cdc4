/* loudness_peer_ebur128.c: libebur128. */
#include "tests/loudness_peer.h"

#include <ebur128.h>
#include <stdio.h>
#include <stdlib.h>

int loudness_peer_measure(const float *in, int64_t frames, int32_t channels, int32_t rate_hz,
                          loudness_peer *out)
{
    ebur128_state *st = ebur128_init((unsigned)channels, (unsigned long)rate_hz,
                                     EBUR128_MODE_I | EBUR128_MODE_LRA | EBUR128_MODE_TRUE_PEAK);

    if (!st || ebur128_add_frames_float(st, in, (size_t)frames) != EBUR128_SUCCESS) {
        fprintf(stderr, "libebur128 failed\n");
        exit(2);
    }
    *out = (loudness_peer){0};
    ebur128_loudness_global(st, &out->integrated_lufs);
    ebur128_loudness_range(st, &out->range_lu);
    for (int32_t c = 0; c < channels; c++) {
        double peak = 0;
        ebur128_true_peak(st, (unsigned)c, &peak);
        out->true_peak = peak > out->true_peak ? peak : out->true_peak;
    }
    ebur128_destroy(&st);
    return 1;
}
