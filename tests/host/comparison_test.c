/* comparison_test.c: files measured against files: figures that follow from how they were made, and
 * files that do not belong together. */
#include "host/comparison.h"
#include "host/score.h"
#include "tests/host/audio_fixtures.h"

#define RATE_HZ  8000
#define CHANNELS 2
#define FRAMES   (4 * RATE_HZ + 1234)
#define SAMPLES  (FRAMES * CHANNELS)

/* Noise of a seed (seeds further apart than SAMPLES have nothing in common): white, or of an odd
 * one low-passed. */
static void make(float *x, uint64_t seed)
{
    for (int i = 0; i < SAMPLES; i++) {
        const float u = 0.4f * test_uniform(seed, (uint64_t)i);
        x[i] = seed % 2 && i >= CHANNELS ? 0.8f * x[i - CHANNELS] + 0.2f * u : u;
    }
}

static void write_wav(const char *name, const float *x, int64_t frames, int32_t channels,
                      int32_t rate_hz)
{
    const audio_writer_config config = {.format = AUDIO_WAV,
                                        .rate_hz = rate_hz,
                                        .channels = channels,
                                        .bits = -32,
                                        .vbr_quality = -1,
                                        .compression = -1};
    char message[AUDIO_MESSAGE_BYTES];
    audio_writer *writer = NULL;

    TEST_CHECK(audio_writer_open(&writer, fixture_path(name), &config, message) == 0);
    TEST_CHECK(audio_writer_write(writer, x, frames, message) == 0);
    TEST_CHECK(audio_writer_finish(&writer, message) == 0);
}

static void add_pair(comparison *c, const char *reference, const char *estimate)
{
    compared_stem *stem = &c->stems[c->stem_count++];

    stem->name = strdup(reference);
    stem->reference = strdup(fixture_path(reference));
    stem->estimate = strdup(fixture_path(estimate));
}

/* Two stems: a leak of 1/10, and a filter of three taps. */
static float reference[2][SAMPLES], estimate[2][SAMPLES];

static void make_song(void)
{
    make(reference[0], 1000000);
    make(reference[1], 2000001);
    for (int i = 0; i < SAMPLES; i++) {
        estimate[0][i] = reference[0][i] + 0.1f * reference[1][i];
        estimate[1][i] = 0.75f * reference[1][i];
        if (i >= 7 * CHANNELS) {
            estimate[1][i] += 0.25f * reference[1][i - 7 * CHANNELS];
        }
    }
    write_wav("r0.wav", reference[0], FRAMES, CHANNELS, RATE_HZ);
    write_wav("r1.wav", reference[1], FRAMES, CHANNELS, RATE_HZ);
    write_wav("e0.wav", estimate[0], FRAMES, CHANNELS, RATE_HZ);
    write_wav("e1.wav", estimate[1], FRAMES, CHANNELS, RATE_HZ);
}

static double sdr_of(const float *s, const float *e, int64_t begin, int64_t end)
{
    double signal = 0, noise = 0;

    for (int64_t i = begin * CHANNELS; i < end * CHANNELS; i++) {
        const double error = (double)s[i] - (double)e[i];
        signal += (double)s[i] * (double)s[i];
        noise += error * error;
    }
    return 10 * log10(signal / noise);
}

static double middle(double a, double b, double c, double d)
{
    double v[4] = {a, b, c, d};

    for (int i = 0; i < 4; i++)
        for (int j = i + 1; j < 4; j++)
            if (v[j] < v[i]) {
                const double t = v[i];
                v[i] = v[j];
                v[j] = t;
            }
    return (v[1] + v[2]) / 2;
}

