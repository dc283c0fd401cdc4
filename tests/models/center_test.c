/* center_test.c: what must hold of the centre method whatever the music: sums, silence, levels,
 * channels, rates, threads. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/runtime/track.h"
#include "tests/signal.h"

static const char *const two[] = {"vocals", "accompaniment"};
static const char *const four[] = {"vocals", "drums", "bass", "other"};

static cleave_config configured(int32_t rate_hz, int32_t channels, const char *const *stems,
                                int32_t count)
{
    cleave_config config;

    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.model = "center";
    config.rate_hz = rate_hz;
    config.channels = channels;
    config.segment_seconds = 1;
    config.stem_count = count;
    for (int32_t s = 0; s < count; s++)
        config.stems[s] = stems[s];
    return config;
}

/* [O][frames][C], to be freed; NULL after a failure. */
static float *separate(const cleave_config *config, const float *x, int64_t frames)
{
    cleave_engine *engine = NULL;
    cleave_error error;

    if (cleave_open(config, &engine, &error) != CLEAVE_OK) {
        TEST_FAIL("%s", error.message);
        return NULL;
    }
    float *const out = track_separate(engine, x, frames, 5000, 1);
    cleave_close(&engine);
    return out;
}

/* Music on the first two channels, noise of its own on each further one; interleaved. */
static float *music(int64_t frames, int32_t channels)
{
    float *const planar = malloc((size_t)frames * 2 * sizeof(float));
    float *const x = track_noise(31, frames, channels);

    test_signal(0, frames, frames, planar);
    for (int64_t n = 0; n < frames; n++)
        for (int32_t c = 0; c < channels; c++)
            x[n * channels + c] = c < 2 ? planar[c * frames + n] : 0.1f * x[n * channels + c];
    free(planar);
    return x;
}

static double peak_of(const float *x, int64_t count)
{
    double peak = 0;

    for (int64_t i = 0; i < count; i++)
        peak = fmax(peak, isfinite(x[i]) ? fabs((double)x[i]) : INFINITY);
    return peak;
}

/* Largest |sum of stems - mixture| over the peak of the mixture; infinite if a stem is not finite.
 */
static double sum_error(const float *out, const float *x, int64_t values, int32_t stems)
{
    double worst = 0;

    for (int64_t i = 0; i < values; i++) {
        double sum = 0;
        for (int32_t s = 0; s < stems; s++)
            sum += (double)out[s * values + i];
        const double error = fabs(sum - (double)x[i]);
        worst = isfinite(error) ? fmax(worst, error) : INFINITY;
    }
    return worst == 0 ? 0 : worst / peak_of(x, values);
}

/* Separates into both partitions and checks their sums. */
static void check_sums(const char *what, const float *x, int64_t frames, int32_t rate_hz,
                       int32_t channels)
{
    for (int32_t count = 2; count <= 4; count += 2) {
        const cleave_config config = configured(rate_hz, channels, count == 2 ? two : four, count);
        float *const out = separate(&config, x, frames);
        if (!out)
            return;
        const double error = sum_error(out, x, frames * channels, count);
        if (!(error <= 1e-6))
            TEST_FAIL("%s, %d stems: the sum is off by %.3g", what, (int)count, error);
        else
            TEST_CHECK(1);
        free(out);
    }
}

static void sums(void)
{
    const int64_t N = 150000;
    float *const x = music(N, 2);

    check_sums("music", x, N, 44100, 2);
    check_sums("a short clip", x, 9000, 44100, 2);
    check_sums("one frame", x, 1, 44100, 2);
    free(x);
}

/* What is not asked for is not needed for what is. */
static void stems_alone(void)
{
    const int64_t N = 60000, values = 2 * N;
    float *const x = music(N, 2);
    const cleave_config all = configured(44100, 2, four, 4), pair = configured(44100, 2, two, 2);
    float *const whole = separate(&all, x, N), *const both = separate(&pair, x, N);

    for (int32_t s = 0; s < 4; s++) {
        const cleave_config config = configured(44100, 2, four + s, 1);
        float *const out = separate(&config, x, N);
        /* Other alone is made by its mask, among all stems by subtraction. */
        if (s == 3)
            TEST_CHECK(test_snr_db(out, whole + s * values, values) > 100);
        else
            TEST_CHECK(!memcmp(out, whole + s * values, (size_t)values * sizeof(float)));
        free(out);
    }
    for (int32_t s = 0; s < 2; s++) {
        const cleave_config config = configured(44100, 2, two + s, 1);
        float *const out = separate(&config, x, N);
        TEST_CHECK(!memcmp(out, both + s * values, (size_t)values * sizeof(float)));
        free(out);
    }
    free(whole);
    free(both);
    free(x);
}

