/* compress_test.c: the static curve, the time constants, hold, link, meter and look-ahead of the
 * compressor against their formulas, and that cuts into blocks do not show. */
#include "kernels/compress/compress.h"
#include "tests/stream_op.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define RATE   48000
#define FRAMES 32768
#define PI     3.14159265358979323846
#define OCTAVE 6.020599913279624 /* dB */

/* What a user says. */
typedef struct settings {
    double threshold_db, ratio, knee_db, makeup_db, attack_s, release_s, range_db, link, detect_s;
    int expand, rms;
    int32_t lookahead, hold;
} settings;

static const settings usual = {.threshold_db = -20,
                               .ratio = 4,
                               .knee_db = 6,
                               .attack_s = 0.005,
                               .release_s = 0.1,
                               .range_db = 600,
                               .link = 1,
                               .detect_s = 0.05};

static double parameters[CLEAVE_COMPRESS_PARAMETERS];
static float in[2 * FRAMES], out[2 * FRAMES], meter[1];

static double factor(double seconds)
{
    return 1 - exp(-1 / (seconds * RATE));
}

static void derive(const settings *s)
{
    double *p = parameters;

    p[CLEAVE_COMPRESS_THRESHOLD] = s->threshold_db / OCTAVE;
    p[CLEAVE_COMPRESS_HALF_KNEE] = s->knee_db / 2 / OCTAVE;
    p[CLEAVE_COMPRESS_KNEE_FACTOR] = s->knee_db > 0 ? OCTAVE / (2 * s->knee_db) : 0;
    p[CLEAVE_COMPRESS_SLOPE] = s->expand ? s->ratio - 1 : 1 - 1 / s->ratio;
    p[CLEAVE_COMPRESS_RANGE] = fmin(s->range_db / OCTAVE, CLEAVE_COMPRESS_RANGE_MAX);
    p[CLEAVE_COMPRESS_MAKEUP] = s->makeup_db / OCTAVE;
    p[CLEAVE_COMPRESS_LINK] = s->link;
    p[CLEAVE_COMPRESS_ATTACK] = factor(s->attack_s);
    p[CLEAVE_COMPRESS_RELEASE] = factor(s->release_s);
    p[CLEAVE_COMPRESS_DETECT] = factor(s->detect_s);
}

static cleave_compress_args args_of(const settings *s, int32_t channels, int64_t frames)
{
    derive(s);
    return (cleave_compress_args){.streams = 1,
                                  .channels = channels,
                                  .parameters = parameters,
                                  .meter = meter,
                                  .has_meter = 1,
                                  .expand = s->expand,
                                  .rms = s->rms,
                                  .frames_max = frames,
                                  .in_stride = frames,
                                  .out_stride = frames,
                                  .lookahead = s->lookahead,
                                  .hold = s->hold};
}

static stream_op op_of(cleave_compress_args *args)
{
    return (stream_op){.op = CLEAVE_OP_COMPRESS,
                       .args = args,
                       .in_field = offsetof(cleave_compress_args, in),
                       .out_field = offsetof(cleave_compress_args, out),
                       .block_field = offsetof(cleave_compress_args, block),
                       .state_field = offsetof(cleave_compress_args, state),
                       .in_rows = args->channels,
                       .out_rows = args->channels,
                       .in_stride = args->in_stride,
                       .out_stride = args->out_stride,
                       .frames_max = args->frames_max,
                       .state_floats = cleave_compress_state_floats(args)};
}

/* in[] to out[]. */
static void run(const cleave_ops *ops, const settings *s, int32_t channels, int64_t frames)
{
    cleave_compress_args args = args_of(s, channels, frames);
    const stream_op what = op_of(&args);
    stream_run stream;

    stream_op_open(&stream, &what, ops);
    stream_op_push(&stream, in, out, frames, frames, frames);
    stream_op_close(&stream);
}

static double amplitude(double db)
{
    return pow(10, db / 20);
}

static double db_of(double x)
{
    return 20 * log10(fabs(x));
}

/* The curve of the paper, in dB and in three pieces. */
static double curve_db(const settings *s, double x)
{
    const double over = x - s->threshold_db, w = s->knee_db;

    if (s->expand) {
        const double under = -over;
        double g = 0;
        if (2 * under > w)
            g = (s->ratio - 1) * under;
        else if (2 * under > -w)
            g = (s->ratio - 1) * (under + w / 2) * (under + w / 2) / (2 * w);
        return x - fmin(g, s->range_db) + s->makeup_db;
    }
    if (2 * over < -w)
        return x + s->makeup_db;
    if (2 * over <= w && w > 0)
        return x + (1 / s->ratio - 1) * (over + w / 2) * (over + w / 2) / (2 * w) + s->makeup_db;
    return s->threshold_db + over / s->ratio + s->makeup_db;
}

