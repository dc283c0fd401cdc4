/* meter_test.c: what a meter finds in signals of which it is known; that no cut shows. */
#include "tests/runtime/meter_scene.h"

#include <stdio.h>

#define RATE 44100

/* A programme with something of everything: noise of changing level, tones, silence, clipping. */
static scene programme(int32_t rate_hz, int32_t channels, uint64_t seed, double seconds)
{
    scene s = scene_new(rate_hz, channels);
    float *x = scene_extend(&s, seconds);
    uint64_t draw = 0;

    for (int64_t t = 0; t < s.frames;) {
        const int64_t length = (int64_t)((0.05 + 0.4 * fabs(test_uniform(seed, draw++))) * rate_hz);
        const double level = pow(10, -2.2 * fabs((double)test_uniform(seed, draw++)));
        const double hz = 60 * pow(2, 6 * fabs((double)test_uniform(seed, draw++)));
        const int kind = (int)(8 * fabs((double)test_uniform(seed, draw++)));
        for (int64_t i = 0; i < length && t < s.frames; i++, t++)
            for (int c = 0; c < channels; c++) {
                const double noise = (double)test_uniform(seed + 1, (uint64_t)(t * channels + c));
                const double tone = sin(2 * M_PI * hz * (1 + 0.1 * c) * (double)t / rate_hz);
                const double v = kind == 0 ? 0 : level * (kind < 4 ? noise : tone + 0.3 * noise);
                x[t * channels + c] = (float)fmax(fmin(kind == 7 ? 4 * v : v, 1), -1);
            }
    }
    return s;
}

typedef struct records {
    int64_t count;
    cleave_meter_record record[400];
} records;

static void keep(void *user, const cleave_meter_record *record)
{
    records *r = user;

    r->record[r->count++] = *record;
}

/* Results and records are the same bytes however a track is cut. */
static void cuts(void)
{
    static const int64_t steps[] = {1, 7, 32, 64, 1000, 4096};
    static const int32_t shapes[][3] = {{44100, 2, 4410}, {8000, 1, 64}, {96000, 6, 5000}};
    cleave_meter_result *r[2] = {malloc(sizeof **r), malloc(sizeof **r)};
    records *kept[2] = {malloc(sizeof **kept), malloc(sizeof **kept)};
    int good = 0;

    for (int k = 0; k < 3; k++) {
        scene s = programme(shapes[k][0], shapes[k][1], 10 + (uint64_t)k, 2.5);
        cleave_meter_config config;
        cleave_meter_config_default(shapes[k][0], shapes[k][1], &config);
        config.record_frames = shapes[k][2];
        config.on_record = keep;
        for (int i = -1; i < 6; i++) {
            records *to = kept[i >= 0];
            config.user = to;
            to->count = 0;
            memset(to->record, 0, sizeof to->record);
            scene_measure_by(&s, &config, i < 0 ? s.frames : steps[i], r[i >= 0]);
            if (i < 0)
                continue;
            good += TEST_CHECK(!memcmp(r[0], r[1], sizeof **r));
            good += TEST_CHECK(kept[0]->count == kept[1]->count &&
                               !memcmp(kept[0]->record, kept[1]->record, sizeof to->record));
        }
        TEST_CHECK(kept[0]->count == (s.frames + shapes[k][2] - 1) / shapes[k][2]);
        scene_free(&s);
    }
    for (int i = 0; i < 2; i++) {
        free(r[i]);
        free(kept[i]);
    }
    test_passed_count(good);
}