static void equal_channels(void)
{
    const int64_t N = 60000;
    float *const x = music(N, 2), *const mono = malloc((size_t)N * sizeof(float));
    int64_t unequal = 0;

    for (int64_t n = 0; n < N; n++)
        x[2 * n + 1] = mono[n] = x[2 * n];
    check_sums("equal channels", x, N, 44100, 2);
    const cleave_config stereo_config = configured(44100, 2, two, 2);
    const cleave_config mono_config = configured(44100, 1, two, 2);
    float *const stereo = separate(&stereo_config, x, N);
    float *const single = separate(&mono_config, mono, N);
    for (int64_t n = 0; n < 2 * N; n++)
        unequal += stereo[2 * n] != stereo[2 * n + 1];
    TEST_CHECK(unequal == 0);
    /* Without the balance cue the odds lack the 0.02 that equal channels add. */
    for (int64_t n = 0; n < N; n++)
        x[n] = stereo[2 * n];
    TEST_CHECK(test_snr_db(single, x, N) > 30);
    TEST_CHECK(peak_of(single, N) > 0.01);
    free(stereo);
    free(single);
    free(mono);
    free(x);
}

static void silence(void)
{
    const int64_t N = 100000;
    float *const x = calloc((size_t)N * 2, sizeof(float));

    for (int32_t count = 2; count <= 4; count += 2) {
        const cleave_config config = configured(44100, 2, count == 2 ? two : four, count);
        float *const out = separate(&config, x, N);
        TEST_CHECK(peak_of(out, N * 2 * count) == 0);
        free(out);
    }
    /* Sound between two silences stays what it is, and the silences do. */
    for (int64_t n = 60000; n < 70000; n++)
        x[2 * n] = x[2 * n + 1] = 0.5f * test_uniform(5, (uint64_t)n);
    check_sums("sound in silence", x, N, 44100, 2);
    free(x);
}

static void extremes(void)
{
    const int64_t N = 60000;
    float *const x = calloc((size_t)N * 2, sizeof(float));

    x[2 * 30000] = 1;
    check_sums("impulse on the left", x, N, 44100, 2);
    x[2 * 30000 + 1] = 1;
    check_sums("impulse", x, N, 44100, 2);
    for (int64_t n = 0; n < N; n++)
        x[2 * n] = x[2 * n + 1] = n / 50 % 2 ? 1 : -1;
    check_sums("full-scale square", x, N, 44100, 2);
    for (int64_t n = 0; n < 2 * N; n++)
        x[n] = 0.25f;
    check_sums("offset", x, N, 44100, 2);
    for (int64_t n = 0; n < 2 * N; n++)
        x[n] = 1e-30f * test_uniform(8, (uint64_t)n);
    check_sums("nearly nothing", x, N, 44100, 2);
    free(x);
}

/* Powers are compared with the loudest of the segment, so that the level does not matter. */
static void levels(void)
{
    static const float gains[] = {1e4f, 1e-3f, 1e-6f};
    const int64_t N = 60000, values = 8 * N;
    float *const x = music(N, 2), *const scaled = malloc((size_t)N * 2 * sizeof(float));
    const cleave_config config = configured(44100, 2, four, 4);
    float *const plain = separate(&config, x, N);

    for (int k = 0; k < 3; k++) {
        for (int64_t i = 0; i < 2 * N; i++)
            scaled[i] = gains[k] * x[i];
        float *const out = separate(&config, scaled, N);
        for (int64_t i = 0; i < values; i++)
            out[i] /= gains[k];
        const double snr = test_snr_db(out, plain, values);
        if (!(snr > 90))
            TEST_FAIL("gain %g: %.1f dB", (double)gains[k], snr);
        else
            TEST_CHECK(1);
        free(out);
    }
    free(plain);
    free(scaled);
    free(x);
}

static void channels(void)
{
    const int64_t N = 60000;

    for (int32_t c = 1; c <= CLEAVE_CHANNELS_MAX; c++) {
        char what[32];
        float *const x = music(N, c);
        snprintf(what, sizeof what, "%d channels", (int)c);
        check_sums(what, x, N, 44100, c);
        free(x);
    }
}

/* Surround whose other speakers are silent is the stereo of its front, and a voice from the centre
 * speaker is one in both channels alike. */
