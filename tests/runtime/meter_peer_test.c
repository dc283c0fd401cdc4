/* meter_peer_test.c: 200 random programmes against libebur128. */
#include "tests/loudness_peer.h"
#include "tests/runtime/meter_scene.h"

#include <stdio.h>

/* Noise with the slope of music and tones, in segments of changing level, some silent; faded at the
 * end, since the two differ on what follows a cut. */
static scene programme(int32_t rate_hz, int32_t channels, uint64_t seed, double seconds)
{
    scene s = scene_new(rate_hz, channels);
    float *x = scene_extend(&s, seconds);
    double low[CLEAVE_CHANNELS_MAX] = {0};
    uint64_t draw = 1000000;

    for (int64_t t = 0; t < s.frames;) {
        const int64_t length = (int64_t)((0.1 + fabs(test_uniform(seed, draw++))) * rate_hz);
        const double level = 0.8 * pow(10, -1.8 * fabs((double)test_uniform(seed, draw++)));
        const double hz = 50 * pow(2, 7 * fabs((double)test_uniform(seed, draw++)));
        const double share = fabs((double)test_uniform(seed, draw++));
        const int is_silent = test_uniform(seed, draw++) > 0.8f;
        for (int64_t i = 0; i < length && t < s.frames; i++, t++)
            for (int c = 0; c < channels; c++) {
                const double white = (double)test_uniform(seed, (uint64_t)(t * channels + c));
                const double tone = sin(2 * M_PI * hz * (1 + 0.2 * c) * (double)t / rate_hz);
                low[c] += 0.15 * 48000 / rate_hz * (white - low[c]);
                const double fade = fmin(1, (double)(s.frames - 1 - t) / 1000);
                x[t * channels + c] =
                    is_silent ? 0
                              : (float)(fade * level * ((1 - share) * tone + 3 * share * low[c]));
            }
    }
    return s;
}

static void peers(void)
{
    static const int32_t rates[] = {32000, 44100, 48000, 88200, 96000, 192000};
    static const int32_t channel_counts[] = {1, 2, 6};
    double worst_lufs = 0, worst_peak = 0;
    int good = 0;

    for (int i = 0; i < 200; i++) {
        const int32_t rate_hz = rates[i % 6];
        const int32_t channels = channel_counts[i / 6 % 3];
        const double longest = 4.0 * 88200 / (channels * (double)rate_hz);
        scene s = programme(rate_hz, channels, (uint64_t)i,
                            0.6 + fmax(longest, 0.6) * fabs(test_uniform(99, (uint64_t)i)));
        loudness_peer peer;
        if (!loudness_peer_measure(s.data, s.frames, channels, rate_hz, &peer)) {
            scene_free(&s);
            test_skip("libebur128 was not there at build time");
            return;
        }
        cleave_meter_result *r = scene_measure(&s);
        const double lufs = r->integrated_lufs == peer.integrated_lufs
                                ? 0
                                : r->integrated_lufs - peer.integrated_lufs;
        const double peak = peer.true_peak > 0 ? r->true_peak_dbtp - 20 * log10(peer.true_peak) : 0;
        if (fabs(lufs) <= 0.1 && fabs(peak) <= 0.1)
            good += TEST_CHECK(1);
        else
            TEST_FAIL("programme %d, %d Hz, %d channels: %.3f LU, %.3f dB off", i, (int)rate_hz,
                      (int)channels, lufs, peak);
        worst_lufs = fmax(worst_lufs, fabs(lufs));
        worst_peak = fmax(worst_peak, fabs(peak));
        free(r);
        scene_free(&s);
    }
    printf("at most %.4f LU, %.4f dB from libebur128\n", worst_lufs, worst_peak);
    test_passed_count(good);
}

/* The range is of windows that begin every 0.1 s here and every second there. */
static void ranges(void)
{
    for (int i = 0; i < 6; i++) {
        scene s = programme(32000, 1, 300 + (uint64_t)i, 60);
        loudness_peer peer;
        if (!loudness_peer_measure(s.data, s.frames, 1, 32000, &peer)) {
            scene_free(&s);
            test_skip("libebur128 was not there at build time");
            return;
        }
        cleave_meter_result *r = scene_measure(&s);
        scene_near("range", r->loudness_range_lu, peer.range_lu, 1, 1);
        scene_near("integrated", r->integrated_lufs, peer.integrated_lufs, 0.02, 0.02);
        free(r);
        scene_free(&s);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {{"200 programmes", peers}, {"ranges", ranges}};

    return test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
