/* convert_test.c: rate conversion in step keeps the length exact and the streams aligned, for any
 * division into blocks; and the backlog gives back the frames it was given. */
#include "host/backlog.h"
#include "host/convert.h"
#include "host/formats.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK    512
#define STREAMS  2
#define CHANNELS 2

/* What came out. */
typedef struct collected {
    float *samples[STREAMS];
    int64_t frames, capacity;
} collected;

static int collect(void *context, float *const *streams, int32_t frames)
{
    collected *all = context;
    if (all->frames + frames > all->capacity) {
        return -1;
    }
    for (int s = 0; s < STREAMS; s++) {
        memcpy(all->samples[s] + all->frames * CHANNELS, streams[s],
               (size_t)frames * CHANNELS * sizeof(float));
    }
    all->frames += frames;
    return 0;
}

/* A tone in the first stream, its half in the second. */
static float tone(int64_t frame, int channel, int32_t rate_hz)
{
    return (float)(0.5 *
                   sin(2.0 * M_PI * (channel == 0 ? 440.0 : 1000.0) * (double)frame / rate_hz));
}

static void convert(collected *all, int32_t in_hz, int32_t out_hz, int64_t frames, int32_t part)
{
    char message[AUDIO_MESSAGE_BYTES];
    rate_converter *converter = NULL;
    float first[BLOCK * CHANNELS], second[BLOCK * CHANNELS];
    float *streams[STREAMS] = {first, second};
    all->frames = 0;
    all->capacity = frames * 6 + 100000;
    for (int s = 0; s < STREAMS; s++) {
        all->samples[s] = calloc((size_t)all->capacity * CHANNELS, sizeof(float));
    }
    if (!TEST_CHECK(convert_open(&converter, STREAMS, CHANNELS, in_hz, out_hz, BLOCK, message) ==
                    0)) {
        TEST_FAIL("%s", message);
        return;
    }
    for (int64_t at = 0; at < frames; at += part) {
        int32_t count = (int32_t)(frames - at < part ? frames - at : part);
        for (int32_t i = 0; i < count * CHANNELS; i++) {
            first[i] = tone(at + i / CHANNELS, i % CHANNELS, in_hz);
            second[i] = 0.5f * first[i];
        }
        TEST_CHECK(convert_push(converter, streams, count, collect, all) == 0);
    }
    TEST_CHECK(convert_finish(converter, convert_length(frames, in_hz, out_hz), collect, all) == 0);
    convert_close(&converter);
}

static void free_collected(collected *all)
{
    for (int s = 0; s < STREAMS; s++) {
        free(all->samples[s]);
    }
}

static void test_conversion(void)
{
    static const struct {
        int32_t in_hz, out_hz;
        int64_t frames;
        int32_t part;
    } cases[] = {{44100, 48000, 44100, 512}, {48000, 44100, 48001, 7},   {8000, 192000, 1234, 512},
                 {192000, 8000, 9999, 511},  {44100, 44100, 5000, 333},  {44100, 22050, 1, 512},
                 {44100, 48000, 0, 512},     {96000, 44100, 96000, 100}, {11025, 16000, 3, 1}};
    if (audio_backend_resampler() == NULL) {
        test_skip("this build has no resampler");
        return;
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        collected all;
        convert(&all, cases[i].in_hz, cases[i].out_hz, cases[i].frames, cases[i].part);
        int64_t expected = convert_length(cases[i].frames, cases[i].in_hz, cases[i].out_hz);
        if (!TEST_CHECK(all.frames == expected)) {
            TEST_FAIL("%d to %d Hz: %lld frames, not %lld", cases[i].in_hz, cases[i].out_hz,
                      (long long)all.frames, (long long)expected);
        }
        for (int64_t k = 0; k < all.frames * CHANNELS; k++) {
            /* Equal but for the rounding of single floats on two ways through one filter. */
            if (!TEST_CHECK(fabsf(all.samples[1][k] - 0.5f * all.samples[0][k]) < 1e-6f)) {
                break;
            }
        }
        /* Away from the ends, where the filter sees silence, the tone is where it was. */
        for (int64_t k = expected / 4; cases[i].frames > 9000 && k < expected * 3 / 4; k++) {
            if (!TEST_CHECK(fabsf(all.samples[0][k * CHANNELS] - tone(k, 0, cases[i].out_hz)) <
                            1e-3f)) {
                TEST_FAIL("%d to %d Hz at frame %lld", cases[i].in_hz, cases[i].out_hz,
                          (long long)k);
                break;
            }
        }
        free_collected(&all);
    }
    test_passed_count((int)(sizeof cases / sizeof cases[0]));
}