static void levels(void)
{
    scene s = scene_new(RATE, 2);
    float *x = scene_extend(&s, 10);

    for (int64_t t = 0; t < s.frames; t++) {
        const double v = sin(2 * M_PI * 997 * (double)t / RATE);
        x[2 * t] = (float)(0.5 * v + 0.01);
        x[2 * t + 1] = (float)(-0.25 * v);
    }
    cleave_meter_result *r = scene_measure(&s);
    TEST_CHECK(r->frames == s.frames && r->duration_s == 10 && r->not_finite == 0);
    scene_near("left", r->channel_rms_dbfs[0], 10 * log10(0.125 + 0.0001), 0.001, 0.001);
    scene_near("right", r->channel_rms_dbfs[1], 10 * log10(0.03125), 0.001, 0.001);
    scene_near("all", r->rms_dbfs, 10 * log10((0.1251 + 0.03125) / 2), 0.001, 0.001);
    scene_near("peak", r->peak_dbfs, 20 * log10(0.51), 0.01, 0.001);
    scene_near("crest", r->crest_db, r->peak_dbfs - r->rms_dbfs, 1e-9, 1e-9);
    scene_near("DC", r->dc_offset[0], 0.01, 1e-5, 1e-5);
    scene_near("DC", r->dc_offset[1], 0, 1e-5, 1e-5);
    scene_near("correlation", r->stereo_correlation, -1, 0, 0.001);
    /* A sine fills its blocks to the peak: with the 3 dB of its crest taken off, DR 0. */
    scene_near("dynamic range", r->dynamic_range_db, 0.1, 0.1, 0.1);
    scene_near("centroid", r->centroid_hz, 997, 15, 15);
    scene_near("roll-off", r->rolloff_hz, 997, 15, 15);
    scene_near("band", (double)r->band_db[17], 10 * log10((0.25 + 0.0625) / 2), 0.1, 0.1);
    TEST_CHECK(r->band_db[5] < -60 && r->band_db[25] < -60);
    TEST_CHECK(r->clicks.total == 0 && r->dropouts.total == 0 && r->silence.total == 0 &&
               r->clipping.total == 0);
    scene_near("plr", r->plr_db, r->true_peak_dbtp - r->integrated_lufs, 1e-9, 1e-9);
    free(r);
    scene_free(&s);
}

static void noise_at(float *x, int64_t count, double amplitude, uint64_t seed)
{
    for (int64_t i = 0; i < count; i++)
        x[i] += (float)(amplitude * (double)test_uniform(seed, (uint64_t)i));
}

/* Steady white noise is its own floor; under bursts it is found as it is. */
static void noise_floor(void)
{
    for (int channels = 1; channels <= 2; channels++)
        for (int bursts = 0; bursts < 2; bursts++) {
            const double rms_db = 20 * log10(0.01 / sqrt(3));
            scene s = scene_new(RATE, channels);
            float *x = scene_extend(&s, 12);
            if (bursts)
                for (int i = 0; i < 12; i++)
                    for (int64_t t = i * RATE; t < i * RATE + RATE / 2; t++)
                        for (int c = 0; c < channels; c++)
                            x[t * channels + c] =
                                (float)(0.5 * sin(2 * M_PI * 440 * (double)t / RATE));
            noise_at(x, s.frames * channels, 0.01, 5);
            cleave_meter_result *r = scene_measure(&s);
            scene_near("noise", r->noise_dbfs, rms_db, 1, 1);
            if (bursts)
                scene_near("SNR", r->snr_db, 20 * log10(0.25) - rms_db, 1.5, 1.5);
            else
                TEST_CHECK(r->snr_db < 0);
            free(r);
            scene_free(&s);
        }
}

static void clipping(void)
{
    scene s = scene_new(RATE, 2);
    scene_add(&s, 1, -6);
    float *x = s.data;

    for (int t = 1000; t < 1005; t++)
        x[2 * t] = 1;
    x[2 * 4409 + 1] = x[2 * 4410 + 1] = -1; /* across two tiles */
    x[2 * 20000] = 1;                       /* alone */
    cleave_meter_result *r = scene_measure(&s);
    TEST_CHECK(r->clipped_samples == 8 && r->clipping.total == 2 && r->clipping.count == 2);
    TEST_CHECK(r->clipping.place[0].frame == 1000 && r->clipping.place[0].frames == 5 &&
               r->clipping.place[0].channel == 0 && r->clipping.place[0].value == 1);
    TEST_CHECK(r->clipping.place[1].frame == 4409 && r->clipping.place[1].frames == 2 &&
               r->clipping.place[1].channel == 1);
    free(r);
    scene_free(&s);

    /* More than are listed: all are counted. */
    s = scene_new(RATE, 1);
    x = scene_extend(&s, 1);
    for (int t = 0; t < 1000; t++)
        x[20 * t] = x[20 * t + 1] = 1;
    r = scene_measure(&s);
    TEST_CHECK(r->clipping.total == 1000 && r->clipping.count == CLEAVE_METER_PLACES_MAX);
    TEST_CHECK(r->clipping.place[CLEAVE_METER_PLACES_MAX - 1].frame == 255 * 20);
    free(r);
    scene_free(&s);
}

