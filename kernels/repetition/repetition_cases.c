/* repetition_cases.c: segments too short to repeat, every number of frames found, ties, silence,
 * and the frames of a segment. */
#include "kernels/cases.h"
#include "kernels/repetition/repetition.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int64_t frames, bins;
    int32_t picks, near, spread;
    uint32_t flags;
} shapes[] = {
    {1, 1, 15, 20, 4, CLEAVE_CASE_SMALL},
    {7, 5, 3, 2, 0, CLEAVE_CASE_SMALL},
    {9, 16, 5, 0, 0, CLEAVE_CASE_SMALL},
    {17, 17, 15, 0, 0, CLEAVE_CASE_SMALL},
    {40, 33, 7, 3, 1, CLEAVE_CASE_SMALL},
    {48, 15, 9, 20, 4, CLEAVE_CASE_SMALL},
    {33, 31, 11, 400, 4, CLEAVE_CASE_SMALL},
    {70, 65, 13, 20, 4, 0},
    {130, 129, 15, 20, 4, 0},
    {520, 2049, 15, 20, 4, CLEAVE_CASE_BENCH},
};

/* Inner products in steps of an eighth, so that there are ties; every eleventh frame is silent. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_repetition_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    for (int64_t i = 0; i < count; i++)
        data[i] = 1 + cleave_case_uniform((uint64_t)operand + 7, i);
    if (operand == 0)
        return;
    for (int64_t i = 0; i < args.frames; i++)
        for (int64_t j = 0; j <= i; j++) {
            const float steps = (float)(int)(8 * data[i * args.frames + j]) / 8;
            const float value = i % 11 == 5 || j % 11 == 5 ? 0 : i == j ? 4 : steps;
            data[i * args.frames + j] = data[j * args.frames + i] = value;
        }
}

int cleave_repetition_cases(int index, cleave_case *out)
{
    cleave_repetition_args args = {.alone = 0.375f};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.frames = shapes[index].frames;
    args.bins = shapes[index].bins;
    args.picks = shapes[index].picks;
    args.near = shapes[index].near;
    args.spread = shapes[index].spread;
    args.lead = index % 3;
    args.tail = index % 4;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "T%lld F%lld, %d picks, %d near, %d spread",
             (long long)args.frames, (long long)args.bins, (int)args.picks, (int)args.near,
             (int)args.spread);
    /* A median is one of its inputs, and one product is rounded alike everywhere. */
    out->limit = 0;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
