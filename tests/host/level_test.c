/* level_test.c: mean and deviation of a mono mix, against sums in long double, however it is cut.
 */
#include "host/level.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    double first[2] = {0};
    for (size_t k = 0; k < sizeof cuts / sizeof cuts[0]; k++) {
        level_sum sum = {0};
        double got[2];
        for (int64_t at = 0; at < FRAMES; at += cuts[k]) {
            int64_t part = FRAMES - at < cuts[k] ? FRAMES - at : cuts[k];
            level_add(&sum, track + at * channels, part, channels);
        }
        level_finish(&sum, &got[0], &got[1]);
        /* A block adds up 1024 numbers and 98 blocks are joined: 1e3 roundings of 2^-53 of the
         * largest value are 1e-13. */
        double tolerance = 1e-12 * (fabs(offset) + scale);
        TEST_CHECK(sum.frames == FRAMES);
        TEST_CHECK(fabs(got[0] - (double)mean) <= tolerance);
        TEST_CHECK(fabs(got[1] - deviation) <= tolerance);
        if (k == 0) {
            memcpy(first, got, sizeof first);
        }
        TEST_CHECK(memcmp(first, got, sizeof first) == 0);
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
    double mean;
    double deviation;
    for (int64_t count = 0; count <= 2; count++) {
        static const double means[] = {0, 2, 0.5};
        level_sum sum = {0};
        level_add(&sum, frames, count, 2);
        level_finish(&sum, &mean, &deviation);
        /* 2 and -1 lie 1.5 from their mean. */
        double expected = count == 2 ? sqrt(4.5) : 0;
        TEST_CHECK(sum.frames == count && mean == means[count]);
        TEST_CHECK(fabs(deviation - expected) < 1e-15);
    }
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
