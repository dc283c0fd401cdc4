/* true_peak_cases.c: both factors, blocks shorter than the history and around every vector. */
#include "kernels/cases.h"
#include "kernels/true_peak/true_peak.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int64_t rows, factor, frames_max, pad, frames;
    uint32_t flags;
} shapes[] = {
    {1, 4, 1, 0, 1, CLEAVE_CASE_SMALL},
    {2, 4, 9, 2, 7, CLEAVE_CASE_SMALL},
    {1, 2, 25, 0, 23, CLEAVE_CASE_SMALL},
    {3, 2, 64, 0, 64, CLEAVE_CASE_SMALL},
    {1, 4, 65, 0, 65, CLEAVE_CASE_SMALL},
    {2, 4, 300, 5, 299, CLEAVE_CASE_SMALL},
    {2, 2, 130, 0, 129, CLEAVE_CASE_SMALL},
    {1, 4, 50, 0, 0, CLEAVE_CASE_SMALL},
    {8, 4, 4410, 3, 4410, 0},
    {2, 2, 9600, 0, 9600, CLEAVE_CASE_BENCH},
    {2, 4, 4800, 0, 4800, CLEAVE_CASE_BENCH},
};

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        data[i] = cleave_case_uniform((uint64_t)operand + 1, i);
    if (operand == 2) {
        int shape = 0;
        sscanf(test->label, "#%d", &shape);
        const cleave_block block = {.position = 77, .frames = (int32_t)shapes[shape].frames};
        memcpy(data, &block, sizeof block);
    }
}

int cleave_true_peak_cases(int index, cleave_case *out)
{
    cleave_true_peak_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.rows = shapes[index].rows;
    args.factor = shapes[index].factor;
    args.frames_max = shapes[index].frames_max;
    args.in_stride = args.frames_max + shapes[index].pad;
    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "#%d R%lld x%lld, %lld frames", index,
             (long long)args.rows, (long long)args.factor, (long long)shapes[index].frames);
    /* Weights rounded to float, and 24 sums of float: a few roundings of a peak. */
    out->limit = 4 * 0x1p-24;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