static void silence(void)
{
    scene s = scene_new(RATE, 2);

    scene_extend(&s, 0.5);
    scene_add(&s, 1, -20);
    scene_add(&s, 0.3, -70); /* below 0.001 RMS */
    scene_add(&s, 1, -20);
    scene_add(&s, 0.05, -70); /* too short to be listed */
    scene_add(&s, 1, -20);
    scene_extend(&s, 0.2);
    cleave_meter_result *r = scene_measure(&s);
    TEST_CHECK(r->silence.total == 3);
    TEST_CHECK(r->silence.place[0].frame == 0 && r->silence.place[0].frames == RATE / 2 &&
               r->silence.place[0].value == 0 && r->silence.place[0].channel == -1);
    scene_near("begin", (double)r->silence.place[1].frame, 1.5 * RATE, 441, 441);
    scene_near("level", 20 * log10((double)r->silence.place[1].value), -73.01, 0.1, 0.1);
    scene_near("all", r->silence_s, 1, 0.021, 0.021);
    free(r);
    scene_free(&s);
}

static void dropouts(void)
{
    scene s = programme(RATE, 2, 3, 0.1);
    scene_add(&s, 2, -12);
    float *x = s.data;
    const int64_t at = RATE;

    for (int64_t t = at; t < at + 200; t++)
        x[2 * t] = 0;
    for (int64_t t = at + 20000; t < at + 20100; t++)
        x[2 * t + 1] = 0.1f;
    scene_extend(&s, 1); /* silence to the end */
    cleave_meter_result *r = scene_measure(&s);
    TEST_CHECK(r->dropouts.total == 2);
    TEST_CHECK(r->dropouts.place[0].frame == at && r->dropouts.place[0].frames >= 200 &&
               r->dropouts.place[0].frames <= 201 && r->dropouts.place[0].channel == 0);
    TEST_CHECK(r->dropouts.place[1].frame == at + 20000 && r->dropouts.place[1].channel == 1);
    free(r);
    scene_free(&s);
}

static void clicks(void)
{
    scene s = scene_new(RATE, 2);
    scene_add(&s, 3, -12);
    noise_at(s.data, 2 * s.frames, 0.002, 6);

    s.data[2 * 30000] += 0.3f;
    s.data[2 * 70001 + 1] -= 0.2f;
    for (int64_t t = 100000; t < s.frames; t++)
        s.data[2 * t] += 0.1f; /* a step */
    cleave_meter_result *r = scene_measure(&s);
    TEST_CHECK(r->clicks.total == 3);
    TEST_CHECK(r->clicks.place[0].frame == 30000 && r->clicks.place[0].channel == 0);
    TEST_CHECK(r->clicks.place[1].frame == 70001 && r->clicks.place[1].channel == 1);
    scene_near("step", (double)r->clicks.place[2].frame, 100000, 1, 1);
    free(r);
    scene_free(&s);

    /* Noise has none, a wave of pulses neither. */
    s = scene_new(RATE, 1);
    float *x = scene_extend(&s, 4);
    noise_at(x, s.frames, 0.9, 7);
    r = scene_measure(&s);
    TEST_CHECK(r->clicks.total == 0);
    for (int64_t t = 0; t < s.frames; t++)
        x[t] = t % 400 < 200 ? 0.5f : -0.5f;
    free(r);
    r = scene_measure(&s);
    TEST_CHECK(r->clicks.total == 0);
    free(r);
    scene_free(&s);
}

