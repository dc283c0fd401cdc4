/* meter_loudness_test.c: the cases of EBU Tech 3341 and 3342 that are made of tones. */
#include "tests/runtime/meter_scene.h"

#include <stdio.h>

#define RATE 48000

/* Tones one after the other: pairs of seconds and dBFS, up to 0 seconds. */
static scene tones(const double *list)
{
    scene s = scene_new(RATE, 2);

    for (; list[0] > 0; list += 2)
        scene_add(&s, list[0], list[1]);
    return s;
}

static void integrated(void)
{
    static const double lists[][12] = {
        {20, -23},                                     /* 1 */
        {20, -33},                                     /* 2 */
        {10, -36, 60, -23, 10, -36},                   /* 3 */
        {10, -72, 10, -36, 60, -23, 10, -36, 10, -72}, /* 4 */
        {20, -26, 20.1, -20, 20, -26},                 /* 5 */
    };
    static const double expected[] = {-23, -33, -23, -23, -23};

    for (int i = 0; i < 5; i++) {
        scene s = tones(lists[i]);
        cleave_meter_result *r = scene_measure(&s);
        scene_near("integrated", r->integrated_lufs, expected[i], 0.1, 0.1);
        if (i < 2) {
            scene_near("momentary", r->momentary_max_lufs, expected[i], 0.1, 0.1);
            scene_near("short term", r->short_term_max_lufs, expected[i], 0.1, 0.1);
        }
        free(r);
        scene_free(&s);
    }
    test_passed_count(9);
}

/* Case 6: L R C Ls Rs, and with an LFE that does not count. */
static void surround(void)
{
    for (int lfe = 0; lfe < 2; lfe++) {
        scene s = scene_new(RATE, 5 + lfe);
        float *at = scene_extend(&s, 20);
        scene_tone(&s, at, 1000, -28, 0, 1);
        scene_tone(&s, at, 1000, -24, 2, 2);
        if (lfe)
            scene_tone(&s, at, 50, -3, 3, 3);
        scene_tone(&s, at, 1000, -30, 3 + lfe, 4 + lfe);
        cleave_meter_result *r = scene_measure(&s);
        scene_near("integrated", r->integrated_lufs, -23, 0.1, 0.1);
        free(r);
        scene_free(&s);
    }
}

typedef struct watch {
    double from_s, low, high;
    int is_short;
} watch;

static void watch_record(void *user, const cleave_meter_record *record)
{
    watch *w = user;
    const double lufs = w->is_short ? record->short_term_lufs : record->momentary_lufs;

    if (record->timestamp >= w->from_s) {
        w->low = fmin(w->low, lufs);
        w->high = fmax(w->high, lufs);
    }
}

/* Cases 9 and 12: constant once the window is full. */
static void constant(void)
{
    for (int is_short = 0; is_short < 2; is_short++) {
        scene s = scene_new(RATE, 2);
        watch w = {.from_s = is_short ? 3 : 1, .low = 100, .high = -100, .is_short = is_short};
        cleave_meter_result *r = malloc(sizeof *r);
        cleave_meter_config config;
        for (int i = 0; i < (is_short ? 5 : 25); i++) {
            scene_add(&s, is_short ? 1.34 : 0.18, -20);
            scene_add(&s, is_short ? 1.66 : 0.22, -30);
        }
        cleave_meter_config_default(RATE, 2, &config);
        config.on_record = watch_record;
        config.user = &w;
        scene_measure_by(&s, &config, 1000, r);
        scene_near("least", w.low, -23, 0.1, 0.1);
        scene_near("most", w.high, -23, 0.1, 0.1);
        free(r);
        scene_free(&s);
    }
}

/* Cases 10 and 13, and the segments of 11 and 14: a tone as long as the window, at any offset. */
static void offsets(void)
{
    int good = 0;

    for (int is_short = 0; is_short < 2; is_short++)
        for (int rising = 0; rising < 2; rising++)
            for (int i = 0; i < 20; i++) {
                const double wait = i * (is_short ? 0.15 : 0.02), tone = is_short ? 3 : 0.4;
                const double level = rising ? -38 + i : -23;
                scene s = scene_new(RATE, 2);
                scene_extend(&s, wait);
                scene_add(&s, tone, level);
                scene_extend(&s, rising ? tone - wait : 1);
                cleave_meter_result *r = scene_measure(&s);
                scene_near(is_short ? "short term" : "momentary",
                           is_short ? r->short_term_max_lufs : r->momentary_max_lufs, level, 0.1,
                           0.1);
                good++;
                free(r);
                scene_free(&s);
            }
    test_passed_count(good);
}

