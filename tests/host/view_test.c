/* view_test.c: spectrograms and waveforms as pictures: what is where, in tracks of any length. */
#include "host/spectrogram_view.h"
#include "host/waveform_view.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RATE 16000
/* Where the plots lie in their pictures. */
#define LEFT 64
#define TOP  46

static int is_like(colour a, colour b, int tolerance)
{
    return abs(a.red - b.red) <= tolerance && abs(a.green - b.green) <= tolerance &&
           abs(a.blue - b.blue) <= tolerance;
}

static colour pixel(const picture *drawn, int32_t x, int32_t y)
{
    return drawn->pixels[(TOP + y) * drawn->width + LEFT + x];
}

/* A sine in all channels. */
static float *sine(double hz, double amplitude, int32_t channels, int64_t frames)
{
    float *x = malloc(sizeof *x * (size_t)(frames * channels));
    for (int64_t i = 0; i < frames * channels; i++) {
        x[i] = (float)(amplitude * sin(6.283185307179586 * hz * (double)(i / channels) / RATE));
    }
    return x;
}

static picture draw_spectrogram(const float *x, int32_t channels, int64_t frames, int64_t declared,
                                int64_t step, frequency_scale scale)
{
    spectrogram_view *view = spectrogram_view_open(RATE, channels, declared, scale);
    picture drawn;
    TEST_CHECK(view != NULL);
    for (int64_t at = 0; at < frames; at += step) {
        spectrogram_view_push(view, x + at * channels, frames - at < step ? frames - at : step);
    }
    spectrogram_view_finish(view);
    TEST_CHECK(spectrogram_view_draw(view, "track", 80, &drawn) == 0);
    spectrogram_view_close(&view);
    TEST_CHECK(view == NULL);
    return drawn;
}

/* The row of the plot, from its bottom, that is brightest in the middle of the track. */
static int32_t brightest_row(const picture *drawn)
{
    int32_t best = 0, most = -1;
    for (int32_t y = 0; y < SPECTROGRAM_HEIGHT; y++) {
        colour c = pixel(drawn, SPECTROGRAM_WIDTH / 2, y);
        int32_t sum = c.red + c.green + c.blue;
        if (sum > most) {
            most = sum;
            best = SPECTROGRAM_HEIGHT - 1 - y;
        }
    }
    return best;
}

static void test_frequencies(void)
{
    static const double frequencies[] = {100, 1000, 5000};
    for (int scale = FREQUENCY_LOG; scale <= FREQUENCY_LINEAR; scale++) {
        frequency_axis axis = frequency_axis_of((frequency_scale)scale, RATE);
        for (int i = 0; i < 3; i++) {
            float *x = sine(frequencies[i], 0.1, 2, RATE);
            picture drawn = draw_spectrogram(x, 2, RATE, RATE, 1000, (frequency_scale)scale);
            double expected = frequency_axis_place(&axis, frequencies[i]) * SPECTROGRAM_HEIGHT;
            int32_t row = brightest_row(&drawn);
            /* A bin of 7.8 Hz is 11 rows high at 100 Hz of a log axis. */
            if (fabs(row + 0.5 - expected) > 7) {
                TEST_FAIL("scale %d: %g Hz is in row %d, not %g", scale, frequencies[i], row,
                          expected);
            }
            TEST_CHECK(drawn.width > SPECTROGRAM_WIDTH && drawn.height > SPECTROGRAM_HEIGHT);
            picture_free(&drawn);
            free(x);
        }
    }
}

/* A sine of -20 dBFS: the top of the bar is its level, rounded up to ten dB, so that it has the
 * last colour; 80 dB below is the first. */
static void test_levels(void)
{
    float *x = sine(1000, 0.1, 1, RATE);
    picture drawn = draw_spectrogram(x, 1, RATE, RATE, RATE, FREQUENCY_LOG);
    int32_t y = SPECTROGRAM_HEIGHT - 1 - brightest_row(&drawn);
    TEST_CHECK(is_like(pixel(&drawn, 600, y), picture_heat(1), 24));
    TEST_CHECK(is_like(pixel(&drawn, 600, SPECTROGRAM_HEIGHT - 20), picture_heat(0), 3));
    picture_free(&drawn);
    free(x);
}