static void known_figures(void)
{
    comparison c = {.metrics = METRIC_ALL};
    char message[AUDIO_MESSAGE_BYTES] = "";

    make_song();
    add_pair(&c, "r0.wav", "e0.wav");
    add_pair(&c, "r1.wav", "e1.wav");
    TEST_CHECK(comparison_run(&c, message) == 0);
    TEST_CHECK(c.frames == FRAMES && c.rate_hz == RATE_HZ && c.channels == CHANNELS);
    TEST_CHECK(c.windows == 4 && c.windows_measured == 4 && c.excess_s == 0);
    for (int s = 0; s < 2; s++) {
        const double *v = c.stems[s].values;
        TEST_CHECK(fabs(v[FIGURE_SDR] - sdr_of(reference[s], estimate[s], 0, FRAMES)) < 1e-9);
        TEST_CHECK(v[FIGURE_SNR] == v[FIGURE_SDR]);
        /* The ratio to all of the error is that of each window: the filters have no part in it. */
        double of_window[4];
        for (int w = 0; w < 4; w++)
            of_window[w] =
                sdr_of(reference[s], estimate[s], (int64_t)w * RATE_HZ, (int64_t)(w + 1) * RATE_HZ);
        TEST_CHECK(fabs(v[FIGURE_BSS_SDR] -
                        middle(of_window[0], of_window[1], of_window[2], of_window[3])) < 1e-9);
        TEST_CHECK(v[FIGURE_SPECTRAL] > 0.5 && v[FIGURE_SPECTRAL] < 1);
        TEST_CHECK(fabs(v[FIGURE_RMS_DIFFERENCE] -
                        (v[FIGURE_ESTIMATE_RMS] - v[FIGURE_REFERENCE_RMS])) < 1e-12);
        TEST_CHECK(fabs(v[FIGURE_SCORE] - (0.7 * fmin(fmax(v[FIGURE_SNR] / 30, 0), 1) +
                                           0.3 * v[FIGURE_SPECTRAL])) < 1e-12);
    }
    /* The leak is interference and nothing else; the filter is spatial and nothing else. */
    const double *leak = c.stems[0].values, *filtered = c.stems[1].values;
    TEST_CHECK(fabs(leak[FIGURE_BSS_SIR] - leak[FIGURE_BSS_SDR]) < 0.5);
    TEST_CHECK(leak[FIGURE_BSS_SAR] > 40 && leak[FIGURE_BSS_ISR] > 30);
    TEST_CHECK(fabs(filtered[FIGURE_BSS_ISR] - filtered[FIGURE_BSS_SDR]) < 0.5);
    TEST_CHECK(filtered[FIGURE_BSS_SIR] > 40 && filtered[FIGURE_BSS_SAR] > 25);
    TEST_CHECK(filtered[FIGURE_BSS_SDR] < 15);
    for (int k = 0; k < FIGURE_COUNT; k++)
        TEST_CHECK(fabs(c.mean[k] - (leak[k] + filtered[k]) / 2) < 1e-9);
    comparison_free(&c);
}

static void same_file(void)
{
    comparison c = {.metrics = METRIC_ALL};
    char message[AUDIO_MESSAGE_BYTES] = "";

    make_song();
    add_pair(&c, "r0.wav", "r0.wav");
    TEST_CHECK(comparison_run(&c, message) == 0);
    TEST_CHECK(c.mean[FIGURE_SDR] == INFINITY && c.mean[FIGURE_BSS_SDR] == INFINITY);
    TEST_CHECK(c.mean[FIGURE_BSS_SIR] == INFINITY && c.mean[FIGURE_BSS_ISR] > 100);
    TEST_CHECK(c.mean[FIGURE_SCORE] == 1 && c.mean[FIGURE_RMS_DIFFERENCE] == 0);
    comparison_free(&c);
}

