/* interleave_cases.c: both ways, one channel to eight, with values that are no samples. */
#include "kernels/cases.h"
#include "kernels/interleave/interleave.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct shape {
    int32_t streams, channels;
    int64_t frames, pad;
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, 0, CLEAVE_CASE_SMALL},    {2, 1, 37, 3, CLEAVE_CASE_SMALL},
    {1, 2, 7, 1, CLEAVE_CASE_SMALL},    {3, 2, 64, 0, CLEAVE_CASE_SMALL},
    {1, 2, 1001, 5, CLEAVE_CASE_SMALL}, {2, 6, 33, 2, CLEAVE_CASE_SMALL},
    {1, 8, 100, 0, CLEAVE_CASE_SMALL},  {1, 2, 1024, 0, CLEAVE_CASE_BENCH},
};

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_interleave_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    if (operand == 1) {
        const cleave_block block = {.frames = (int32_t)(args.frames_max - args.frames_max / 8)};
        memcpy(data, &block, sizeof block);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        data[i] = cleave_case_uniform((uint64_t)operand, i);
    for (int64_t i = 0; args.kind == CLEAVE_INTERLEAVE_SPLIT && operand == 0 && i < count; i += 5)
        data[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? -INFINITY : CLEAVE_SAMPLE_MAX;
}

int cleave_interleave_cases(int index, cleave_case *out)
{
    if (index < 0 || index / 2 >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    const struct shape *const shape = &shapes[index / 2];
    const cleave_interleave_args args = {
        .streams = shape->streams,
        .channels = shape->channels,
        .frames_max = shape->frames,
        .stride = shape->frames + shape->pad,
        .kind = index % 2 ? CLEAVE_INTERLEAVE_JOIN : CLEAVE_INTERLEAVE_SPLIT,
    };

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s S%d C%d T%d", index % 2 ? "join" : "split",
             (int)shape->streams, (int)shape->channels, (int)shape->frames);
    out->limit = 0; /* nothing is computed */
    out->flags = shape->flags;
    out->fill = fill;
    return 1;
}
