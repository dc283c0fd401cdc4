/* limit_test.c: the limiter holds what it promises: no true peak above the threshold, nothing
 * touched below it, the release as stated, and no trace of how a stream was cut. */
#include "kernels/limit/limit.h"
#include "tests/stream_op.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE       44100
#define FRAMES     8192
#define PROGRAMMES 100
#define PI         3.14159265358979323846

static double parameters[CLEAVE_LIMIT_PARAMETERS];

static void set_parameters(double threshold, double release_s)
{
    parameters[CLEAVE_LIMIT_THRESHOLD] = threshold;
    parameters[CLEAVE_LIMIT_RELEASE] = exp(-CLEAVE_LIMIT_CELL / (release_s * RATE));
}

static cleave_limit_args args_of(int32_t channels, int32_t cells, int32_t true_peak, int64_t frames)
{
    return (cleave_limit_args){.streams = 1,
                               .channels = channels,
                               .true_peak = true_peak,
                               .parameters = parameters,
                               .frames_max = frames,
                               .in_stride = frames,
                               .out_stride = frames,
                               .cells = cells};
}

static stream_op op_of(cleave_limit_args *args)
{
    const int64_t rows = args->streams * args->channels;

    return (stream_op){.op = CLEAVE_OP_LIMIT,
                       .args = args,
                       .in_field = offsetof(cleave_limit_args, in),
                       .out_field = offsetof(cleave_limit_args, out),
                       .block_field = offsetof(cleave_limit_args, block),
                       .state_field = offsetof(cleave_limit_args, state),
                       .in_rows = rows,
                       .out_rows = rows,
                       .in_stride = args->in_stride,
                       .out_stride = args->out_stride,
                       .frames_max = args->frames_max,
                       .state_floats = args->streams * cleave_limit_state_floats(args)};
}

static void run(const cleave_ops *ops, cleave_limit_args *args, const float *in, float *out)
{
    const stream_op what = op_of(args);
    stream_run stream;

    stream_op_open(&stream, &what, ops);
    stream_op_push(&stream, in, out, args->frames_max, args->frames_max, args->frames_max);
    stream_op_close(&stream);
}

/* ---- programmes ---- */
static double uniform(uint64_t seed, int64_t i)
{
    return (double)test_uniform(seed, (uint64_t)i);
}

static double noise(uint64_t seed, int64_t n)
{
    return uniform(seed, n) + uniform(seed + 1, n) + uniform(seed + 2, n);
}

static double sign(double x)
{
    return x < 0 ? -1 : 1;
}

/* Sample n of a kind of programme, somewhere around full scale. */
static double sample(int kind, uint64_t seed, int64_t n)
{
    const double f = 0.002 + 0.2 * (1 + uniform(seed, 1 << 20)); /* cycles a frame */
    const double t = (double)n;

    switch (kind) {
    case 0: /* white, up to the edge of the band */
        return uniform(seed, n);
    case 1: /* a square wave without any limit to its band */
        return sign(sin(2 * PI * f / 8 * t + 0.1));
    case 2: /* clicks above soft noise */
        return uniform(seed, n) > 0.995 ? sign(uniform(seed + 1, n)) : 0.02 * uniform(seed + 2, n);
    case 3: /* between whose samples the peaks are 3 dB higher */
        return sin(PI / 2 * t + PI / 4);
    case 4:
        return sin(2 * PI * f * t + uniform(seed, 0));
    case 5: /* signs at random: the steepest there is */
        return sign(uniform(seed, n));
    case 6: /* bursts */
        return (n / 700 % 3 == 0 ? 1 : 0.05) * noise(seed, n) / 2;
    case 7: /* three tones that come and go in steps */
        return (n / 1500 % 2 ? 1 : 0.1) *
               (sin(f * t) + sin(2.1 * f * t + 1) + sin(4.7 * f * t + 2)) / 2;
    case 8: /* a chirp from 0 to 0.9 of the band */
        return sin(PI * 0.45 * t / FRAMES * t);
    default: /* clipped noise */
        return fmax(-1, fmin(1, 2 * noise(seed, n)));
    }
}