/* A window in which one file is silent has no ratios; a track that is silent has none at all. */
static void silence(void)
{
    comparison c = {.metrics = METRIC_ALL};
    char message[AUDIO_MESSAGE_BYTES] = "";

    make_song();
    memset(estimate[1] + 2 * RATE_HZ * CHANNELS, 0, RATE_HZ * CHANNELS * sizeof(float));
    write_wav("e1.wav", estimate[1], FRAMES, CHANNELS, RATE_HZ);
    add_pair(&c, "r0.wav", "e0.wav");
    add_pair(&c, "r1.wav", "e1.wav");
    TEST_CHECK(comparison_run(&c, message) == 0);
    TEST_CHECK(c.windows == 4 && c.windows_measured == 3);
    TEST_CHECK(isfinite(c.mean[FIGURE_BSS_SIR]));
    comparison_free(&c);

    c = (comparison){.metrics = METRIC_ALL};
    memset(reference[1], 0, sizeof reference[1]);
    write_wav("r1.wav", reference[1], FRAMES, CHANNELS, RATE_HZ);
    add_pair(&c, "r0.wav", "e0.wav");
    add_pair(&c, "r1.wav", "e1.wav");
    TEST_CHECK(comparison_run(&c, message) == 0);
    TEST_CHECK(c.windows_measured == 0);
    TEST_CHECK(isnan(c.stems[0].values[FIGURE_BSS_SDR]) && isnan(c.mean[FIGURE_BSS_SAR]));
    TEST_CHECK(isnan(c.stems[1].values[FIGURE_SDR]) && isnan(c.stems[1].values[FIGURE_SCORE]));
    /* The mean is that of the stem which has a figure. */
    TEST_CHECK(isfinite(c.mean[FIGURE_SDR]) && c.mean[FIGURE_SDR] == c.stems[0].values[FIGURE_SDR]);
    comparison_free(&c);
}

/* Up to a second longer: the common part; shorter than a window: all of it. */
static void lengths(void)
{
    comparison c = {.metrics = METRIC_ALL};
    char message[AUDIO_MESSAGE_BYTES] = "";

    make_song();
    write_wav("e0.wav", estimate[0], FRAMES - RATE_HZ, CHANNELS, RATE_HZ);
    add_pair(&c, "r0.wav", "e0.wav");
    TEST_CHECK(comparison_run(&c, message) == 0);
    TEST_CHECK(c.frames == FRAMES - RATE_HZ && c.excess_s == 1 && c.windows == 3);
    TEST_CHECK(fabs(c.mean[FIGURE_SDR] - sdr_of(reference[0], estimate[0], 0, FRAMES - RATE_HZ)) <
               1e-9);
    comparison_free(&c);

    c = (comparison){.metrics = METRIC_ALL};
    write_wav("r0.wav", reference[0], 700, CHANNELS, RATE_HZ);
    write_wav("e0.wav", estimate[0], 701, CHANNELS, RATE_HZ);
    add_pair(&c, "r0.wav", "e0.wav");
    TEST_CHECK(comparison_run(&c, message) == 0);
    TEST_CHECK(c.frames == 700 && c.windows == 1 && c.windows_measured == 1);
    TEST_CHECK(fabs(c.mean[FIGURE_BSS_SDR] - c.mean[FIGURE_SDR]) < 1e-9);
    comparison_free(&c);
}

/* What is no number is silence, and is counted. */
static void no_numbers(void)
{
    comparison c = {.metrics = METRIC_ALL};
    char message[AUDIO_MESSAGE_BYTES] = "";

    make_song();
    estimate[0][100] = NAN;
    estimate[0][101] = -INFINITY;
    estimate[0][102] = 1e30f;
    write_wav("e0.wav", estimate[0], FRAMES, CHANNELS, RATE_HZ);
    add_pair(&c, "r0.wav", "e0.wav");
    TEST_CHECK(comparison_run(&c, message) == 0);
    TEST_CHECK(c.replaced_samples == 3);
    estimate[0][100] = estimate[0][101] = estimate[0][102] = 0;
    TEST_CHECK(fabs(c.mean[FIGURE_SDR] - sdr_of(reference[0], estimate[0], 0, FRAMES)) < 1e-9);
    TEST_CHECK(isfinite(c.mean[FIGURE_BSS_SAR]));
    comparison_free(&c);
}