/* Silence but for a second of sine in the middle of a minute; a pipe's length is not known. */
static void test_times(void)
{
    enum { SECONDS = 60 };
    float *x = calloc(SECONDS * RATE, sizeof *x), *tone = sine(1000, 0.5, 1, RATE);
    memcpy(x + 30 * RATE, tone, sizeof *tone * RATE);
    for (int known = 0; known < 2; known++) {
        picture drawn = draw_spectrogram(x, 1, SECONDS * RATE, known ? SECONDS * RATE : -1, 4096,
                                         FREQUENCY_LINEAR);
        int32_t y = SPECTROGRAM_HEIGHT - SPECTROGRAM_HEIGHT * 1000 / 8000;
        TEST_CHECK(!is_like(pixel(&drawn, 610, y), picture_heat(0), 90));
        TEST_CHECK(is_like(pixel(&drawn, 590, y), picture_heat(0), 3));
        TEST_CHECK(is_like(pixel(&drawn, 630, y), picture_heat(0), 3));
        picture_free(&drawn);
    }
    free(x);
    free(tone);
}

/* The picture does not depend on the blocks; tracks of no or few frames have one too. */
static void test_blocks(void)
{
    float *x = sine(440, 0.5, 2, 20000);
    picture first = draw_spectrogram(x, 2, 20000, -1, 20000, FREQUENCY_MEL);
    picture other = draw_spectrogram(x, 2, 20000, -1, 777, FREQUENCY_MEL);
    TEST_CHECK(memcmp(first.pixels, other.pixels,
                      sizeof(colour) * (size_t)(first.width * first.height)) == 0);
    picture_free(&first);
    picture_free(&other);
    for (int64_t frames = 0; frames < 3; frames++) {
        picture drawn = draw_spectrogram(x, 2, frames, frames, 1, FREQUENCY_LOG);
        TEST_CHECK(drawn.pixels != NULL);
        picture_free(&drawn);
    }
    free(x);
}

static picture draw_waveform(const float *x, int32_t channels, int64_t frames, int64_t step,
                             amplitude_scale scale)
{
    waveform_view *view = waveform_view_open(RATE, channels, 0.999, 2);
    picture drawn;
    TEST_CHECK(view != NULL);
    for (int64_t at = 0; at < frames; at += step) {
        waveform_view_push(view, x + at * channels, frames - at < step ? frames - at : step);
    }
    TEST_CHECK(waveform_view_draw(view, "track", scale, &drawn) == 0);
    waveform_view_close(&view);
    return drawn;
}

static int is_white(colour c)
{
    return is_like(c, (colour){255, 255, 255}, 45); /* or a line of the grid */
}

static int is_red(colour c)
{
    return c.red > 180 && c.green < 90 && c.blue < 90;
}

/* A sine of half of full scale: the plot is empty above 0.5 and full below; RMS to 0.354. */
static void test_waveform(void)
{
    float *x = sine(1000, 0.5, 1, 4 * RATE);
    picture drawn = draw_waveform(x, 1, 4 * RATE, 1000, AMPLITUDE_LINEAR);
    int32_t height = 320;
    for (int32_t place = 100; place < 1100; place += 100) {
        TEST_CHECK(is_white(pixel(&drawn, place, height / 2 - 88)));
        TEST_CHECK(!is_white(pixel(&drawn, place, height / 2 - 70)));
        TEST_CHECK(pixel(&drawn, place, height / 2 - 70).red >
                   pixel(&drawn, place, height / 2 - 40).red);
        TEST_CHECK(!is_white(pixel(&drawn, place, height / 2 + 70)));
        TEST_CHECK(is_white(pixel(&drawn, place, height / 2 + 88)));
    }
    picture_free(&drawn);
    /* -6 dB of 60 are a tenth below the top. */
    drawn = draw_waveform(x, 1, 4 * RATE, 4 * RATE, AMPLITUDE_DB);
    TEST_CHECK(is_white(pixel(&drawn, 600, 26)) && !is_white(pixel(&drawn, 600, 38)) &&
               !is_white(pixel(&drawn, 600, 310)));
    picture_free(&drawn);
    free(x);
}

/* Two samples in a row at full scale are marked where they are, one alone is not. */
static void test_clipping(void)
{
    float *x = calloc(2 * 4 * RATE, sizeof *x);
    x[2 * RATE] = 1;
    x[2 * (2 * RATE) + 1] = -1;
    x[2 * (2 * RATE + 1) + 1] = -1;
    for (int64_t step = 1000; step <= 4 * RATE; step *= 64) {
        picture drawn = draw_waveform(x, 2, 4 * RATE, step, AMPLITUDE_LINEAR);
        int32_t first = 0, second = 0;
        for (int32_t place = 0; place < WAVEFORM_WIDTH; place++) {
            first += is_red(pixel(&drawn, place, 2));
            second += is_red(pixel(&drawn, place, 160 + 18 + 2)) && abs(place - 600) < 4;
        }
        TEST_CHECK(first == 0 && second >= 1 && second <= 2);
        picture_free(&drawn);
    }
    free(x);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"frequencies", test_frequencies}, {"levels", test_levels},     {"times", test_times},
        {"blocks", test_blocks},           {"waveform", test_waveform}, {"clipping", test_clipping},
    };
    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
