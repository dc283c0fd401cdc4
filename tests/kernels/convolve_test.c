/* convolve_test.c: against the sum over all taps, in double; and that blocks do not show. */
#include "kernels/convolve/convolve.h"
#include "tests/stream_op.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct scene {
    cleave_convolve_args args;
    double parameters[CLEAVE_CONVOLVE_PARAMETERS];
    float *response;
    stream_op what;
} scene;

/* Whose parameters are those of the case that changes them. */
static scene shared;

/* Noise that decays by 60 dB over the taps. */
static void scene_init(scene *s, int32_t taps, int32_t channels, int32_t responses,
                       int32_t frames_max)
{
    const int64_t count = (int64_t)taps * responses;

    memset(s, 0, sizeof *s);
    s->response = variant_alloc((size_t)count * sizeof(float));
    for (int64_t i = 0; i < count; i++)
        s->response[i] =
            test_uniform(9, (uint64_t)i) * (float)exp(-6.9 * (double)(i % taps) / taps);
    s->parameters[CLEAVE_CONVOLVE_WET] = 1;
    s->args = (cleave_convolve_args){.streams = 1,
                                     .channels = channels,
                                     .frames_max = frames_max,
                                     .in_stride = frames_max,
                                     .out_stride = frames_max,
                                     .responses = responses,
                                     .taps = taps,
                                     .response = s->response,
                                     .parameters = s->parameters};
    s->what = (stream_op){.op = CLEAVE_OP_CONVOLVE,
                          .args = &s->args,
                          .in_field = offsetof(cleave_convolve_args, in),
                          .out_field = offsetof(cleave_convolve_args, out),
                          .block_field = offsetof(cleave_convolve_args, block),
                          .state_field = offsetof(cleave_convolve_args, state),
                          .in_rows = channels,
                          .out_rows = channels,
                          .in_stride = frames_max,
                          .out_stride = frames_max,
                          .frames_max = frames_max,
                          .state_floats = cleave_convolve_state_floats(&s->args)};
}

/* The same, so many frames late. */
static void scene_late(scene *s, int32_t late)
{
    s->args.late = late;
    s->parameters[CLEAVE_CONVOLVE_DRY] = 0.25;
    s->what.state_floats = cleave_convolve_state_floats(&s->args);
}

static void fill_noise(float *x, int64_t count, uint64_t seed)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = test_uniform(seed, (uint64_t)i);
}

/* Every so many frames of a channel, chosen so that all residues come up. */
static double distance_db(const scene *s, const float *in, const float *out, int64_t frames,
                          int64_t step)
{
    double error = 0, energy = 0;

    for (int64_t c = 0; c < s->args.channels; c++) {
        const float *h = s->response + (s->args.responses > 1 ? c * s->args.taps : 0);
        for (int64_t n = c; n < frames; n += step) {
            const int64_t at = n - s->args.late;
            double sum =
                at < 0 ? 0 : s->parameters[CLEAVE_CONVOLVE_DRY] * (double)in[c * frames + at];
            for (int64_t k = 0; k < s->args.taps && k <= at; k++)
                sum += (double)h[k] * (double)in[c * frames + at - k];
            error += (sum - (double)out[c * frames + n]) * (sum - (double)out[c * frames + n]);
            energy += sum * sum;
        }
    }
    return error > 0 ? 10 * log10(energy / error) : 999;
}

static void as_the_sum(void)
{
    static const int32_t taps[] = {1,    2,    7,    63,   64,   65,   127,  128,  129,
                                   1000, 1023, 1024, 1025, 5000, 2560, 2561, 21000};
    const variants all = variants_list();

    for (size_t i = 0; i < sizeof taps / sizeof taps[0]; i++) {
        const int64_t frames = taps[i] + 12000;
        float *in = variant_alloc(2 * (size_t)frames * sizeof *in);
        float *out = variant_alloc(2 * (size_t)frames * sizeof *in);
        scene s;
        scene_init(&s, taps[i], 2, 1 + (int32_t)i % 2, 4096);
        fill_noise(in, 2 * frames, 3);
        for (int v = 0; v < all.count; v++) {
            stream_run run;
            if (v && all.ops[v].kernel[CLEAVE_OP_CONVOLVE].run ==
                         all.ops[v - 1].kernel[CLEAVE_OP_CONVOLVE].run)
                continue;
            stream_op_open(&run, &s.what, &all.ops[v]);
            stream_op_push(&run, in, out, frames, frames, 0);
            stream_op_close(&run);
            const double db = distance_db(&s, in, out, frames, 7);
            if (!TEST_CHECK(db >= 120))
                TEST_FAIL("%s, %d taps: %.1f dB", all.ops[v].name, taps[i], db);
        }
        free(in);
        free(out);
        free(s.response);
    }
}

