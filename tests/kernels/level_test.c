/* level_test.c: blocks of any size, the level that is reached, what limits and gate do. */
#include "kernels/level/level.h"
#include "tests/stream_op.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 9000

static double parameters[CLEAVE_LEVEL_PARAMETERS];

static void set_target(double mean_square)
{
    parameters[CLEAVE_LEVEL_TARGET] = mean_square;
    parameters[CLEAVE_LEVEL_GATE] = 1e-6;
    parameters[CLEAVE_LEVEL_GAIN_MIN] = 0.01;
    parameters[CLEAVE_LEVEL_GAIN_MAX] = 10;
    parameters[CLEAVE_LEVEL_RISE] = 0.1;
    parameters[CLEAVE_LEVEL_FALL] = 0.3;
    for (int c = 0; c < CLEAVE_LEVEL_CHANNELS_MAX; c++)
        parameters[CLEAVE_LEVEL_WEIGHTS + c] = 1;
}

static void changed(const stream_op *what, int after)
{
    (void)what;
    set_target(after ? 0.01 : 0.2);
}

static cleave_level_args args_of(int64_t streams, int64_t channels, int64_t window, int64_t delay)
{
    return (cleave_level_args){.parameters = parameters,
                               .streams = streams,
                               .channels = channels,
                               .window_steps = window,
                               .delay_steps = delay,
                               .frames_max = FRAMES,
                               .in_stride = FRAMES,
                               .key_stride = FRAMES,
                               .out_stride = FRAMES};
}

/* The helper sets one input: the key is the signal itself, as it is for RMS. Where it lies is known
 * after the start only, so it is set for each run by a wrapped table. */
static const cleave_ops *wrapped;

static void run_with_key(const void *args, const cleave_work *work)
{
    cleave_level_args a = *(const cleave_level_args *)args;

    a.key = a.in;
    wrapped->kernel[CLEAVE_OP_LEVEL].run(&a, work);
}

/* A stream in blocks of `cut` frames into out, and its state at the end. */
static void stream(const cleave_ops *ops, cleave_level_args *a, const float *in, float *out,
                   float *state, int64_t frames, int64_t cut, int has_change)
{
    const stream_op what = {.op = CLEAVE_OP_LEVEL,
                            .args = a,
                            .in_field = offsetof(cleave_level_args, in),
                            .out_field = offsetof(cleave_level_args, out),
                            .block_field = offsetof(cleave_level_args, block),
                            .state_field = offsetof(cleave_level_args, state),
                            .in_rows = a->streams * a->channels,
                            .out_rows = a->streams * a->channels,
                            .in_stride = FRAMES,
                            .out_stride = FRAMES,
                            .frames_max = FRAMES,
                            .state_floats = a->streams * cleave_level_state_floats(a)};
    cleave_ops table = *ops;
    stream_run run;

    wrapped = ops;
    table.kernel[CLEAVE_OP_LEVEL].run = run_with_key;
    if (has_change)
        changed(&what, 0);
    stream_op_open(&run, &what, &table);
    stream_op_push(&run, in, out, frames, frames / 2, cut);
    if (has_change)
        changed(&what, 1);
    stream_op_push(&run, in + frames / 2, out + frames / 2, frames, frames - frames / 2, cut);
    if (state)
        memcpy(state, run.state, (size_t)what.state_floats * sizeof(float));
    stream_op_close(&run);
}

static void cuts(void)
{
    static const int64_t shapes[][4] = {{1, 2, 10, 0}, {2, 1, 3, 4}, {1, 5, 1, 1}};
    static const int64_t list[] = {1, 7, 32, 64, 1000, 4096, 0};
    const variants all = variants_list();
    int good = 0;

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        cleave_level_args a = args_of(shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3]);
        const size_t count = (size_t)(a.streams * a.channels * FRAMES);
        const size_t state_floats = (size_t)(a.streams * cleave_level_state_floats(&a));
        float *in = malloc(count * sizeof *in);
        float *out[2] = {malloc(count * sizeof *in), malloc(count * sizeof *in)};
        float *state[2] = {malloc(state_floats * sizeof *in), malloc(state_floats * sizeof *in)};
        for (size_t k = 0; k < count; k++)
            in[k] = (k % FRAMES < 5000 ? 0.5f : 0.05f) * test_uniform(i, k);
        for (int v = 0; v < all.count; v++) {
            stream(&all.ops[v], &a, in, out[0], state[0], FRAMES, FRAMES, 1);
            for (size_t k = 0; k < sizeof list / sizeof *list; k++) {
                stream(&all.ops[v], &a, in, out[1], state[1], FRAMES, list[k], 1);
                good += TEST_CHECK(!memcmp(out[0], out[1], count * sizeof *in) &&
                                   !memcmp(state[0], state[1], state_floats * sizeof *in));
            }
        }
        free(in);
        for (int k = 0; k < 2; k++) {
            free(out[k]);
            free(state[k]);
        }
    }
    test_passed_count(good);
}

static double mean_square(const float *x, int64_t count)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += (double)x[i] * (double)x[i];
    return sum / (double)count;
}

/* A jump of 20 dB is levelled; what is silent or needs too much gain is not. */
static void reaches(void)
{
    const variants all = variants_list();
    float *in = malloc(FRAMES * sizeof *in), *out = malloc(FRAMES * sizeof *out);

    for (int v = 0; v < all.count; v++)
        for (int64_t delay = 0; delay <= 2; delay += 2) {
            cleave_level_args a = args_of(1, 1, 20, delay);
            set_target(0.04);
            for (int i = 0; i < FRAMES; i++)
                in[i] = (float)((i < FRAMES / 2 ? 0.9 : 0.09) * sin(0.3 * i));
            stream(&all.ops[v], &a, in, out, NULL, FRAMES, 512, 0);
            TEST_CHECK(fabs(10 * log10(mean_square(out + 3000, 1000) / 0.04)) < 0.1);
            TEST_CHECK(fabs(10 * log10(mean_square(out + 8000, 1000) / 0.04)) < 0.1);
            for (int i = 0; i < FRAMES; i++)
                in[i] *= i < FRAMES / 2 ? 1 : 0.1f;
            stream(&all.ops[v], &a, in, out, NULL, FRAMES, 512, 0);
            TEST_CHECK(fabs(10 * log10(mean_square(out + 8000, 1000) /
                                       (100 * mean_square(in + 8000, 1000)))) < 0.1);
            for (int i = FRAMES / 2; i < FRAMES; i++)
                in[i] *= 0.01f;
            stream(&all.ops[v], &a, in, out, NULL, FRAMES, 512, 0);
            TEST_CHECK(mean_square(out + 8000, 1000) < 1e-6);
        }
    free(in);
    free(out);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"cuts", cuts},
        {"reaches", reaches},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