/* Up to 12 dB above full scale; the channels differ. */
static void programme(int index, float *in)
{
    const double gain = 0.5 + 1.75 * (1 + uniform(99, index));

    for (int64_t n = 0; n < FRAMES; n++) {
        in[n] = (float)(gain * sample(index % 10, 1000 + 10 * (uint64_t)index, n));
        in[FRAMES + n] =
            (float)(0.8 * gain * sample((index + index / 10) % 10, 5000 + 10 * (uint64_t)index, n));
    }
}

/* ---- meters ---- */
/* Not fmax, on whose reduction in a loop GCC 12 for AArch64 fails. */
static double larger(double a, double b)
{
    return a > b ? a : b;
}

#define TAPS 128 /* of the long interpolator at each of its 7 points between two frames */

static double bessel(double x)
{
    double sum = 1, term = 1;

    for (int k = 1; k < 60; k++) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

static void make_long_taps(double taps[7][TAPS])
{
    for (int p = 0; p < 7; p++) {
        double sum = 0;
        for (int k = 0; k < TAPS; k++) {
            const double x = k - TAPS / 2 + 1 - (p + 1) / 8.0, w = x / (TAPS / 2.0);
            taps[p][k] = sin(PI * x) / (PI * x) * bessel(9 * sqrt(fmax(0, 1 - w * w)));
            sum += taps[p][k];
        }
        for (int k = 0; k < TAPS; k++)
            taps[p][k] /= sum;
    }
}

/* The true peak by points at eighths of a frame, as far as all the frames around are known: a
 * stream does not end where the test does. */
static double long_peak(const float *x)
{
    static double taps[7][TAPS], wide[TAPS + FRAMES];
    double peak = 0;

    if (taps[0][0] == 0)
        make_long_taps(taps);
    memset(wide, 0, sizeof wide);
    for (int64_t n = 0; n < FRAMES; n++)
        wide[TAPS + n] = (double)x[n];
    for (int64_t n = 0; n <= FRAMES; n++) {
        peak = larger(peak, fabs(wide[n]));
        for (int p = 0; p < 7; p++) {
            double sum = 0;
            for (int k = 0; k < TAPS; k++)
                sum += taps[p][k] * wide[n + k];
            peak = larger(peak, fabs(sum));
        }
    }
    return peak;
}

/* The meter of ITU-R BS.1770-4, annex 2: four points a frame, 12 taps each. */
static double standard_peak(const float *x)
{
    static const double taps[2][12] = {
        {0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875,
         0.1373291015625, 0.9721679687500, -0.1022949218750, 0.0476074218750, -0.0266113281250,
         0.0148925781250, -0.0083007812500},
        {-0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500,
         0.4650878906250, 0.7797851562500, -0.2003173828125, 0.1015625000000, -0.0582275390625,
         0.0330810546875, -0.0189208984375}};
    double peak = 0;

    for (int64_t n = 11; n < FRAMES; n++)
        for (int p = 0; p < 2; p++) {
            double forward = 0, backward = 0;
            for (int k = 0; k < 12; k++) {
                forward += taps[p][k] * (double)x[n - k];
                backward += taps[p][11 - k] * (double)x[n - k];
            }
            peak = larger(peak, larger(fabs(forward), fabs(backward)));
        }
    return peak;
}

static double sample_peak(const float *x)
{
    double peak = 0;

    for (int64_t n = 0; n < FRAMES; n++)
        peak = larger(peak, fabs((double)x[n]));
    return peak;
}

/* ---- tests ---- */
static float in[2 * FRAMES], out[2 * FRAMES];

static double worst_of_channels(double (*meter)(const float *x))
{
    return larger(meter(out), meter(out + FRAMES));
}

static void never_above(void)
{
    static const int32_t cells[] = {27, 6, 55};
    const cleave_ops ops = variants_best();
    double worst_long = 0, worst_standard = 0, worst_samples = 0;
    int limited = 0;

    for (int i = 0; i < PROGRAMMES; i++) {
        const double threshold = pow(10, -(i % 7) / 20.0);
        cleave_limit_args args = args_of(2, cells[i % 3], 1, FRAMES);
        set_parameters(threshold, i % 2 ? 0.05 : 0.2);
        programme(i, in);
        limited += long_peak(in) > threshold;
        run(&ops, &args, in, out);
        const double fine = worst_of_channels(long_peak) / threshold;
        const double standard = worst_of_channels(standard_peak) / threshold;
        if (!(fine <= 1) || !(standard <= 1))
            TEST_FAIL("programme %d: %.3f dB by the long interpolator, %.3f dB by BS.1770", i,
                      20 * log10(fine), 20 * log10(standard));
        worst_long = larger(worst_long, fine);
        worst_standard = larger(worst_standard, standard);

        args.true_peak = 0;
        run(&ops, &args, in, out);
        worst_samples = larger(worst_samples, worst_of_channels(sample_peak) / threshold);
    }
    printf("  highest against the threshold: %.3f dB by 8 x 128 taps, %.3f dB by BS.1770, samples "
           "alone %.2e\n",
           20 * log10(worst_long), 20 * log10(worst_standard), worst_samples - 1);
    TEST_CHECK(limited >= PROGRAMMES * 9 / 10);
    TEST_CHECK(worst_samples <= 1 && worst_samples > 0.9999);
    test_passed_count(PROGRAMMES);
}

/* 0.7 dB below the threshold nothing happens; after peaks above it, again. */
static void transparent(void)
{
    const variants all = variants_list();
    const int64_t loud = 300;

    for (int v = 0; v < all.count; v++) {
        cleave_limit_args args = args_of(2, 27, 1, FRAMES);
        const int64_t latency = cleave_limit_latency_frames(&args);
        set_parameters(0.5, 0.001);
        for (int burst = 0; burst < 2; burst++) {
            int same = 0;
            for (int64_t n = 0; n < 2 * FRAMES; n++)
                in[n] = (float)(0.5 * 0.92 * sin(0.3 * (double)(n % FRAMES)));
            for (int64_t n = 0; n < loud && burst; n++)
                in[n] = (float)(3 * uniform(1, n));
            run(&all.ops[v], &args, in, out);
            const int64_t from = burst ? FRAMES / 2 : 0;
            for (int64_t n = from; n < FRAMES - latency; n++)
                same += in[n] == out[n + latency] && in[FRAMES + n] == out[FRAMES + n + latency];
            TEST_CHECK(same == FRAMES - latency - from);
            TEST_CHECK(burst || memcmp(out, out + 1 + latency, sizeof(float)));
        }
    }
}

/* A click pulls the gain down; what is missing of 1 falls by e in the stated time. */
static void release(void)
{
    const variants all = variants_list();
    const double seconds = 0.03;

    for (int v = 0; v < all.count; v++) {
        cleave_limit_args args = args_of(1, 27, 1, FRAMES);
        const int64_t later = (int64_t)(seconds * RATE);
        set_parameters(1, seconds);
        for (int64_t n = 0; n < FRAMES; n++)
            in[n] = n == 1000 ? 10 : 1e-3f;
        run(&all.ops[v], &args, in, out);
        const double one = 1 - (double)out[3000] / 1e-3, two = 1 - (double)out[3000 + later] / 1e-3;
        const double measured = (double)later / RATE / log(one / two);
        if (!TEST_CHECK(fabs(measured / seconds - 1) < 0.005))
            TEST_FAIL("%s: %.5f s", all.ops[v].name, measured);
    }
}

static void changed(const stream_op *what, int after)
{
    (void)what;
    set_parameters(after ? 0.3 : 0.7, after ? 0.02 : 0.1);
}

static void cuts(void)
{
    int good = 0;

    for (int kind = 0; kind < 2; kind++) {
        cleave_limit_args args = args_of(2, kind ? 5 : 27, !kind, FRAMES);
        const stream_op what = op_of(&args);
        programme(66 + kind, in);
        good += stream_op_check_cuts(&what, in, FRAMES, changed);
    }
    test_passed_count(good);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"no programme comes above the threshold", never_above},
        {"what is below passes bit for bit", transparent},
        {"the release takes the stated time", release},
        {"cuts into blocks do not show", cuts},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
