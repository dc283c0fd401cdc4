/* spectrogram_test.c: rows of power spectra: levels, places, and every way of cutting a stream. */
#include "runtime/cleave_spectrogram.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N      1024
#define HOP    256
#define BINS   (N / 2 + 1)
#define FRAMES 20000
#define ROWS   ((FRAMES + HOP - 1) / HOP)

static const cleave_spectrogram_config stereo = {.channels = 2, .n = N, .hop = HOP};

static cleave_spectrogram *spectrogram_new(const cleave_spectrogram_config *config, void **memory)
{
    const size_t bytes = cleave_spectrogram_need(config);
    cleave_spectrogram *s = NULL;

    *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    TEST_CHECK(bytes > 0 && cleave_spectrogram_init(config, *memory, bytes, &s) == CLEAVE_OK);
    return s;
}

/* All rows of a stereo signal that is handed over `step` frames at a time; returns their count. */
static int64_t rows_of(cleave_spectrogram *s, const float *x, int64_t frames, int64_t step,
                       float *all)
{
    int64_t count = 0, got, taken;
    const float *rows;

    for (int64_t at = 0; at < frames; at += taken) {
        got = cleave_spectrogram_push(s, x + 2 * at, frames - at < step ? frames - at : step,
                                      &taken, &rows);
        memcpy(all + count * 2 * BINS, rows, (size_t)(got * 2 * BINS) * sizeof(float));
        count += got;
    }
    while ((got = cleave_spectrogram_flush(s, &rows)) > 0) {
        memcpy(all + count * 2 * BINS, rows, (size_t)(got * 2 * BINS) * sizeof(float));
        count += got;
    }
    return count;
}

static float *noise(void)
{
    float *x = malloc(2 * FRAMES * sizeof *x);

    for (int i = 0; i < 2 * FRAMES; i++)
        x[i] = test_uniform(7, (uint64_t)i);
    return x;
}

/* A sine of half of full scale on bin 100 in the left channel, silence in the right. */
static void levels(void)
{
    float *x = calloc(2 * FRAMES, sizeof *x), *all = malloc(ROWS * 2 * BINS * sizeof *all);
    void *memory;
    cleave_spectrogram *s = spectrogram_new(&stereo, &memory);

    for (int i = 0; i < FRAMES; i++)
        x[2 * i] = (float)(0.5 * sin(6.283185307179586 * 100 * i / N));
    TEST_CHECK(rows_of(s, x, FRAMES, FRAMES, all) == ROWS);
    for (int t = 4; t < ROWS - 4; t++) {
        const float *row = all + t * 2 * BINS;
        if (fabsf(row[100] - 0.25f) > 1e-5f || row[110] > 1e-9f || row[BINS + 100] != 0)
            TEST_FAIL("row %d has %g, %g and %g", t, (double)row[100], (double)row[110],
                      (double)row[BINS + 100]);
    }
    free(memory);
    free(all);
    free(x);
}

/* An impulse at frame 8 HOP is in the rows whose transform covers it, most of all in row 8. */
static void places(void)
{
    float *x = calloc(2 * FRAMES, sizeof *x), *all = malloc(ROWS * 2 * BINS * sizeof *all);
    void *memory;
    cleave_spectrogram *s = spectrogram_new(&stereo, &memory);

    x[2 * 8 * HOP] = 1;
    rows_of(s, x, FRAMES, FRAMES, all);
    for (int t = 0; t < ROWS; t++)
        TEST_CHECK((all[t * 2 * BINS] > 0) == (abs(t - 8) < N / 2 / HOP));
    TEST_CHECK(all[8 * 2 * BINS] > all[7 * 2 * BINS] && all[8 * 2 * BINS] > all[9 * 2 * BINS]);
    free(memory);
    free(all);
    free(x);
}

/* The same bytes for every cut, and again for a second track of the same object. */
static void cuts(void)
{
    static const int64_t steps[] = {1, 7, 255, 256, 1000, 4096, FRAMES};
    const size_t bytes = ROWS * 2 * BINS * sizeof(float);
    float *x = noise(), *first = malloc(bytes), *other = malloc(bytes);
    void *memory;
    cleave_spectrogram *s = spectrogram_new(&stereo, &memory);

    TEST_CHECK(rows_of(s, x, FRAMES, FRAMES, first) == ROWS);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        memset(other, 0, bytes);
        TEST_CHECK(rows_of(s, x, FRAMES, steps[i], other) == ROWS);
        TEST_CHECK(memcmp(first, other, bytes) == 0);
    }
    free(memory);
    free(first);
    free(other);
    free(x);
}

/* A track of no frames has no rows, one of one frame has one. */
static void shortest(void)
{
    float x[2] = {1, 1}, all[2 * BINS];
    void *memory;
    cleave_spectrogram *s = spectrogram_new(&stereo, &memory);

    TEST_CHECK(rows_of(s, x, 0, 1, all) == 0);
    TEST_CHECK(rows_of(s, x, 1, 1, all) == 1 && fabsf(all[0] - 16.0f / N / N) < 1e-9f);
    TEST_CHECK(rows_of(s, x, 0, 1, all) == 0);
    free(memory);
}

static void refused(void)
{
    static const cleave_spectrogram_config wrong[] = {
        {0, N, HOP},    {9, N, HOP},      {2, 0, HOP}, {2, 14 * 64, HOP},
        {2, 1023, HOP}, {2, 131072, HOP}, {2, N, 0},   {2, N, N + 1},
    };
    _Alignas(64) static unsigned char memory[64];
    cleave_spectrogram *s = NULL;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        TEST_CHECK(cleave_spectrogram_need(&wrong[i]) == 0 &&
                   cleave_spectrogram_init(&wrong[i], memory, sizeof memory, &s) == CLEAVE_INVALID);
    TEST_CHECK(cleave_spectrogram_init(&stereo, NULL, 1 << 20, &s) == CLEAVE_INVALID);
    TEST_CHECK(cleave_spectrogram_init(&stereo, memory, sizeof memory, &s) == CLEAVE_NO_MEMORY);
    TEST_CHECK(s == NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"levels", levels},     {"places", places},   {"cuts", cuts},
        {"shortest", shortest}, {"refused", refused},
    };
    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