static void test_lengths(void)
{
    TEST_CHECK(convert_length(44100, 44100, 48000) == 48000);
    TEST_CHECK(convert_length(0, 44100, 48000) == 0);
    TEST_CHECK(convert_length(1, 44100, 22050) == 1); /* round half up */
    TEST_CHECK(convert_length(1, 192000, 8000) == 0);
    /* A year at 192 kHz: products of frames and rates would overflow. */
    TEST_CHECK(convert_length(INT64_C(31536000) * 192000, 192000, 44100) ==
               INT64_C(31536000) * 44100);
}

static void test_backlog(void)
{
    backlog waiting = {0};
    float in[777], out[777];
    uint64_t pushed = 0, popped = 0;
    int wrong = 0;
    for (int round = 0; round < 2000; round++) {
        int64_t count = 1 + round * 37 % 777;
        for (int64_t i = 0; i < count; i++) {
            in[i] = test_uniform(1, pushed++);
        }
        TEST_CHECK(backlog_push(&waiting, in, count) == 0);
        int64_t take = round % 3 == 0 ? 0 : waiting.count < 777 ? waiting.count : 777;
        backlog_take(&waiting, out, take);
        for (int64_t i = 0; i < take; i++, popped++) {
            wrong += out[i] != test_uniform(1, popped);
        }
    }
    TEST_CHECK(wrong == 0 && popped > 100000 && pushed - popped == (uint64_t)waiting.count);
    backlog_free(&waiting);
}

static void test_formats(void)
{
    TEST_CHECK(formats_rate_hz(AUDIO_WAV, 37000) == 37000);
    TEST_CHECK(formats_rate_hz(AUDIO_MP3, 44100) == 44100);
    TEST_CHECK(formats_rate_hz(AUDIO_MP3, 96000) == 48000);
    TEST_CHECK(formats_rate_hz(AUDIO_MP3, 88200) == 44100);
    TEST_CHECK(formats_rate_hz(AUDIO_MP3, 37000) == 44100);
    TEST_CHECK(formats_rate_hz(AUDIO_M4A, 192000) == 96000);
    TEST_CHECK(formats_rate_hz(AUDIO_M4A, 176400) == 88200);
    TEST_CHECK(formats_rate_hz(AUDIO_OPUS, 44100) == 48000);
    cli_options options = {.format = AUDIO_WAV, .bits = BITS_KEEP};
    audio_info deep = {.sample_format = "s24", .bits = 24}, lossy = {.sample_format = "lossy"};
    audio_info floats = {.sample_format = "f64", .bits = 64},
               full = {.sample_format = "s32", .bits = 32};
    TEST_CHECK(formats_bits(&options, &deep, 0) == 24 && formats_bits(&options, &lossy, 0) == 16);
    TEST_CHECK(formats_bits(&options, &floats, 0) == BITS_FLOAT &&
               formats_bits(&options, &full, 0) == 32);
    options.format = AUDIO_FLAC;
    TEST_CHECK(formats_bits(&options, &floats, 0) == 24 && formats_bits(&options, &full, 0) == 24);
    options.bits = BITS_DEFAULT;
    TEST_CHECK(formats_bits(&options, &deep, 1) == 16);
    options.format = AUDIO_WAV;
    TEST_CHECK(formats_bits(&options, &deep, 0) == 16 &&
               formats_bits(&options, &deep, 1) == BITS_FLOAT);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"conversion in step", test_conversion},
        {"lengths", test_lengths},
        {"backlog", test_backlog},
        {"formats", test_formats},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
