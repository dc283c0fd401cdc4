/* limit_cases.c: channels, blocks that begin and end within cells, look-aheads, and peaks. */
#include "kernels/cases.h"
#include "kernels/limit/limit.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int64_t streams;
    int32_t channels, true_peak;
    int64_t frames, gap;
    int32_t cells;
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, 1, 0, 4, CLEAVE_CASE_SMALL},
    {1, 2, 1, 7, 0, 5, CLEAVE_CASE_SMALL},
    {2, 2, 0, 64, 3, 27, CLEAVE_CASE_SMALL},
    {3, 1, 1, 200, 0, 27, CLEAVE_CASE_SMALL},
    {2, 3, 1, 333, 5, 11, CLEAVE_CASE_SMALL},
    {8, 2, 1, 130, 0, 4, CLEAVE_CASE_SMALL},
    {2, 8, 1, 1000, 0, 60, 0},
    {1, 2, 1, 4096, 0, 4096, 0},
    {1, 2, 1, 4096, 0, 27, CLEAVE_CASE_BENCH},
    {64, 2, 1, 4096, 0, 27, CLEAVE_CASE_BENCH},
};

static const double parameters[CLEAVE_LIMIT_PARAMETERS] = {0.5, 0.984375};

/* Parameters that rest, delayed frames in the second half, zeros for the rest. */
static void fill_state(const cleave_limit_args *args, float *data, int64_t count)
{
    const int64_t floats = cleave_limit_state_floats(args);
    double glide[1 + 3 * CLEAVE_LIMIT_PARAMETERS] = {1};

    for (int i = 0; i < CLEAVE_LIMIT_PARAMETERS; i++)
        glide[1 + i] = glide[1 + 2 * CLEAVE_LIMIT_PARAMETERS + i] = parameters[i];
    for (int64_t i = 0; i < count; i++)
        data[i] = i % floats < floats / 2 ? 0 : cleave_case_uniform(4, i);
    for (int64_t i = 0; i < count; i += floats)
        memcpy(data + i, glide, sizeof glide);
}

/* Parameters and the position have few digits: read as floats, as the checker does with what they
 * become in the state, they are small numbers. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_limit_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    if (operand == 1) {
        const cleave_block block = {.position = 8004, .frames = (int32_t)args.frames_max};
        memcpy(data, &block, sizeof block);
    } else if (operand == 2) {
        memcpy(data, parameters, sizeof parameters);
    } else if (operand == 3) {
        fill_state(&args, data, count);
    } else {
        for (int64_t i = 0; i < count; i++)
            data[i] = cleave_case_uniform(1, i) * (i % 700 < 90 ? 2 : 0.4f);
    }
}

int cleave_limit_cases(int index, cleave_case *out)
{
    cleave_limit_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.streams = shapes[index].streams;
    args.channels = shapes[index].channels;
    args.true_peak = shapes[index].true_peak;
    args.frames_max = shapes[index].frames;
    args.in_stride = args.out_stride = args.frames_max + shapes[index].gap;
    args.cells = shapes[index].cells;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s S%lld C%d T%lld cells %d",
             args.true_peak ? "true peak" : "peak", (long long)args.streams, args.channels,
             (long long)args.frames_max, args.cells);
    /* A peak is a sum of 96 products, whose roundings the attenuation takes over; it and the gain
     * are rounded to 2^-24. */
    out->limit = 16 * 0x1p-24;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