/* ---- the static curve ---- */
static double worst_curve_db(const cleave_ops *ops, const settings *s, double frequency)
{
    const int64_t frames = frequency > 0 ? FRAMES : 4096;
    double worst = 0;

    for (double level = -70; level <= 12; level += frequency > 0 ? 8.2 : 0.37) {
        double power = 0;
        for (int64_t n = 0; n < frames; n++)
            in[n] = (float)(amplitude(level) *
                            (frequency > 0 ? sin(2 * PI * frequency / RATE * (double)n) : 1));
        run(ops, s, 1, frames);
        for (int64_t n = frames / 2; n < frames; n++)
            power += (double)out[n] * (double)out[n] / (double)(frames / 2);
        const double detected = level - (s->rms ? 10 * log10(2) : 0);
        const double measured = 10 * log10(power) + (frequency > 0 ? 10 * log10(2) : 0);
        worst = fmax(worst, fabs(measured - level - (curve_db(s, detected) - detected)));
    }
    return worst;
}

static void static_curve(void)
{
    static const double ratios[] = {1, 1.5, 4, 20, 1e9}, knees[] = {0, 6, 24};
    const variants all = variants_list();
    double worst = 0, worst_sine = 0;

    for (int v = 0; v < all.count; v++) {
        settings s = usual;
        s.attack_s = 0.001;
        s.release_s = 0.002;
        for (int i = 0; i < 15; i++) {
            s.ratio = ratios[i % 5];
            s.knee_db = knees[i / 5];
            s.threshold_db = -10 - 6 * i % 40;
            s.makeup_db = i % 3 * 5 - 5;
            worst = fmax(worst, worst_curve_db(&all.ops[v], &s, 0));
        }
        s = usual;
        s.attack_s = 0.01;
        s.release_s = 0.6;
        worst_sine = fmax(worst_sine, worst_curve_db(&all.ops[v], &s, 997));
        s.rms = 1;
        worst_sine = fmax(worst_sine, worst_curve_db(&all.ops[v], &s, 997));
    }
    printf("  off the curve by %.5f dB for constants, %.4f dB for sines\n", worst, worst_sine);
    TEST_CHECK(worst < 0.001);
    TEST_CHECK(worst_sine < 0.05);
}

static void expander_curve(void)
{
    const variants all = variants_list();
    double worst = 0;

    for (int v = 0; v < all.count; v++) {
        settings s = usual;
        s.expand = 1;
        s.attack_s = 0.001;
        s.release_s = 0.002;
        for (int i = 0; i < 6; i++) {
            s.ratio = i % 2 ? 2 : 10;
            s.range_db = i % 3 ? 40 : 90;
            s.knee_db = i / 2 * 6;
            worst = fmax(worst, worst_curve_db(&all.ops[v], &s, 0));
        }
    }
    printf("  off the curve by %.5f dB\n", worst);
    TEST_CHECK(worst < 0.001);
}

/* ---- time constants ---- */
/* Frames from `step` until the attenuation crosses `wanted` dB, with the part of a frame. What is
 * seen at frame step is the answer one frame after the step. */
static double crossing(int64_t step, double wanted)
{
    double before = db_of((double)in[step - 1]) - db_of((double)out[step - 1]);

    for (int64_t n = step; n < FRAMES; n++) {
        const double now = db_of((double)in[n]) - db_of((double)out[n]);
        if ((before < wanted) != (now < wanted))
            return (double)(n - step) + (wanted - before) / (now - before);
        before = now;
    }
    return NAN;
}

/* When the stated answer to a step back to 0 has come down to 1 / e. */
static double release_closed_form(double a, double r)
{
    double low = 0, high = 10 * (a + r);

    for (int i = 0; i < 100; i++) {
        const double t = (low + high) / 2;
        if ((r * exp(-t / r) - a * exp(-t / a)) / (r - a) > exp(-1))
            low = t;
        else
            high = t;
    }
    return low;
}