static void refuses_one(const char *name, uint32_t metrics, const char *says)
{
    comparison c = {.metrics = metrics};
    char message[AUDIO_MESSAGE_BYTES] = "";

    add_pair(&c, "r0.wav", name);
    TEST_CHECK(comparison_run(&c, message) == -1);
    if (!TEST_CHECK(strstr(message, name) != NULL || strstr(says, "without") != NULL) ||
        !TEST_CHECK(strstr(message, says) != NULL)) {
        TEST_FAIL("%s says: %s", name, message);
    }
    comparison_free(&c);
}

static void refuses(void)
{
    comparison c = {.metrics = METRIC_ALL};
    char message[AUDIO_MESSAGE_BYTES] = "";

    make_song();
    write_wav("rate.wav", estimate[0], FRAMES, CHANNELS, 2 * RATE_HZ);
    write_wav("mono.wav", estimate[0], FRAMES, 1, RATE_HZ);
    write_wav("short.wav", estimate[0], FRAMES - RATE_HZ - 1, CHANNELS, RATE_HZ);
    write_wav("empty.wav", estimate[0], 0, CHANNELS, RATE_HZ);
    refuses_one("absent.wav", METRIC_ALL, "cannot be opened");
    refuses_one("rate.wav", METRIC_ALL, "16000 Hz and 2 channels");
    refuses_one("mono.wav", METRIC_SDR, "8000 Hz and 1 channel");
    refuses_one("short.wav", METRIC_ALL, "longer than");
    write_wav("r0.wav", reference[0], 10, CHANNELS, RATE_HZ);
    refuses_one("empty.wav", METRIC_ALL, "without audio frames");

    for (int s = 0; s < 17; s++)
        add_pair(&c, "r0.wav", "r0.wav");
    TEST_CHECK(comparison_run(&c, message) == -1 && strstr(message, "32 channels") != NULL);
    c.metrics = METRIC_ALL & ~METRIC_BSS;
    TEST_CHECK(comparison_run(&c, message) == 0 && c.mean[FIGURE_SDR] == INFINITY);
    comparison_free(&c);
}

static void parts_of_the_whole(void)
{
    static const struct {
        const char *names[4];
        int whole;
    } rows[] = {
        {{"vocals", "drums", "bass", "other"}, 1},
        {{"other", "bass", "drums", "vocals"}, 1},
        {{"vocals", "accompaniment"}, 1},
        {{"vocals", "no_vocals"}, 1},
        {{"no_drums", "drums"}, 1},
        {{"accompaniment", "vocals"}, 1},
        {{"vocals"}, 0},
        {{"vocals", "drums", "bass"}, 0},
        {{"drums", "accompaniment"}, 0},
        {{"drums", "no_bass"}, 0},
        {{"vocals", "drums", "bass", "accompaniment"}, 0},
    };
    cleave_model_info model;

    TEST_CHECK(cleave_model_find("center", &model) == CLEAVE_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char names[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES] = {""};
        int32_t count = 0;
        for (; count < 4 && rows[i].names[count] != NULL; count++) {
            snprintf(names[count], CLEAVE_NAME_BYTES, "%s", rows[i].names[count]);
        }
        if (score_is_whole(names, count, &model) != rows[i].whole) {
            TEST_FAIL("%s and %d more are%s the whole", names[0], count - 1,
                      rows[i].whole ? " not" : "");
        } else {
            TEST_CHECK(1);
        }
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"comparison: known figures", known_figures},
        {"comparison: a file with itself", same_file},
        {"comparison: silence", silence},
        {"comparison: lengths", lengths},
        {"comparison: samples that are no numbers", no_numbers},
        {"comparison: refuses", refuses},
        {"score: parts of the whole", parts_of_the_whole},
    };

    fixture_open();
    const int status = test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
    fixture_close();
    return status;
}
