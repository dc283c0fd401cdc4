/* reduce_cases.c: every kind over rows of the models and tails of every vector width. */
#include "kernels/cases.h"
#include "kernels/reduce/reduce.h"

#include <stdio.h>
#include <string.h>

#define KINDS (CLEAVE_REDUCE_MEAN_STD + 1)

static const char *const names[KINDS] = {"sum", "mean", "max", "max_abs", "squares", "mean_std"};

static const struct {
    int64_t rows, points, pad;
    uint32_t flags;
} shapes[] = {
    {1, 1, 0, CLEAVE_CASE_SMALL},
    {3, 2, 5, CLEAVE_CASE_SMALL},
    {2, 31, 0, CLEAVE_CASE_SMALL},
    {2, 63, 0, CLEAVE_CASE_SMALL},
    {1, 65, 1, CLEAVE_CASE_SMALL},
    {2, 2047, 0, CLEAVE_CASE_SMALL},
    {2, 2049, 0, CLEAVE_CASE_SMALL},
    {5, 5375, 0, CLEAVE_CASE_SMALL},
    {4, 85995, 3, 0},
    {2, 343980, 20, CLEAVE_CASE_BENCH},
    {2, 2048 * 336, 0, 0},
};

/* A mean far from zero, where sums without care lose digits; below zero where a maximum that starts
 * at zero, or forgets the sign, would show. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_reduce_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    const int is_max = args.kind == CLEAVE_REDUCE_MAX || args.kind == CLEAVE_REDUCE_MAX_ABS;
    for (int64_t i = 0; i < count; i++)
        data[i] = (is_max ? -3 : 3) + cleave_case_uniform((uint64_t)operand, i);
}

int cleave_reduce_cases(int index, cleave_case *out)
{
    const int shape = index / KINDS, kind = index % KINDS;
    cleave_reduce_args args = {0};

    if (index < 0 || shape >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.rows = shapes[shape].rows;
    args.points = shapes[shape].points;
    args.in_stride = args.points + shapes[shape].pad;
    args.kind = (cleave_reduce_kind)kind;

    const int is_max = kind == CLEAVE_REDUCE_MAX || kind == CLEAVE_REDUCE_MAX_ABS;
    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s R%lld P%lld", names[kind], (long long)args.rows,
             (long long)args.points);
    /* Sums of 10^6 terms in double differ by 10^-13; rounded to float that is at most one ulp. */
    out->limit = is_max ? 0 : 0x1p-23;
    out->flags = shapes[shape].flags;
    out->fill = fill;
    return 1;
}