/* All four levels. */
static void long_response(void)
{
    const int64_t frames = 300000;
    float *in = variant_alloc((size_t)frames * sizeof *in);
    float *out = variant_alloc((size_t)frames * sizeof *in);
    const cleave_ops ops = variants_best();
    static const int32_t taps[] = {65537, 163840, 163841, 200001};

    fill_noise(in, frames, 4);
    for (size_t i = 0; i < sizeof taps / sizeof taps[0]; i++) {
        stream_run run;
        scene s;
        scene_init(&s, taps[i], 1, 1, 4096);
        stream_op_open(&run, &s.what, &ops);
        stream_op_push(&run, in, out, frames, frames, 4096);
        stream_op_close(&run);
        const double db = distance_db(&s, in, out, frames, 1009);
        if (!TEST_CHECK(db >= 120))
            TEST_FAIL("%d taps: %.1f dB", taps[i], db);
        free(s.response);
    }
    free(in);
    free(out);
}

/* Late: without the direct sum, then without the short levels. */
static void late(void)
{
    static const struct {
        int32_t taps, late;
    } rows[] = {{1, 1024},    {700, 1024},    {1600, 1024},  {9000, 1024},  {1, 8192},
                {5000, 8192}, {100000, 8192}, {3000, 65536}, {60000, 65536}};
    const int64_t frames = 180000;
    float *in = variant_alloc((size_t)frames * sizeof *in);
    float *out = variant_alloc((size_t)frames * sizeof *in);
    const cleave_ops ops = variants_best();

    fill_noise(in, frames, 6);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        stream_run run;
        scene s;
        scene_init(&s, rows[i].taps, 1, 1, 4096);
        s.what.args = &s.args;
        scene_late(&s, rows[i].late);
        stream_op_open(&run, &s.what, &ops);
        stream_op_push(&run, in, out, frames, frames, 0);
        stream_op_close(&run);
        const double db = distance_db(&s, in, out, frames, 503);
        if (!TEST_CHECK(db >= 120))
            TEST_FAIL("%d taps, %d late: %.1f dB", rows[i].taps, rows[i].late, db);
        free(s.response);
    }
    free(in);
    free(out);
}

static void changed(const stream_op *what, int after)
{
    (void)what;
    shared.parameters[CLEAVE_CONVOLVE_WET] = after ? 0.3 : 1;
    shared.parameters[CLEAVE_CONVOLVE_DRY] = after ? 0.8 : 0;
}

static void blocks_do_not_show(void)
{
    static const int32_t taps[] = {50, 900, 9000, 30000, 170000};
    enum { FRAMES = 18000, LONG = 36000 };
    static float in[2 * FRAMES];
    int good = 0;

    fill_noise(in, 2 * FRAMES, 5);
    for (size_t i = 0; i < sizeof taps / sizeof taps[0]; i++) {
        const int32_t channels = i < 4 ? 2 : 1, frames = i < 4 ? FRAMES : LONG;
        scene_init(&shared, taps[i], channels, channels, frames);
        good += stream_op_check_cuts(&shared.what, in, frames, changed);
        scene_late(&shared, i < 2 ? 1024 : 8192);
        good += stream_op_check_cuts(&shared.what, in, frames, changed);
        free(shared.response);
    }
    test_passed_count(good);
}

/* An impulse comes out in the frame in which it came in. */
static void no_delay(void)
{
    const variants all = variants_list();
    float in[100] = {0}, out[100];
    scene s;

    scene_init(&s, 3000, 1, 1, 100);
    in[37] = 1;
    for (int v = 0; v < all.count; v++) {
        stream_run run;
        stream_op_open(&run, &s.what, &all.ops[v]);
        stream_op_push(&run, in, out, 100, 100, 1);
        stream_op_close(&run);
        TEST_CHECK(out[36] == 0 && out[37] == s.response[0] && out[38] == s.response[1]);
    }
    free(s.response);
}

static void contract(void)
{
    scene s;

    scene_init(&s, 10, 3, 1, 64);
    TEST_CHECK(cleave_convolve_op.check(&s.args) == NULL);
    s.args.responses = 2;
    TEST_CHECK(strstr(cleave_convolve_op.check(&s.args), "responses must be 1 or channels"));
    s.args.responses = 3;
    TEST_CHECK(cleave_convolve_op.check(&s.args) == NULL);
    s.args.taps = 0;
    TEST_CHECK(strstr(cleave_convolve_op.check(&s.args), "taps must be 1 to 2^24"));
    free(s.response);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"as_the_sum", as_the_sum},
        {"long_response", long_response},
        {"late", late},
        {"blocks_do_not_show", blocks_do_not_show},
        {"no_delay", no_delay},
        {"contract", contract},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
