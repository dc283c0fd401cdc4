/* level_cases.c: with and without delay, at every phase of a step, windows that have come round. */
#include "kernels/cases.h"
#include "kernels/level/level.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int64_t streams, channels, window, delay, frames_max, pad, frames, position;
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, 0, 1, 0, 1, 0, CLEAVE_CASE_SMALL},
    {1, 2, 3, 0, 100, 0, 100, 0, CLEAVE_CASE_SMALL},
    {2, 1, 4, 2, 90, 3, 85, 31, CLEAVE_CASE_SMALL},
    {1, 3, 10, 1, 200, 0, 199, 12345, CLEAVE_CASE_SMALL},
    {3, 2, 2, 5, 64, 1, 0, 64, CLEAVE_CASE_SMALL},
    {1, 32, 7, 0, 70, 0, 70, 96, CLEAVE_CASE_SMALL},
    {2, 6, 100, 20, 3000, 5, 2999, 1000, 0},
    {1, 2, 1378, 0, 4096, 0, 4096, 64000, CLEAVE_CASE_BENCH},
    {1, 2, 1378, 69, 4096, 0, 4096, 64000, CLEAVE_CASE_BENCH},
};

/* As after the steps that lie before the position, all of the same energy. */
static void fill_state(const cleave_level_args *a, int64_t position, double *state, float *audio)
{
    const int64_t steps = cleave_i64_max(position - 1, 0) / CLEAVE_GRID_FRAMES;
    const int64_t held = cleave_i64_min(steps, a->window_steps);
    const double energy = 3;
    double *ring = state + CLEAVE_LEVEL_HEADER + a->channels * CLEAVE_LEVEL_LANES;

    memset(state, 0, (size_t)cleave_level_doubles(a) * sizeof(double));
    state[CLEAVE_LEVEL_STEPS] = (double)steps;
    state[CLEAVE_LEVEL_SUM] = energy * (double)held;
    state[CLEAVE_LEVEL_FRESH] = energy * (double)(steps % a->window_steps);
    state[CLEAVE_LEVEL_FROM] = 0.75;
    state[CLEAVE_LEVEL_TO] = 0.8;
    state[CLEAVE_LEVEL_WANTED] = 0.9;
    for (int64_t i = 0; i < held; i++)
        ring[i] = energy;
    for (int64_t i = 0; i < a->channels * CLEAVE_LEVEL_LANES; i++)
        state[CLEAVE_LEVEL_HEADER + i] = 0.01 * (double)(i % 7);
    for (int64_t i = 0; i < a->channels * a->delay_steps * CLEAVE_GRID_FRAMES; i++)
        audio[i] = cleave_case_uniform(9, i);
}

static void fill_parameters(const cleave_level_args *a, double *p)
{
    p[CLEAVE_LEVEL_TARGET] = 0.02;
    p[CLEAVE_LEVEL_GATE] = 1e-7;
    p[CLEAVE_LEVEL_GAIN_MIN] = 0.1;
    p[CLEAVE_LEVEL_GAIN_MAX] = 4;
    p[CLEAVE_LEVEL_RISE] = 0.01;
    p[CLEAVE_LEVEL_FALL] = 0.05;
    for (int64_t c = 0; c < CLEAVE_LEVEL_CHANNELS_MAX; c++)
        p[CLEAVE_LEVEL_WEIGHTS + c] = c == 3 ? 0 : c > 3 ? 1.41 : 1.0 / (double)a->channels;
}

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_level_args args;
    int shape = 0;

    memcpy(&args, test->args.bytes, sizeof args);
    sscanf(test->label, "#%d", &shape);
    if (operand == 3) {
        const cleave_block block = {.position = shapes[shape].position,
                                    .frames = (int32_t)shapes[shape].frames};
        memcpy(data, &block, sizeof block);
    } else if (operand == 4) {
        fill_parameters(&args, (double *)(void *)data);
    } else if (operand == 5) {
        for (int64_t s = 0; s < args.streams; s++) {
            float *state = data + s * cleave_level_state_floats(&args);
            fill_state(&args, shapes[shape].position, (double *)(void *)state,
                       state + 2 * cleave_level_doubles(&args));
        }
    } else {
        for (int64_t i = 0; i < count; i++)
            data[i] = cleave_case_uniform((uint64_t)operand + 1, i);
    }
}

int cleave_level_cases(int index, cleave_case *out)
{
    cleave_level_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.streams = shapes[index].streams;
    args.channels = shapes[index].channels;
    args.window_steps = shapes[index].window;
    args.delay_steps = shapes[index].delay;
    args.frames_max = shapes[index].frames_max;
    args.in_stride = args.frames_max + shapes[index].pad;
    args.key_stride = args.frames_max + 2 * shapes[index].pad;
    args.out_stride = args.frames_max;
    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "#%d %lldx%lld W%lld D%lld, %lld at %lld", index,
             (long long)args.streams, (long long)args.channels, (long long)args.window_steps,
             (long long)args.delay_steps, (long long)shapes[index].frames,
             (long long)shapes[index].position);
    out->limit = 0; /* the same operations everywhere */
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
