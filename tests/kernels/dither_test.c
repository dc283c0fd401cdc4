/* dither_test.c: the error of requantised signals: independent of the signal, of the right size,
 * shaped as stated; and that cuts into blocks do not show. */
#include "kernels/dither/dither.h"
#include "tests/stream_op.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FRAMES 65536
#define BITS   12
#define PI     3.14159265358979323846

static float in[2 * FRAMES], out[2 * FRAMES];

static cleave_dither_args args_of(int64_t rows, int64_t frames, int32_t shaped)
{
    return (cleave_dither_args){.rows = rows,
                                .frames_max = frames,
                                .in_stride = frames,
                                .out_stride = frames,
                                .bits = BITS,
                                .shaped = shaped,
                                .seed = 3};
}

static stream_op op_of(cleave_dither_args *args)
{
    return (stream_op){.op = CLEAVE_OP_DITHER,
                       .args = args,
                       .in_field = offsetof(cleave_dither_args, in),
                       .out_field = offsetof(cleave_dither_args, out),
                       .block_field = offsetof(cleave_dither_args, block),
                       .state_field = offsetof(cleave_dither_args, state),
                       .in_rows = args->rows,
                       .out_rows = args->rows,
                       .in_stride = args->in_stride,
                       .out_stride = args->out_stride,
                       .frames_max = args->frames_max,
                       .state_floats = args->rows * CLEAVE_DITHER_STATE_FLOATS};
}

static void run(const cleave_ops *ops, cleave_dither_args *args)
{
    const stream_op what = op_of(args);
    stream_run stream;

    stream_op_open(&stream, &what, ops);
    stream_op_push(&stream, in, out, args->frames_max, args->frames_max, args->frames_max);
    stream_op_close(&stream);
}

/* Error of frame n in steps. */
static double error_at(int64_t n)
{
    return ((double)out[n] - (double)in[n]) * (1 << (BITS - 1));
}

/* For constants anywhere between two steps, the mean error is 0 and its power 1/4 of a step
 * squared: 1/6 of the noise and 1/12 of the rounding. */
static void error_is_independent(void)
{
    const variants all = variants_list();
    const double four_deviations = 4 * sqrt(0.25 / FRAMES);

    for (int v = 0; v < all.count; v++)
        for (int i = 0; i < 8; i++) {
            cleave_dither_args args = args_of(1, FRAMES, 0);
            double mean = 0, power = 0;
            int whole = 1;
            for (int64_t n = 0; n < FRAMES; n++)
                in[n] = (float)(100 + i / 8.0) / (1 << (BITS - 1));
            run(&all.ops[v], &args);
            for (int64_t n = 0; n < FRAMES; n++) {
                const double steps = (double)out[n] * (1 << (BITS - 1));
                whole &= steps == rint(steps);
                mean += error_at(n) / FRAMES;
                power += error_at(n) * error_at(n) / FRAMES;
            }
            TEST_CHECK(whole);
            TEST_CHECK(fabs(mean) < four_deviations);
            TEST_CHECK(fabs(power - 0.25) < 0.006);
        }
}

/* The power of the error at a frequency, in cycles a frame, by periodograms of 256 frames. */
static double error_power(double frequency)
{
    double sum = 0;

    for (int64_t part = 0; part < FRAMES; part += 256) {
        double re = 0, im = 0;
        for (int64_t n = 0; n < 256; n++) {
            const double w = sqrt(8.0 / 3) * (0.5 - 0.5 * cos(2 * PI * ((double)n + 0.5) / 256));
            re += w * error_at(part + n) * cos(2 * PI * frequency * (double)n);
            im += w * error_at(part + n) * sin(2 * PI * frequency * (double)n);
        }
        sum += (re * re + im * im) / 256;
    }
    return sum / (FRAMES / 256.0);
}

/* 1/4 |1 - sum c_k z^-k|^2, within what 256 periodograms leave open. */
static void spectrum(void)
{
    static const double taps[] = {2.033, -2.165, 1.959, -1.590, 0.6149};
    const variants all = variants_list();

    for (int v = 0; v < all.count; v++)
        for (int shaped = 0; shaped < 2; shaped++) {
            cleave_dither_args args = args_of(1, FRAMES, shaped);
            double worst = 0;
            for (int64_t n = 0; n < FRAMES; n++)
                in[n] = (float)(0.4 * sin(0.05 * (double)n));
            run(&all.ops[v], &args);
            for (double f = 0.05; f < 0.5; f += 0.06) {
                double re = 1, im = 0;
                for (int k = 0; k < 5 && shaped; k++) {
                    re -= taps[k] * cos(2 * PI * f * (k + 1));
                    im += taps[k] * sin(2 * PI * f * (k + 1));
                }
                const double ratio = error_power(f) / (0.25 * (re * re + im * im));
                worst = fmax(worst, fabs(10 * log10(ratio)));
            }
            printf("  %s, %s: off the formula by %.2f dB\n", all.ops[v].name,
                   shaped ? "shaped" : "plain", worst);
            TEST_CHECK(worst < 1.3);
        }
}

/* Two rows get different noise, and values beyond full scale the last step. */
static void rows_and_ends(void)
{
    const variants all = variants_list();

    for (int v = 0; v < all.count; v++) {
        cleave_dither_args args = args_of(2, 4096, 1);
        int differ = 0;
        for (int64_t n = 0; n < 4096; n++)
            in[n] = in[4096 + n] = n < 2048 ? 0 : n < 3000 ? 3 : -3;
        run(&all.ops[v], &args);
        for (int64_t n = 0; n < 2048; n++)
            differ += out[n] != out[4096 + n];
        TEST_CHECK(differ > 1000);
        TEST_CHECK(out[2500] == 1 - 1.0f / (1 << (BITS - 1)) && out[3500] == -1);
    }
}

static void cuts(void)
{
    int good = 0;

    for (int shaped = 0; shaped < 2; shaped++) {
        cleave_dither_args args = args_of(2, 8192, shaped);
        const stream_op what = op_of(&args);
        for (int64_t n = 0; n < 2 * 8192; n++)
            in[n] = test_uniform(3, (uint64_t)n);
        good += stream_op_check_cuts(&what, in, 8192, NULL);
    }
    test_passed_count(good);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"the error is independent of the signal", error_is_independent},
        {"its spectrum", spectrum},
        {"rows, and the ends of the scale", rows_and_ends},
        {"cuts into blocks do not show", cuts},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
