/* biquad_cases.c: one section to all of them, odd channels, blocks at every phase of the grid. */
#include "kernels/biquad/biquad.h"
#include "kernels/cases.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int64_t streams, channels, sections, frames_max, pad, frames, position;
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, 1, 0, 1, 0, CLEAVE_CASE_SMALL},
    {1, 2, 2, 64, 0, 64, 0, CLEAVE_CASE_SMALL},
    {2, 2, 1, 40, 3, 33, 31, CLEAVE_CASE_SMALL},
    {1, 3, 5, 100, 0, 97, 1000, CLEAVE_CASE_SMALL},
    {3, 1, 8, 70, 1, 5, 4095, CLEAVE_CASE_SMALL},
    {1, 2, 9, 200, 0, 200, 7, CLEAVE_CASE_SMALL},
    {1, 6, 16, 100, 0, 100, 32, CLEAVE_CASE_SMALL},
    {2, 2, 31, 40, 8, 0, 5, CLEAVE_CASE_SMALL},
    {1, 2, 32, 70, 0, 70, 999, CLEAVE_CASE_SMALL},
    {1, 8, 7, 3000, 5, 2999, 12345, 0},
    {1, 32, 2, 600, 0, 600, 64, 0},
    {1, 2, 2, 4096, 0, 4096, 0, CLEAVE_CASE_BENCH},
    {1, 2, 8, 4096, 0, 4096, 0, CLEAVE_CASE_BENCH},
    {16, 2, 8, 4096, 0, 4096, 0, CLEAVE_CASE_BENCH},
};

/* Stable filters of various poles; coefficients that the state has already, as far as they go, but
 * in some of the cases on their way to others. */
static double coefficient(int64_t index, int salt)
{
    const int64_t section = index / CLEAVE_BIQUAD_COEFFICIENTS;
    const double u = (double)cleave_case_uniform(77 + (uint64_t)salt, index);
    const double radius = 0.5 + 0.49 * fabs((double)cleave_case_uniform(78, section));
    const double angle = 3 * fabs((double)cleave_case_uniform(79, section));

    switch (index % CLEAVE_BIQUAD_COEFFICIENTS) {
    case CLEAVE_BIQUAD_B0:
        return 1 + 0.1 * u;
    case CLEAVE_BIQUAD_A1:
        return -2 * radius * cos(angle);
    case CLEAVE_BIQUAD_A2:
        return radius * radius;
    default:
        return 0.3 * u;
    }
}

static void fill_state(const cleave_biquad_args *a, double *state)
{
    const int64_t count = a->sections * CLEAVE_BIQUAD_COEFFICIENTS;
    const int64_t glide = cleave_biquad_glide_doubles(a);
    const int moving = a->sections % 2;

    memset(state, 0, (size_t)cleave_biquad_state_floats(a) * sizeof(float));
    state[0] = moving ? 6 : 1;
    for (int64_t i = 0; i < count; i++) {
        const double value = coefficient(i, moving), target = coefficient(i, 0);
        state[1 + i] = value;
        state[1 + count + i] = moving ? (target - value) / 5 : 0;
        state[1 + 2 * count + i] = target;
    }
    /* One sum below the floor: it is flushed where it should be and nowhere else. */
    for (int64_t i = 0; i < a->channels * a->sections * 2; i++)
        state[glide + i] = i == 1 ? 1e-31 : 0.1 * (double)cleave_case_uniform(80, i);
}

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_biquad_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    if (operand == 2) {
        int64_t shape = 0;
        sscanf(test->label, "#%lld", (long long *)&shape);
        const cleave_block block = {.position = shapes[shape].position,
                                    .frames = (int32_t)shapes[shape].frames};
        memcpy(data, &block, sizeof block);
    } else if (operand == 3) {
        double *parameters = (double *)(void *)data;
        for (int64_t i = 0; i < args.sections * CLEAVE_BIQUAD_COEFFICIENTS; i++)
            parameters[i] = coefficient(i, 0);
    } else if (operand == 4) {
        for (int64_t stream = 0; stream < args.streams; stream++)
            fill_state(&args,
                       (double *)(void *)(data + stream * cleave_biquad_state_floats(&args)));
    } else {
        for (int64_t i = 0; i < count; i++)
            data[i] = cleave_case_uniform((uint64_t)operand + 1, i);
    }
}

int cleave_biquad_cases(int index, cleave_case *out)
{
    cleave_biquad_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.streams = shapes[index].streams;
    args.channels = shapes[index].channels;
    args.sections = shapes[index].sections;
    args.frames_max = shapes[index].frames_max;
    args.in_stride = args.frames_max + shapes[index].pad;
    args.out_stride = args.frames_max + 2 * shapes[index].pad;
    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "#%d %lldx%lld sections %lld, %lld frames at %lld",
             index, (long long)args.streams, (long long)args.channels, (long long)args.sections,
             (long long)shapes[index].frames, (long long)shapes[index].position);
    out->limit = 0; /* the same fused operations everywhere */
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
