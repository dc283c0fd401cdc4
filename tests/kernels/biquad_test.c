/* biquad_test.c: blocks of any size, the response against its formula, silence after a signal. */
#include "kernels/biquad/biquad.h"
#include "tests/stream_op.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>

#define FRAMES 9000

static double *parameters_now;

/* Peaking filters all over the spectrum, quality 2, of so many decibels. */
static void set_bands(double *parameters, int64_t sections, double gain_db)
{
    const double a = pow(10, gain_db / 40);

    for (int64_t k = 0; k < sections; k++) {
        const double w = M_PI * (k + 0.5) / (double)sections, alpha = sin(w) / 4;
        double *c = parameters + k * CLEAVE_BIQUAD_COEFFICIENTS;
        const double a0 = 1 + alpha / a;
        c[CLEAVE_BIQUAD_B0] = (1 + alpha * a) / a0;
        c[CLEAVE_BIQUAD_B1] = c[CLEAVE_BIQUAD_A1] = -2 * cos(w) / a0;
        c[CLEAVE_BIQUAD_B2] = (1 - alpha * a) / a0;
        c[CLEAVE_BIQUAD_A2] = (1 - alpha / a) / a0;
    }
}

static void changed(const stream_op *what, int after)
{
    const cleave_biquad_args *a = what->args;

    set_bands(parameters_now, a->sections, after ? -9 : 6);
}

static stream_op stream_of(cleave_biquad_args *a)
{
    return (stream_op){.op = CLEAVE_OP_BIQUAD,
                       .args = a,
                       .in_field = offsetof(cleave_biquad_args, in),
                       .out_field = offsetof(cleave_biquad_args, out),
                       .block_field = offsetof(cleave_biquad_args, block),
                       .state_field = offsetof(cleave_biquad_args, state),
                       .in_rows = a->streams * a->channels,
                       .out_rows = a->streams * a->channels,
                       .in_stride = a->in_stride,
                       .out_stride = a->out_stride,
                       .frames_max = a->frames_max,
                       .state_floats = a->streams * cleave_biquad_state_floats(a)};
}

static cleave_biquad_args args_of(int64_t streams, int64_t channels, int64_t sections)
{
    parameters_now = calloc((size_t)sections * CLEAVE_BIQUAD_COEFFICIENTS, sizeof(double));
    return (cleave_biquad_args){.parameters = parameters_now,
                                .streams = streams,
                                .channels = channels,
                                .sections = sections,
                                .frames_max = FRAMES,
                                .in_stride = FRAMES,
                                .out_stride = FRAMES};
}

static void cuts(void)
{
    static const int64_t shapes[][3] = {{1, 2, 1}, {2, 1, 4}, {1, 3, 9}, {1, 2, 32}};
    int good = 0;

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        cleave_biquad_args a = args_of(shapes[i][0], shapes[i][1], shapes[i][2]);
        const stream_op what = stream_of(&a);
        float *in = malloc((size_t)(what.in_rows * FRAMES) * sizeof *in);
        for (int64_t k = 0; k < what.in_rows * FRAMES; k++)
            in[k] = test_uniform(i, (uint64_t)k);
        good += stream_op_check_cuts(&what, in, FRAMES, changed);
        free(in);
        free(parameters_now);
    }
    test_passed_count(good);
}

/* |H| of the cascade in dB. */
static double formula_db(const double *parameters, int64_t sections, double w)
{
    const double complex z = cexp(-I * w);
    double db = 0;

    for (int64_t k = 0; k < sections; k++) {
        const double *c = parameters + k * CLEAVE_BIQUAD_COEFFICIENTS;
        const double complex above =
            c[CLEAVE_BIQUAD_B0] + z * (c[CLEAVE_BIQUAD_B1] + z * c[CLEAVE_BIQUAD_B2]);
        const double complex below = 1 + z * (c[CLEAVE_BIQUAD_A1] + z * c[CLEAVE_BIQUAD_A2]);
        db += 20 * log10(cabs(above / below));
    }
    return db;
}

static void response(void)
{
    const variants all = variants_list();
    float *in = calloc(FRAMES, sizeof *in), *out = calloc(FRAMES, sizeof *out);
    int good = 0;

    in[0] = 1;
    for (int v = 0; v < all.count; v++) {
        cleave_biquad_args a = args_of(1, 1, 8);
        const stream_op what = stream_of(&a);
        stream_run run;
        set_bands(parameters_now, 8, 6);
        stream_op_open(&run, &what, &all.ops[v]);
        stream_op_push(&run, in, out, FRAMES, FRAMES, 0);
        stream_op_close(&run);
        for (int k = 1; k < 100; k++) {
            const double w = M_PI * k / 100;
            double complex sum = 0;
            for (int t = 0; t < FRAMES; t++)
                sum += (double)out[t] * cexp(-I * w * t);
            const double off = 20 * log10(cabs(sum)) - formula_db(parameters_now, 8, w);
            if (fabs(off) < 1e-4)
                good += TEST_CHECK(1);
            else
                TEST_FAIL("%s: at %d / 100 off by %g dB", all.ops[v].name, k, off);
        }
        free(parameters_now);
    }
    free(in);
    free(out);
    test_passed_count(good);
}

/* A resonance of two seconds is silent in the end, not subnormal. */
static void silence(void)
{
    const variants all = variants_list();
    float *in = calloc(FRAMES, sizeof *in), *out = calloc(FRAMES, sizeof *out);

    for (int v = 0; v < all.count; v++) {
        cleave_biquad_args a = args_of(1, 1, 1);
        const stream_op what = stream_of(&a);
        stream_run run;
        parameters_now[CLEAVE_BIQUAD_B0] = 1;
        parameters_now[CLEAVE_BIQUAD_A1] = -1.98;
        parameters_now[CLEAVE_BIQUAD_A2] = 0.9802;
        stream_op_open(&run, &what, &all.ops[v]);
        in[0] = 1;
        stream_op_push(&run, in, out, FRAMES, FRAMES, 512);
        in[0] = 0;
        TEST_CHECK(out[100] != 0);
        stream_op_push(&run, in, out, FRAMES, FRAMES, 512);
        TEST_CHECK(out[FRAMES - 1] == 0);
        const double *sums = (const double *)(void *)run.state + cleave_biquad_glide_doubles(&a);
        TEST_CHECK(sums[0] == 0 && sums[1] == 0);
        stream_op_close(&run);
        free(parameters_now);
    }
    free(in);
    free(out);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"cuts", cuts},
        {"response", response},
        {"silence", silence},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