static void nothing(void)
{
    scene s = scene_new(RATE, 2);
    cleave_meter_result *r = scene_measure(&s);

    TEST_CHECK(r->frames == 0 && r->rms_dbfs == -INFINITY && r->true_peak_dbtp == -INFINITY &&
               r->integrated_lufs == -INFINITY && r->loudness_range_lu == 0 &&
               isnan(r->centroid_hz) && isnan(r->snr_db) && isnan(r->stereo_correlation));
    free(r);
    scene_extend(&s, 5);
    r = scene_measure(&s);
    TEST_CHECK(r->rms_dbfs == -INFINITY && r->integrated_lufs == -INFINITY && isnan(r->crest_db) &&
               isnan(r->dynamic_range_db) && isnan(r->plr_db) && r->silence.total == 1 &&
               r->dropouts.total == 0);
    free(r);
    scene_free(&s);
}

static void not_finite(void)
{
    scene s = scene_new(RATE, 2);
    scene_add(&s, 1, -12);
    s.data[100] = NAN;
    s.data[101] = INFINITY;
    s.data[5000] = -INFINITY;
    s.data[9000] = 3e38f;
    cleave_meter_result *r = scene_measure(&s);
    TEST_CHECK(r->not_finite == 3);
    TEST_CHECK(isfinite(r->rms_dbfs) && isfinite(r->true_peak_dbtp) &&
               isfinite(r->integrated_lufs) && isfinite(r->centroid_hz));
    for (int b = 0; b < CLEAVE_METER_BANDS; b++)
        TEST_CHECK(isfinite(r->band_db[b]));
    free(r);
    scene_free(&s);
}

/* A second track is measured as if it were the first. */
static void again(void)
{
    scene s = programme(RATE, 2, 20, 3);
    cleave_meter_result *r[2] = {malloc(sizeof **r), malloc(sizeof **r)};
    cleave_meter_config config;
    cleave_meter *m = NULL;
    cleave_meter_record record;

    cleave_meter_config_default(RATE, 2, &config);
    const size_t bytes = cleave_meter_need(&config, NULL);
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    TEST_CHECK(cleave_meter_init(&config, memory, bytes, &m) == CLEAVE_OK);
    TEST_CHECK(!cleave_meter_latest(m, &record));
    for (int i = 0; i < 2; i++) {
        cleave_meter_push(m, s.data, s.frames);
        TEST_CHECK(cleave_meter_latest(m, &record) && record.frame == 29 * 4410);
        cleave_meter_finish(m, r[i]);
    }
    TEST_CHECK(!memcmp(r[0], r[1], sizeof **r));
    cleave_meter_push(m, s.data + 1000, 5000);
    cleave_meter_reset(m);
    cleave_meter_push(m, s.data, s.frames);
    cleave_meter_finish(m, r[1]);
    TEST_CHECK(!memcmp(r[0], r[1], sizeof **r));
    free(memory);
    free(r[0]);
    free(r[1]);
    scene_free(&s);
}

static void refused(void)
{
    cleave_meter_config config;
    cleave_meter *m = NULL;
    const char *why = NULL;
    _Alignas(64) static unsigned char memory[64];

    cleave_meter_config_default(7999, 2, &config);
    TEST_CHECK(cleave_meter_need(&config, &why) == 0 && strstr(why, "rate_hz"));
    cleave_meter_config_default(RATE, 9, &config);
    TEST_CHECK(cleave_meter_need(&config, &why) == 0 && strstr(why, "channels"));
    cleave_meter_config_default(RATE, 2, &config);
    config.silence_rms = NAN;
    TEST_CHECK(cleave_meter_need(&config, &why) == 0 && strstr(why, "silence_rms"));
    TEST_CHECK(cleave_meter_init(&config, memory, sizeof memory, &m) == CLEAVE_INVALID);
    cleave_meter_config_default(RATE, 2, &config);
    TEST_CHECK(cleave_meter_init(&config, memory, sizeof memory, &m) == CLEAVE_NO_MEMORY);
    TEST_CHECK(cleave_meter_init(&config, NULL, 0, &m) == CLEAVE_INVALID && m == NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"cuts", cuts},         {"levels", levels},   {"noise floor", noise_floor},
        {"clipping", clipping}, {"silence", silence}, {"drop-outs", dropouts},
        {"clicks", clicks},     {"nothing", nothing}, {"not finite", not_finite},
        {"again", again},       {"refused", refused},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