static void speakers(void)
{
    const int64_t N = 60000;
    float *const x = music(N, 2), *const equal = malloc((size_t)N * 2 * sizeof(float));
    const cleave_config stereo_config = configured(44100, 2, two, 2);

    for (int64_t n = 0; n < N; n++)
        equal[2 * n] = equal[2 * n + 1] = x[2 * n];
    float *const front = separate(&stereo_config, x, N);
    float *const middle = separate(&stereo_config, equal, N);
    for (int32_t C = 3; C <= CLEAVE_CHANNELS_MAX; C++) {
        const cleave_config config = configured(44100, C, two, 2);
        float *const wide = calloc((size_t)(N * C), sizeof(float));
        int64_t unequal = 0;
        for (int64_t n = 0; n < N; n++)
            memcpy(wide + n * C, x + 2 * n, 2 * sizeof(float));
        float *out = separate(&config, wide, N);
        for (int64_t i = 0; i < 2 * N; i++)
            unequal += memcmp(out + i * C, front + 2 * i, 2 * sizeof(float)) != 0;
        TEST_CHECK(unequal == 0);
        free(out);
        if (C == 4) { /* has no centre */
            free(wide);
            continue;
        }
        memset(wide, 0, (size_t)(N * C) * sizeof(float));
        for (int64_t n = 0; n < N; n++)
            wide[n * C + 2] = x[2 * n];
        out = separate(&config, wide, N);
        for (int64_t i = 0; i < 2 * N; i++)
            out[i] = out[i * C + 2];
        for (int64_t i = 0; C == 3 && i < 2 * N; i++)
            middle[i] = middle[2 * i];
        TEST_CHECK(test_snr_db(out, middle, 2 * N) > 90);
        free(out);
        free(wide);
    }
    free(front);
    free(middle);
    free(equal);
    free(x);
}

static void rates(void)
{
    static const int32_t rate_hz[] = {8000,  11025, 16000, 22050, 32000,
                                      44100, 48000, 88200, 96000, 192000};

    for (int k = 0; k < 10; k++) {
        const int64_t N = rate_hz[k] * 3 / 2;
        char what[32];
        float *const x = music(N, 2);
        snprintf(what, sizeof what, "%d Hz", (int)rate_hz[k]);
        check_sums(what, x, N, rate_hz[k], 2);
        free(x);
    }
}

/* The same bytes for any number of threads. */
static void threads(void)
{
    const int64_t N = 100000, values = 8 * N;
    float *const x = music(N, 2);
    cleave_config config = configured(44100, 2, four, 4);
    float *const one = separate(&config, x, N);

    for (config.threads = 2; config.threads <= 4; config.threads++) {
        float *const out = separate(&config, x, N);
        TEST_CHECK(!memcmp(out, one, (size_t)values * sizeof(float)));
        free(out);
    }
    free(one);
    free(x);
}

/* All instruction sets agree but for rounding. A tie between frames that rounding decides would
 * cost more than this allows; music has none. */
static void variants(void)
{
    const int64_t N = 50000, values = 8 * N;
    float *const x = music(N, 2);
    cleave_config config = configured(44100, 2, four, 4);
    cleave_ops ops;

    config.cpu_features_off = ~0u;
    float *const reference = separate(&config, x, N);
    for (uint32_t mask = 0; mask < 8; mask++) {
        cleave_ops_cpu(&ops, cleave_cpu_features() & ~mask);
        if (!strcmp(ops.name, "ref"))
            continue;
        config.cpu_features_off = mask;
        float *const out = separate(&config, x, N);
        const double snr = test_snr_db(out, reference, values);
        if (!(snr > 90))
            TEST_FAIL("features off %u: %.1f dB", (unsigned)mask, snr);
        else
            TEST_CHECK(1);
        free(out);
    }
    free(reference);
    free(x);
    TEST_CHECK(reference != NULL);
}

static void refusals(void)
{
    cleave_config config = configured(8000, 2, two, 2);
    cleave_engine *engine = NULL;
    cleave_error error;

    config.segment_seconds = 0.1;
    TEST_CHECK(cleave_open(&config, &engine, &error) == CLEAVE_UNSUPPORTED && !engine);
    TEST_CHECK(strstr(error.message, "segment_seconds 0.1: model center at 8000 Hz needs 0.128"));
    config.segment_seconds = 0.128;
    TEST_CHECK(cleave_open(&config, &engine, &error) == CLEAVE_OK);
    cleave_close(&engine);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"sums", sums},         {"stems_alone", stems_alone}, {"equal_channels", equal_channels},
        {"silence", silence},   {"extremes", extremes},       {"levels", levels},
        {"channels", channels}, {"speakers", speakers},       {"rates", rates},
        {"threads", threads},   {"variants", variants},       {"refusals", refusals},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
