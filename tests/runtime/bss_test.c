/* bss_test.c: the four ratios of BSS Eval against figures in float64, and on cases whose outcome is
 * known. */
#include "runtime/cleave.h"
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEMS    3
#define CHANNELS 2
#define FRAMES   20000
#define WINDOW   8000
#define WINDOWS  (FRAMES / WINDOW)
#define SAMPLES  (FRAMES * CHANNELS)

typedef struct song {
    float reference[STEMS][SAMPLES], estimate[STEMS][SAMPLES];
} song;

/* The signals of tests/golden/quality/make.py. */
static song *song_new(void)
{
    static const struct {
        int tap;
        double gain;
    } taps[] = {{0, 0.75}, {3, 0.25}, {100, -0.125}};
    double *r[STEMS];
    song *s = malloc(sizeof *s);

    for (int k = 0; k < STEMS; k++) {
        r[k] = calloc(SAMPLES, sizeof(double));
        for (int i = k == 1 ? CHANNELS : 0; i < SAMPLES; i++) {
            const double u = (double)test_uniform(1000000u * (unsigned)k, (uint64_t)i);
            r[k][i] = k == 0   ? 0.5 * u
                      : k == 1 ? 0.875 * r[k][i - CHANNELS] + 0.0078125 * u
                      : i % 2  ? 0.75 * r[k][i - 1] + 0.015625 * u
                               : 0.2 * u;
        }
        for (int i = 0; i < SAMPLES; i++)
            s->reference[k][i] = (float)r[k][i];
        free(r[k]);
    }
    for (int k = 0; k < STEMS; k++)
        for (int i = 0; i < SAMPLES; i++) {
            double x = 0;
            for (int t = 0; t < 3; t++)
                if (i >= taps[t].tap * CHANNELS)
                    x += taps[t].gain * (double)s->reference[k][i - taps[t].tap * CHANNELS];
            x += 0.0625 * (double)s->reference[(k + 1) % STEMS][i];
            s->estimate[k][i] =
                (float)(x + 0.0078125 * (double)test_uniform(1000000u * (unsigned)(STEMS + k),
                                                             (uint64_t)i));
        }
    return s;
}

/* Ratios of all windows, ratios[window][stem], from both passes; the first takes `step` frames at a
 * time. Returns the status of solving. */
static cleave_status run(const song *s, int64_t step, cleave_bss_ratios ratios[WINDOWS][STEMS])
{
    const size_t bytes = cleave_bss_need(STEMS, CHANNELS);
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    const float *references[STEMS], *estimates[STEMS];
    cleave_bss *b = NULL;

    TEST_CHECK(cleave_bss_init(STEMS, CHANNELS, memory, bytes, &b) == CLEAVE_OK);
    for (int64_t at = 0; at < FRAMES; at += step) {
        for (int k = 0; k < STEMS; k++) {
            references[k] = s->reference[k] + at * CHANNELS;
            estimates[k] = s->estimate[k] + at * CHANNELS;
        }
        cleave_bss_correlate(b, references, estimates, FRAMES - at < step ? FRAMES - at : step);
    }
    const cleave_status status = cleave_bss_solve(b);
    for (int w = 0; w < WINDOWS && status == CLEAVE_OK; w++) {
        for (int k = 0; k < STEMS; k++) {
            references[k] = s->reference[k] + w * WINDOW * CHANNELS;
            estimates[k] = s->estimate[k] + w * WINDOW * CHANNELS;
        }
        cleave_bss_window(b, references, estimates, WINDOW, ratios[w]);
    }
    free(memory);
    return status;
}

/* Correlations are of float32 transforms: averaged over a track, they are off by about 1e-8, which
 * is 1e-5 dB of a ratio whose parts differ by 42 dB; how it rounds depends on the vectors' width.
 */
