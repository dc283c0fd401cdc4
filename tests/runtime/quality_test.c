/* quality_test.c: one estimate against its reference, on signals whose figures are known. */
#include "runtime/cleave.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 50000

/* White noise in [-0.5, 0.5); that of different seeds has nothing in common. */
static float *noise(uint64_t seed, int64_t count)
{
    float *x = malloc((size_t)count * sizeof *x);

    for (int64_t i = 0; i < count; i++)
        x[i] = 0.5f * test_uniform(1000000 * seed, (uint64_t)i);
    return x;
}

static cleave_quality *quality_new(int32_t channels, void **memory)
{
    const size_t bytes = cleave_quality_need(channels);
    cleave_quality *q = NULL;

    *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    TEST_CHECK(cleave_quality_init(channels, *memory, bytes, &q) == CLEAVE_OK);
    return q;
}

/* Scores of `frames` frames handed over `step` at a time. */
static cleave_quality_scores scores_of(int32_t channels, const float *s, const float *e,
                                       int64_t frames, int64_t step)
{
    cleave_quality_scores scores;
    void *memory;
    cleave_quality *q = quality_new(channels, &memory);

    for (int64_t at = 0; at < frames; at += step)
        cleave_quality_push(q, s + at * channels, e + at * channels,
                            frames - at < step ? frames - at : step);
    cleave_quality_finish(q, &scores);
    free(memory);
    return scores;
}

static void near(const char *what, double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        TEST_FAIL("%s is %.9g, not %.9g", what, value, expected);
    else
        TEST_CHECK(1);
}

static void equal_signals(void)
{
    float *s = noise(1, 2 * FRAMES);
    const cleave_quality_scores q = scores_of(2, s, s, FRAMES, 777);

    TEST_CHECK(q.frames == FRAMES);
    TEST_CHECK(q.snr_db == INFINITY && q.si_sdr_db == INFINITY);
    TEST_CHECK(q.spectral_similarity == 1 && q.score == 1 && q.peak_difference == 0);
    TEST_CHECK(q.reference_rms_db == q.estimate_rms_db);
    near("rms", q.reference_rms_db, 10 * log10(0.25 / 3), 0.05);
    free(s);
}

/* e = 0.9 s: the error is a tenth, the nearest multiple exact but for its rounding. */
static void scaled(void)
{
    float *s = noise(2, 2 * FRAMES), *e = noise(2, 2 * FRAMES);

    for (int i = 0; i < 2 * FRAMES; i++)
        e[i] *= 0.9f;
    const cleave_quality_scores q = scores_of(2, s, e, FRAMES, FRAMES);
    near("snr", q.snr_db, 20, 1e-5);
    TEST_CHECK(q.si_sdr_db > 130);
    near("rms", q.estimate_rms_db - q.reference_rms_db, 20 * log10(0.9), 1e-6);
    TEST_CHECK(q.spectral_similarity > 0.9999);
    near("score", q.score, 0.7 * 20 / 30 + 0.3, 1e-4);
    free(s);
    free(e);
}

/* s and e negated: as far off as twice the signal, and yet the nearest multiple is exact. */
static void negated(void)
{
    float *s = noise(3, FRAMES), *e = noise(3, FRAMES);

    for (int i = 0; i < FRAMES; i++)
        e[i] = -s[i];
    const cleave_quality_scores q = scores_of(1, s, e, FRAMES, 4096);
    near("snr", q.snr_db, -20 * log10(2), 1e-9);
    TEST_CHECK(q.si_sdr_db > 130);
    TEST_CHECK(q.spectral_similarity == 1);
    near("score", q.score, 0.3, 1e-9);
    free(s);
    free(e);
}

/* Against sums of their own, in double; noise that makes 0, 10, ... 60 dB. */
static void known_noise(void)
{
    float *s = noise(4, 2 * FRAMES), *n = noise(5, 2 * FRAMES);
    float *e = malloc(2 * FRAMES * sizeof *e);
    double before = -1;

    for (int db = 0; db <= 60; db += 10) {
        double ss = 0, se = 0, ee = 0, dd = 0;
        for (int i = 0; i < 2 * FRAMES; i++) {
            e[i] = s[i] + (float)pow(10, -db / 20.0) * n[i];
            ss += (double)s[i] * (double)s[i];
            se += (double)s[i] * (double)e[i];
            ee += (double)e[i] * (double)e[i];
            dd += ((double)s[i] - (double)e[i]) * ((double)s[i] - (double)e[i]);
        }
        const cleave_quality_scores q = scores_of(2, s, e, FRAMES, 12345);
        near("snr", q.snr_db, 10 * log10(ss / dd), 1e-9);
        near("snr", q.snr_db, db, 0.1);
        /* The difference of two sums of 1e5 terms keeps seven digits of a millionth of them. */
        near("si-sdr", q.si_sdr_db, 10 * log10(se * se / ss / (ee - se * se / ss)), 1e-5);
        near("rms", q.estimate_rms_db, 10 * log10(ee / (2 * FRAMES)), 1e-9);
        TEST_CHECK(q.spectral_similarity > before && q.spectral_similarity < 1);
        before = q.spectral_similarity;
    }
    free(s);
    free(n);
    free(e);
}

