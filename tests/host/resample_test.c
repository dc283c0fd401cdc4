/* resample_test.c: the resampler's length, alignment and accuracy, and that blocks do not matter.
 */
#include "host/audio.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double tau = 6.283185307179586;

/* Converts all of `in` with the given block sizes. Returns the frames written. */
static int64_t convert(const float *in, int64_t frames, int32_t channels, int32_t in_hz,
                       int32_t out_hz, float *out, int64_t out_max, int64_t in_block,
                       int64_t out_block)
{
    char message[AUDIO_MESSAGE_BYTES];
    audio_resampler *resampler = NULL;
    int64_t total = 0, done = 0, consumed, written;

    if (!TEST_CHECK(!audio_resampler_open(&resampler, channels, in_hz, out_hz, message)))
        return -1;
    for (int flushing = 0; flushing < 2;) {
        int64_t room = out_max - total < out_block ? out_max - total : out_block;
        int64_t count = frames - done < in_block ? frames - done : in_block;
        flushing = done >= frames;
        if (!TEST_CHECK(!audio_resampler_process(resampler, flushing ? NULL : in + done * channels,
                                                 count, &consumed, out + total * channels, room,
                                                 &written)))
            break;
        done += consumed;
        total += written;
        if ((flushing && written == 0) || room == 0)
            break;
    }
    audio_resampler_close(&resampler);
    audio_resampler_close(&resampler);
    return total;
}

static const int32_t pairs[][2] = {{44100, 48000}, {48000, 44100},  {48000, 96000}, {96000, 48000},
                                   {96000, 8000},  {8000, 96000},   {44100, 8000},  {8000, 44100},
                                   {44100, 96000}, {192000, 44100}, {11025, 48000}, {44100, 44101}};

static int absent(void)
{
    if (audio_backend_resampler())
        return 0;
    char message[AUDIO_MESSAGE_BYTES] = "";
    audio_resampler *resampler = NULL;
    if (!TEST_CHECK(audio_resampler_open(&resampler, 1, 44100, 48000, message) == -1) ||
        !TEST_CHECK(strstr(message, "libsoxr") != NULL))
        return 1;
    test_skip("built without libsoxr, and says so");
    return 1;
}

/* In-band error of a faded 997 Hz sine against the same sine drawn at the output's rate, in double.
 */
static void sine_is_accurate_and_aligned(void)
{
    if (absent())
        return;
    for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
        int32_t in_hz = pairs[p][0], out_hz = pairs[p][1];
        int64_t frames = 2 * in_hz, out_frames = 2 * (int64_t)out_hz;
        float *in = malloc((size_t)frames * sizeof *in),
              *out = malloc((size_t)out_frames * sizeof *out);
        double signal = 0, noise = 0;
        for (int64_t t = 0; t < frames; t++) {
            double time = (double)t / in_hz;
            in[t] = (float)(0.5 * sin(tau * 997 * time) * pow(sin(tau * time / 4), 2));
        }
        int64_t got = convert(in, frames, 1, in_hz, out_hz, out, out_frames, 1000, 1000);
        if (got != out_frames)
            TEST_FAIL("%d -> %d Hz: %lld frames, %lld expected", in_hz, out_hz, (long long)got,
                      (long long)out_frames);
        for (int64_t t = 0; t < got; t++) {
            double time = (double)t / out_hz;
            double expected = 0.5 * sin(tau * 997 * time) * pow(sin(tau * time / 4), 2);
            signal += expected * expected;
            noise += ((double)out[t] - expected) * ((double)out[t] - expected);
        }
        /* Input and output rounded to float leave about 150 dB. */
        double snr = 10 * log10(signal / noise);
        if (!(snr > 120))
            TEST_FAIL("%d -> %d Hz: %.1f dB", in_hz, out_hz, snr);
        TEST_CHECK(got > 0);
        free(in);
        free(out);
    }
}

/* A linear sweep up to 0.8 of the lower half rate, faded at both ends. */
static double sweep(double time, double length, double top_hz)
{
    double fade = fmin(fmin(time, length - time) / 0.1, 1);
    double window = fade <= 0 ? 0 : 0.5 - 0.5 * cos(tau / 2 * fade);

    return 0.5 * window * sin(tau * (20 * time + (top_hz - 20) * time * time / (2 * length)));
}

static void sweep_is_accurate_and_aligned(void)
{
    if (absent())
        return;
    for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
        int32_t in_hz = pairs[p][0], out_hz = pairs[p][1];
        double top_hz = 0.4 * (in_hz < out_hz ? in_hz : out_hz), signal = 0, noise = 0;
        int64_t frames = in_hz, out_frames = out_hz;
        float *in = malloc((size_t)frames * sizeof *in),
              *out = malloc((size_t)out_frames * sizeof *out);
        for (int64_t t = 0; t < frames; t++)
            in[t] = (float)sweep((double)t / in_hz, 1, top_hz);
        int64_t got = convert(in, frames, 1, in_hz, out_hz, out, out_frames, 777, 500);
        TEST_CHECK(got == out_frames);
        for (int64_t t = 0; t < got; t++) {
            double expected = sweep((double)t / out_hz, 1, top_hz);
            signal += expected * expected;
            noise += ((double)out[t] - expected) * ((double)out[t] - expected);
        }
        double snr = 10 * log10(signal / noise);
        if (!(snr > 120))
            TEST_FAIL("%d -> %d Hz: %.1f dB", in_hz, out_hz, snr);
        free(in);
        free(out);
    }
}

