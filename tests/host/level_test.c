/* level_test.c: mean and deviation of a mono mix, against sums in long double, however it is cut. */
#include "host/level.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>

#define FRAMES 100003

/* Noise around an offset, from a generator of Knuth's (MMIX), so that every run has the same. */
static float *make_track(int32_t channels, double offset, double scale)
{
    float *track = malloc(sizeof(float) * FRAMES * (size_t)channels);
    uint64_t state = 1;
    for (int64_t i = 0; track != NULL && i < (int64_t)FRAMES * channels; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        track[i] = (float)(offset + scale * ((double)(state >> 11) / 4503599627370496.0 - 1.0));
    }
    return track;
}

static void check_track(int32_t channels, double offset, double scale)
{
    static const int64_t cuts[] = {1, 7, 8192, FRAMES};
    float *track = make_track(channels, offset, scale);
    long double mean = 0;
    long double squares = 0;
    if (!TEST_CHECK(track != NULL)) {
        return;
    }
    for (int pass = 0; pass < 2; pass++) {
        long double sum = 0;
        for (int64_t i = 0; i < FRAMES; i++) {
            long double mono = 0;
            for (int32_t c = 0; c < channels; c++) {
                mono += track[i * channels + c];
            }
            mono /= channels;
            sum += pass == 0 ? mono : (mono - mean) * (mono - mean);
        }
        mean = pass == 0 ? sum / FRAMES : mean;
        squares = sum;
    }
    double deviation = (double)sqrtl(squares / (FRAMES - 1));
    for (size_t k = 0; k < sizeof cuts / sizeof cuts[0]; k++) {
        level_sum sum = {0};
        for (int64_t at = 0; at < FRAMES; at += cuts[k]) {
            int64_t part = FRAMES - at < cuts[k] ? FRAMES - at : cuts[k];
            level_add(&sum, track + at * channels, part, channels);
        }
        /* 1e5 updates of double round by 1e5 * 2^-53 = 1e-11 of the largest value at worst. */
        double tolerance = 1e-11 * (fabs(offset) + scale);
        TEST_CHECK(sum.frames == FRAMES);
        TEST_CHECK(fabs(sum.mean - (double)mean) <= tolerance);
        TEST_CHECK(fabs(level_deviation(&sum) - deviation) <= tolerance);
    }
    free(track);
}

static void noise(void)
{
    check_track(1, 0, 0.5);
    check_track(2, 0, 0.5);
    check_track(6, 0.01, 0.1);
}

/* Where a difference of two sums of squares would have nothing left. */
static void far_from_zero(void)
{
    check_track(2, 1000, 1e-3);
}

static void short_tracks(void)
{
    const float frames[] = {1, 3, -1, -1};
    level_sum sum = {0};
    TEST_CHECK(level_deviation(&sum) == 0 && sum.mean == 0);
    level_add(&sum, frames, 0, 2);
    TEST_CHECK(sum.frames == 0);
    level_add(&sum, frames, 1, 2);
    TEST_CHECK(sum.mean == 2 && level_deviation(&sum) == 0);
    level_add(&sum, frames + 2, 1, 2);
    /* 2 and -1: 0.5, and sqrt(1.5^2 + 1.5^2) */
    TEST_CHECK(sum.mean == 0.5 && fabs(level_deviation(&sum) - sqrt(4.5)) < 1e-15);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"noise of 1, 2 and 6 channels, cut anyhow", noise},
        {"small noise on a large offset", far_from_zero},
        {"no frame, one, two", short_tracks},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
