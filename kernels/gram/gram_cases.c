/* gram_cases.c: tails of tiles, bands and vectors, and the frames of a segment. */
#include "kernels/cases.h"
#include "kernels/gram/gram.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int64_t rows, points;
    uint32_t flags;
} shapes[] = {
    {1, 1, CLEAVE_CASE_SMALL},
    {2, 3, CLEAVE_CASE_SMALL},
    {5, 16, CLEAVE_CASE_SMALL},
    {12, 33, CLEAVE_CASE_SMALL},
    {13, 47, CLEAVE_CASE_SMALL},
    {25, 64, CLEAVE_CASE_SMALL},
    {59, 129, 0},
    {80, 2049, 0},
    {520, 2049, CLEAVE_CASE_BENCH},
};

/* Magnitudes are not negative. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    (void)test;
    for (int64_t i = 0; i < count; i++)
        data[i] = 1 + cleave_case_uniform((uint64_t)operand + 5, i);
}

int cleave_gram_cases(int index, cleave_case *out)
{
    cleave_gram_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.rows = shapes[index].rows;
    args.points = shapes[index].points;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "R%lld P%lld", (long long)args.rows,
             (long long)args.points);
    /* Sums of products of one sign over at most P / 4 steps: half an ulp of the running sum each,
     * of random sign, on average half of the final one. */
    out->limit = 4e-7;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