static void golden(void)
{
    song *s = song_new();
    cleave_bss_ratios ratios[WINDOWS][STEMS];
    const char *path = test_golden("quality/bss.txt");
    FILE *file = path ? fopen(path, "r") : NULL;
    int count = 0;

    TEST_CHECK(run(s, 3000, ratios) == CLEAVE_OK);
    for (int w = 0; file && w < WINDOWS; w++)
        for (int k = 0; k < STEMS; k++) {
            const double got[4] = {ratios[w][k].sdr_db, ratios[w][k].isr_db, ratios[w][k].sir_db,
                                   ratios[w][k].sar_db};
            double expected[4] = {0};
            count += fscanf(file, "%lf %lf %lf %lf", &expected[0], &expected[1], &expected[2],
                            &expected[3]);
            for (int m = 0; m < 4; m++)
                if (!(fabs(got[m] - expected[m]) <= 2e-5))
                    TEST_FAIL("window %d stem %d ratio %d: %.6f, not %.6f", w, k, m, got[m],
                              expected[m]);
        }
    TEST_CHECK(count == WINDOWS * STEMS * 4);
    if (file)
        fclose(file);
    free(s);
}

static void equal_signals(void)
{
    song *s = song_new();
    cleave_bss_ratios ratios[WINDOWS][STEMS];

    memcpy(s->estimate, s->reference, sizeof s->estimate);
    TEST_CHECK(run(s, FRAMES, ratios) == CLEAVE_OK);
    for (int w = 0; w < WINDOWS; w++)
        for (int k = 0; k < STEMS; k++) {
            TEST_CHECK(ratios[w][k].sdr_db == INFINITY);
            TEST_CHECK(ratios[w][k].isr_db > 100 && ratios[w][k].sir_db > 100 &&
                       ratios[w][k].sar_db > 100);
        }
    free(s);
}

/* Filtered or delayed by less than 512 samples: all of the error is spatial. */
static void filtered(void)
{
    song *s = song_new();
    cleave_bss_ratios ratios[WINDOWS][STEMS];

    memset(s->estimate, 0, sizeof s->estimate);
    for (int k = 0; k < STEMS; k++)
        for (int i = 40 * CHANNELS; i < SAMPLES; i++)
            s->estimate[k][i] = 0.5f * s->reference[k][i - 40 * CHANNELS] -
                                0.25f * s->reference[k][i - 17 * CHANNELS];
    TEST_CHECK(run(s, 5000, ratios) == CLEAVE_OK);
    /* What is left is at the edges: the track cuts the last 40 frames off its estimates, the window
     * the sounds before it. */
    for (int k = 0; k < STEMS; k++) {
        TEST_CHECK(ratios[0][k].sdr_db < 3 && fabs(ratios[0][k].isr_db) < 3);
        TEST_CHECK(ratios[0][k].sir_db > 30 && ratios[0][k].sar_db > 20);
    }
    free(s);
}

/* A stem in another's place: all of it is interference. */
static void exchanged(void)
{
    song *s = song_new();
    cleave_bss_ratios ratios[WINDOWS][STEMS];

    for (int k = 0; k < STEMS; k++)
        memcpy(s->estimate[k], s->reference[(k + 1) % STEMS], sizeof s->estimate[k]);
    TEST_CHECK(run(s, 5000, ratios) == CLEAVE_OK);
    for (int k = 0; k < STEMS; k++)
        TEST_CHECK(ratios[1][k].sir_db < -5 && ratios[1][k].sar_db > 60);
    free(s);
}

/* What has no unique filters: a silent reference, two that are equal, one in mono. Windows in which
 * one is silent have no ratios. */