/* Cases 15 to 19: sines that no sample meets at their peak, faded at both ends. */
static void true_peak_sines(void)
{
    static const double cases[][4] = {{4, 0, 0.5, -6.02},
                                      {4, 45, 0.5, -6.02},
                                      {6, 60, 0.5, -6.02},
                                      {8, 67.5, 0.5, -6.02},
                                      {4, 45, 1.41, 2.98}};

    for (int k = 0; k < 5; k++) {
        scene s = scene_new(RATE, 2);
        float *x = scene_extend(&s, 1);
        for (int64_t t = 0; t < RATE; t++) {
            const double fade = fmin(1, fmin((double)t, (double)(RATE - 1 - t)) / 2000);
            const double angle = 2 * M_PI * ((double)t / cases[k][0] + cases[k][1] / 360);
            x[2 * t] = x[2 * t + 1] = (float)(fade * cases[k][2] * sin(angle));
        }
        cleave_meter_result *r = scene_measure(&s);
        scene_near("true peak", r->true_peak_dbtp, cases[k][3], 0.4, 0.2);
        free(r);
        scene_free(&s);
    }
}

/* Cases 20 to 23: a period of a quarter of the rate and amplitude 1 amid a sixth of the rate and
 * amplitude 0.5, made at four times the rate, band-limited and taken at each of the four phases.
 * What band-limiting leaves of the peak is what must be found. */
static void true_peak_phases(void)
{
    enum { LENGTH = 4 * 4800, TAPS = 401 };
    double *fine = calloc(LENGTH, sizeof *fine), *band = calloc(LENGTH, sizeof *band), peak = 0;

    for (int t = 0; t < LENGTH; t++) {
        const double fade = fmin(1, fmin(t, LENGTH - 1 - t) / 4000.0);
        fine[t] = fade * 0.5 * sin(2 * M_PI * t / 24);
    }
    for (int t = 0; t < 16; t++)
        fine[9600 + t] = sin(2 * M_PI * t / 16);
    for (int t = 0; t < LENGTH; t++) {
        for (int k = 0; k < TAPS; k++) {
            const int j = k - TAPS / 2, from = t - j;
            const double x = M_PI * j / 4.2;
            const double window = 0.5 + 0.5 * cos(2 * M_PI * j / (TAPS + 1));
            if (from >= 0 && from < LENGTH)
                band[t] += fine[from] * window * (j == 0 ? 1 : sin(x) / x) / 4.2;
        }
        peak = fmax(peak, fabs(band[t]));
    }
    for (int phase = 0; phase < 4; phase++) {
        scene s = scene_new(RATE, 2);
        float *x = scene_extend(&s, 0.1);
        for (int t = 0; t < LENGTH / 4; t++)
            x[2 * t] = x[2 * t + 1] = (float)band[4 * t + phase];
        cleave_meter_result *r = scene_measure(&s);
        scene_near("true peak", r->true_peak_dbtp, 20 * log10(peak), 0.4, 0.2);
        free(r);
        scene_free(&s);
    }
    free(fine);
    free(band);
}

/* EBU Tech 3342, cases 1 to 4. */
static void loudness_range(void)
{
    static const double lists[][12] = {{20, -20, 20, -30},
                                       {20, -20, 20, -15},
                                       {20, -40, 20, -20},
                                       {20, -50, 20, -35, 20, -20, 20, -35, 20, -50}};
    static const double expected[] = {10, 5, 20, 15};

    for (int i = 0; i < 4; i++) {
        scene s = tones(lists[i]);
        cleave_meter_result *r = scene_measure(&s);
        scene_near("range", r->loudness_range_lu, expected[i], 1, 1);
        free(r);
        scene_free(&s);
    }
}

/* The same loudness at every rate. */
static void rates(void)
{
    static const int32_t list[] = {8000, 11025, 22050, 32000, 44100, 88200, 96000, 192000, 384000};

    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        scene s = scene_new(list[i], 1);
        scene_add(&s, 4, -23 + 3.01);
        cleave_meter_result *r = scene_measure(&s);
        scene_near("integrated", r->integrated_lufs, -23, 0.1, 0.1);
        scene_near("true peak", r->true_peak_dbtp, -19.99, 0.4, 0.2);
        free(r);
        scene_free(&s);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"EBU Tech 3341, 1 to 5: integrated", integrated},
        {"EBU Tech 3341, 6: surround", surround},
        {"EBU Tech 3341, 9 and 12: constant", constant},
        {"EBU Tech 3341, 10, 11, 13, 14: offsets", offsets},
        {"EBU Tech 3341, 15 to 19: true peak of sines", true_peak_sines},
        {"EBU Tech 3341, 20 to 23: true peak at four phases", true_peak_phases},
        {"EBU Tech 3342, 1 to 4: range", loudness_range},
        {"rates", rates},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