static void lengths_are_exact(void)
{
    static const int64_t lengths[] = {0, 1, 2, 3, 10, 147, 159, 160, 161, 4095, 4096, 30011};
    enum { OUT_MAX = 400000 };
    float *in = calloc(30011 * 2, sizeof *in), *out = calloc(OUT_MAX * 2, sizeof *out);

    for (size_t p = 0; p < sizeof pairs / sizeof *pairs && !absent(); p++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            int64_t due = (int64_t)llround((double)lengths[i] * pairs[p][1] / pairs[p][0]);
            int64_t got =
                convert(in, lengths[i], 2, pairs[p][0], pairs[p][1], out, OUT_MAX, 512, 4096);
            if (got != due)
                TEST_FAIL("%lld frames at %d -> %d Hz: %lld frames, %lld expected",
                          (long long)lengths[i], pairs[p][0], pairs[p][1], (long long)got,
                          (long long)due);
            TEST_CHECK(got >= 0);
        }
    free(in);
    free(out);
}

/* One frame at a time, primes, powers of two: the same bytes. */
static void blocks_do_not_matter(void)
{
    static const int64_t blocks[][2] = {{1, 4096}, {7, 4096},    {4096, 1},
                                        {997, 64}, {1024, 1024}, {2, 3}};
    enum { FRAMES = 9001, OUT_MAX = 20000 };
    float *in = malloc(FRAMES * 2 * sizeof *in);
    float *whole = malloc(OUT_MAX * 2 * sizeof *whole),
          *parts = malloc(OUT_MAX * 2 * sizeof *parts);

    for (int i = 0; i < FRAMES * 2; i++)
        in[i] = test_uniform(5, (uint64_t)i);
    for (size_t p = 0; p < 4 && !absent(); p++) {
        int64_t expected =
            convert(in, FRAMES, 2, pairs[p][0], pairs[p][1], whole, OUT_MAX, FRAMES, OUT_MAX);
        for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
            int64_t got = convert(in, FRAMES, 2, pairs[p][0], pairs[p][1], parts, OUT_MAX,
                                  blocks[b][0], blocks[b][1]);
            if (got != expected || memcmp(whole, parts, (size_t)got * 2 * sizeof *parts))
                TEST_FAIL("%d -> %d Hz in blocks of %lld and %lld differs", pairs[p][0],
                          pairs[p][1], (long long)blocks[b][0], (long long)blocks[b][1]);
        }
    }
    free(in);
    free(whole);
    free(parts);
}

/* Channels stay apart: one is silent and stays so. */
static void channels_do_not_mix(void)
{
    enum { FRAMES = 5000, OUT_MAX = 6000 };
    float *in = calloc(FRAMES * 8, sizeof *in), *out = calloc(OUT_MAX * 8, sizeof *out);
    int64_t got = 0;
    double loud = 0;

    if (!absent()) {
        for (int t = 0; t < FRAMES; t++)
            in[t * 8 + 5] = test_uniform(9, (uint64_t)t);
        got = convert(in, FRAMES, 8, 44100, 48000, out, OUT_MAX, 100, 100);
        for (int64_t i = 0; i < got * 8; i++) {
            if (i % 8 == 5)
                loud += fabs((double)out[i]);
            else if (out[i] != 0)
                got = TEST_FAIL("channel %d is not silent", (int)(i % 8));
        }
        TEST_CHECK(loud > 1000);
    }
    free(in);
    free(out);
}

static void impossible_rates_are_refused(void)
{
    char message[AUDIO_MESSAGE_BYTES] = "";
    audio_resampler *resampler = NULL;

    if (absent())
        return;
    TEST_CHECK(audio_resampler_open(&resampler, 2, 0, 44100, message) == -1 &&
               strstr(message, "0 Hz"));
    TEST_CHECK(audio_resampler_open(&resampler, 2, 44100, 2000000000, message) == -1);
    TEST_CHECK(audio_resampler_open(&resampler, 9, 44100, 48000, message) == -1);
    TEST_CHECK(resampler == NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"sine_is_accurate_and_aligned", sine_is_accurate_and_aligned},
        {"sweep_is_accurate_and_aligned", sweep_is_accurate_and_aligned},
        {"lengths_are_exact", lengths_are_exact},
        {"blocks_do_not_matter", blocks_do_not_matter},
        {"channels_do_not_mix", channels_do_not_mix},
        {"impossible_rates_are_refused", impossible_rates_are_refused},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