static void degenerate(void)
{
    song *s = song_new();
    cleave_bss_ratios ratios[WINDOWS][STEMS];

    memset(s->reference[1], 0, sizeof s->reference[1]);
    TEST_CHECK(run(s, 5000, ratios) == CLEAVE_OK);
    for (int w = 0; w < WINDOWS; w++)
        for (int k = 0; k < STEMS; k++)
            TEST_CHECK(isnan(ratios[w][k].sdr_db) && isnan(ratios[w][k].isr_db) &&
                       isnan(ratios[w][k].sir_db) && isnan(ratios[w][k].sar_db));
    memcpy(s->reference[1], s->reference[0], sizeof s->reference[1]);
    for (int i = 0; i < SAMPLES; i += 2)
        s->reference[2][i + 1] = s->reference[2][i];
    memset(s->estimate[0], 0, WINDOW * CHANNELS * sizeof(float));
    TEST_CHECK(run(s, 5000, ratios) == CLEAVE_OK);
    for (int k = 0; k < STEMS; k++) {
        TEST_CHECK(isnan(ratios[0][k].sdr_db));
        TEST_CHECK(isfinite(ratios[1][k].sdr_db) && isfinite(ratios[1][k].isr_db) &&
                   isfinite(ratios[1][k].sir_db) && isfinite(ratios[1][k].sar_db));
    }
    free(s);
}

/* A narrow band: most of the spectrum holds nothing but the rounding of float32, and filters that
 * are not held down by a ridge put any sound there: such an interference swamps the source. */
static void narrow_band(void)
{
    song *s = song_new();
    cleave_bss_ratios ratios[WINDOWS][STEMS];

    for (int k = 0; k < STEMS; k++)
        for (int i = 0; i < SAMPLES; i++) {
            const double t = i / CHANNELS;
            s->reference[k][i] =
                (float)(0.3 * sin(t * (0.05 + 0.01 * k) + i % 2) + 0.1 * sin(t * 0.3 * (k + 1)));
            s->estimate[k][i] = 0.9f * s->reference[k][i] + 0.001f * test_uniform(9, (uint64_t)i);
        }
    TEST_CHECK(run(s, 5000, ratios) == CLEAVE_OK);
    for (int k = 0; k < STEMS; k++) {
        TEST_CHECK(fabs(ratios[1][k].sdr_db - 20) < 0.2 && fabs(ratios[1][k].isr_db - 20) < 1);
        TEST_CHECK(ratios[1][k].sir_db > 15 && ratios[1][k].sar_db > 15);
    }
    free(s);
}

static void any_blocks(void)
{
    song *s = song_new();
    cleave_bss_ratios whole[WINDOWS][STEMS], parts[WINDOWS][STEMS];

    TEST_CHECK(run(s, FRAMES, whole) == CLEAVE_OK && run(s, 61, parts) == CLEAVE_OK);
    TEST_CHECK(!memcmp(whole, parts, sizeof whole));
    free(s);
}

static void refuses(void)
{
    const size_t bytes = cleave_bss_need(1, 1);
    unsigned char *memory = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
    cleave_bss *b = NULL;

    TEST_CHECK(cleave_bss_need(0, 1) == 0 && cleave_bss_need(1, 0) == 0);
    TEST_CHECK(cleave_bss_need(17, 2) == 0 && cleave_bss_need(33, 1) == 0);
    TEST_CHECK(cleave_bss_need(INT32_MAX, 8) == 0 && cleave_bss_need(1, 9) == 0);
    TEST_CHECK(cleave_bss_need(4, 2) > 0 && cleave_bss_need(4, 2) < 20000000);
    TEST_CHECK(cleave_bss_need(16, 2) > 0);
    TEST_CHECK(cleave_bss_init(0, 1, memory, bytes, &b) == CLEAVE_INVALID);
    TEST_CHECK(cleave_bss_init(1, 1, NULL, bytes, &b) == CLEAVE_INVALID);
    TEST_CHECK(cleave_bss_init(1, 1, memory + 8, bytes, &b) == CLEAVE_INVALID);
    TEST_CHECK(cleave_bss_init(1, 1, memory, bytes - 1, &b) == CLEAVE_NO_MEMORY);
    TEST_CHECK(b == NULL);
    free(memory);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"bss: figures in float64", golden},
        {"bss: equal signals", equal_signals},
        {"bss: filtered and delayed", filtered},
        {"bss: exchanged stems", exchanged},
        {"bss: silent, equal and mono references", degenerate},
        {"bss: a narrow band", narrow_band},
        {"bss: blocks of any size", any_blocks},
        {"bss: refuses", refuses},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