/* A signal of as many levels as bins, against the correlation written out in double. */
static void spectral_by_definition(void)
{
    enum { N = 2048, HOP = 1024, L = 5000, T = (L + HOP - 1) / HOP };
    float *s = noise(6, L), *e = noise(7, L);
    double sum[5] = {0}, n = 0;

    for (int i = 1; i < L; i++) {
        s[i] += 0.9f * s[i - 1];
        e[i] = 0.01f * e[i] + 0.5f * s[i];
    }
    for (int t = 0; t < T; t++)
        for (int f = 0; f <= N / 2; f++, n++) {
            double level[2];
            for (int k = 0; k < 2; k++) {
                double re = 0, im = 0;
                for (int i = 0; i < N && t * HOP + i < L; i++) {
                    const double angle = 2 * M_PI * ((int64_t)f * i % N) / N;
                    const double x =
                        (0.5 - 0.5 * cos(2 * M_PI * i / N)) * (double)(k ? e : s)[t * HOP + i];
                    re += x * cos(angle);
                    im += x * sin(angle);
                }
                level[k] = fmax(10 * log10((re * re + im * im) * 16 / ((double)N * N)) + 90, 0);
            }
            sum[0] += level[0];
            sum[1] += level[1];
            sum[2] += level[0] * level[0];
            sum[3] += level[1] * level[1];
            sum[4] += level[0] * level[1];
        }
    const cleave_quality_scores q = scores_of(1, s, e, L, 999);
    near("similarity", q.spectral_similarity,
         (sum[4] - sum[0] * sum[1] / n) /
             sqrt((sum[2] - sum[0] * sum[0] / n) * (sum[3] - sum[1] * sum[1] / n)),
         2e-6);
    free(s);
    free(e);
}

static void silence(void)
{
    float *s = noise(8, FRAMES), *zero = calloc(FRAMES, sizeof *zero);
    cleave_quality_scores q = scores_of(1, zero, s, FRAMES, 5000);

    TEST_CHECK(isnan(q.snr_db) && isnan(q.si_sdr_db) && isnan(q.score));
    TEST_CHECK(q.reference_rms_db == -INFINITY && q.spectral_similarity == 0);
    /* Nothing is an error as large as the signal. */
    q = scores_of(1, s, zero, FRAMES, 5000);
    TEST_CHECK(q.snr_db == 0 && isnan(q.si_sdr_db) && q.score == 0);
    q = scores_of(1, zero, zero, FRAMES, 5000);
    TEST_CHECK(isnan(q.snr_db) && q.spectral_similarity == 1);
    q = scores_of(1, zero, zero, 0, 1);
    TEST_CHECK(q.frames == 0 && isnan(q.snr_db));
    free(s);
    free(zero);
}

/* Neither the sizes of blocks nor an earlier track change a figure, and short tracks have one. */
static void any_blocks(void)
{
    static const int64_t lengths[] = {1, 2, 1023, 1024, 1025, 17407, 17408, 17409, 33792, FRAMES};
    float *s = noise(9, 2 * FRAMES), *e = noise(10, 2 * FRAMES);
    void *memory;
    cleave_quality *q = quality_new(2, &memory);

    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
        const cleave_quality_scores whole = scores_of(2, s, e, lengths[k], lengths[k]);
        const cleave_quality_scores parts = scores_of(2, s, e, lengths[k], 61);
        cleave_quality_scores again;
        cleave_quality_push(q, s, e, lengths[k]);
        cleave_quality_finish(q, &again);
        TEST_CHECK(isfinite(whole.snr_db) && !memcmp(&whole, &parts, sizeof whole));
        TEST_CHECK(!memcmp(&whole, &again, sizeof whole));
    }
    free(memory);
    free(s);
    free(e);
}

static void refuses(void)
{
    const size_t bytes = cleave_quality_need(2);
    unsigned char *memory = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
    cleave_quality *q = NULL;

    TEST_CHECK(cleave_quality_need(0) == 0 && cleave_quality_need(CLEAVE_CHANNELS_MAX + 1) == 0);
    TEST_CHECK(cleave_quality_need(-1) == 0 && cleave_quality_need(CLEAVE_CHANNELS_MAX) > 0);
    TEST_CHECK(cleave_quality_init(0, memory, bytes, &q) == CLEAVE_INVALID);
    TEST_CHECK(cleave_quality_init(2, NULL, bytes, &q) == CLEAVE_INVALID);
    TEST_CHECK(cleave_quality_init(2, memory + 4, bytes, &q) == CLEAVE_INVALID);
    TEST_CHECK(cleave_quality_init(2, memory, bytes - 1, &q) == CLEAVE_NO_MEMORY);
    TEST_CHECK(q == NULL);
    free(memory);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"quality: equal signals", equal_signals},
        {"quality: a scaled signal", scaled},
        {"quality: a negated signal", negated},
        {"quality: noise at known ratios", known_noise},
        {"quality: similarity by its definition", spectral_by_definition},
        {"quality: silence", silence},
        {"quality: blocks of any size", any_blocks},
        {"quality: refuses", refuses},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