static void time_constants(void)
{
    static const double attacks[] = {0.0005, 0.005, 0.03}, releases[] = {0.01, 0.05, 0.1};
    const variants all = variants_list();
    const int64_t up = 3000, down = FRAMES / 2;
    double worst_attack = 0, worst_release = 0;

    for (int v = 0; v < all.count; v++)
        for (int i = 0; i < 9; i++) {
            settings s = usual;
            s.knee_db = 0;
            s.attack_s = attacks[i % 3];
            s.release_s = releases[i / 3];
            for (int64_t n = 0; n < FRAMES; n++)
                in[n] = (float)amplitude(n >= up && n < down ? 0 : -40);
            run(&all.ops[v], &s, 1, FRAMES);
            const double all_of_it = 15; /* 20 dB over the threshold at 4:1 */
            const double attack = crossing(up, all_of_it * (1 - exp(-1))) / RATE;
            const double release = crossing(down, all_of_it * exp(-1)) / RATE;
            const double wanted = release_closed_form(s.attack_s, s.release_s);
            worst_attack = fmax(worst_attack, fabs(attack - s.attack_s) / s.attack_s);
            worst_release = fmax(worst_release, fabs(release - wanted) / wanted);
        }
    printf("  off by %.3f %% at attack, %.3f %% at release\n", 100 * worst_attack,
           100 * worst_release);
    TEST_CHECK(worst_attack < 0.02 && worst_release < 0.02);
}

/* A gate closes `hold` frames after the last loud one, and not before. */
static void hold(void)
{
    const variants all = variants_list();
    const int64_t down = 10000;

    for (int v = 0; v < all.count; v++) {
        settings s = usual;
        s.expand = 1;
        s.ratio = 1000;
        s.range_db = 60;
        s.attack_s = 1e-5;
        s.release_s = 0.05;
        s.hold = 777;
        for (int64_t n = 0; n < FRAMES; n++)
            in[n] = n < down ? 0.5f : 0.001f;
        run(&all.ops[v], &s, 1, FRAMES);
        int64_t n = down;
        while (n < FRAMES && out[n] == in[n])
            n++;
        if (!TEST_CHECK(n == down + s.hold))
            TEST_FAIL("%s: closes after %lld frames", all.ops[v].name, (long long)(n - down));
        TEST_CHECK(fabs(db_of((double)out[FRAMES - 1]) - (-60 - 60)) < 0.5);
    }
}

/* ---- the rest ---- */
/* One channel loud, one soft: their attenuations at link 0, 1/2 and 1, the meter, and the delay. */
static void link_and_delay(void)
{
    const variants all = variants_list();
    const int64_t frames = 8192;

    for (int v = 0; v < all.count; v++)
        for (int i = 0; i < 3; i++) {
            settings s = usual;
            s.knee_db = 0;
            s.link = i / 2.0;
            s.lookahead = 100;
            for (int64_t n = 0; n < frames; n++) {
                in[n] = (float)amplitude(-4);
                in[frames + n] = (float)amplitude(-16);
            }
            run(&all.ops[v], &s, 2, frames);
            const double loud = -db_of((double)out[frames - 1] / (double)in[frames - 1]);
            const double soft = -db_of((double)out[2 * frames - 1] / (double)in[2 * frames - 1]);
            TEST_CHECK(fabs(loud - 12) < 0.01);
            TEST_CHECK(fabs(soft - (3 + 9 * s.link)) < 0.01);
            TEST_CHECK(fabs((double)meter[0] - 12) < 0.01);
            TEST_CHECK(out[99] == 0 && out[100] > 0);
        }
}

static void changed(const stream_op *what, int after)
{
    settings s = usual;

    (void)what;
    s.threshold_db = after ? -30 : -15;
    s.makeup_db = after ? 6 : 0;
    s.attack_s = after ? 1e-5 : 0.01;
    derive(&s);
}

static void cuts(void)
{
    int good = 0;

    /* The short streams end within a hold. */
    for (int i = 0; i < 12; i++) {
        const int64_t frames = i < 6 ? 8192 : 1024;
        settings s = usual;
        s.rms = i & 1;
        s.expand = i / 2 % 3 == 1;
        s.hold = i / 2 % 3 * 50;
        s.lookahead = i * 13;
        cleave_compress_args args = args_of(&s, 2, frames);
        const stream_op what = op_of(&args);
        for (int64_t n = 0; n < 2 * frames; n++)
            in[n] = test_uniform(3, (uint64_t)n) * (n % 3000 < 1000   ? 1
                                                    : n % 3000 < 2000 ? 0.01f
                                                                      : 0);
        good += stream_op_check_cuts(&what, in, frames, changed);
    }
    test_passed_count(good);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"the compressor's curve", static_curve},    {"the expander's curve", expander_curve},
        {"attack and release", time_constants},      {"hold", hold},
        {"link, meter, look-ahead", link_and_delay}, {"cuts into blocks do not show", cuts},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
