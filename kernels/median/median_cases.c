/* median_cases.c: harmonic and percussive masks, windows wider than the image, ties. */
#include "kernels/cases.h"
#include "kernels/median/median.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int64_t batch, rows, points;
    int32_t taps;
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, 1, CLEAVE_CASE_SMALL},
    {1, 1, 1, 63, CLEAVE_CASE_SMALL},
    {1, 3, 5, 1, CLEAVE_CASE_SMALL},
    {1, 4, 7, 3, CLEAVE_CASE_SMALL},
    {2, 5, 9, 5, CLEAVE_CASE_SMALL},
    {1, 9, 15, 7, CLEAVE_CASE_SMALL},
    {3, 2, 33, 9, CLEAVE_CASE_SMALL},
    {1, 33, 31, 11, CLEAVE_CASE_SMALL},
    {1, 17, 65, 13, CLEAVE_CASE_SMALL},
    {2, 40, 63, 15, CLEAVE_CASE_SMALL},
    {1, 70, 67, 17, CLEAVE_CASE_SMALL},
    {1, 2, 3, 31, CLEAVE_CASE_SMALL},
    {2, 5, 7, 63, CLEAVE_CASE_SMALL},
    {1, 41, 129, 21, 0},
    {1, 66, 97, 31, 0},
    {1, 50, 200, 43, 0},
    {1, 65, 101, 61, 0},
    {1, 67, 99, 63, 0},
    {1, 200, 517, 17, 0},
    {1, 129, 517, 31, 0},
    {1, 2049, 517, 17, CLEAVE_CASE_BENCH}, /* 12 s of one channel */
    {1, 2049, 517, 31, CLEAVE_CASE_BENCH},
};

/* Magnitudes, of which every third is a coarse one: equal values must not confuse the network. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    (void)test;
    for (int64_t i = 0; i < count; i++) {
        const float u = fabsf(cleave_case_uniform((uint64_t)operand + 23, i));
        data[i] = i % 3 ? u : floorf(8 * u) / 8;
    }
}

int cleave_median_cases(int index, cleave_case *out)
{
    const int shape = index / 2;
    cleave_median_args args = {0};

    if (index < 0 || shape >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.batch = shapes[shape].batch;
    args.rows = shapes[shape].rows;
    args.points = shapes[shape].points;
    args.taps = shapes[shape].taps;
    args.axis = index % 2 ? CLEAVE_MEDIAN_ACROSS : CLEAVE_MEDIAN_ALONG;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s K%d B%lld R%lld P%lld",
             index % 2 ? "across" : "along", (int)args.taps, (long long)args.batch,
             (long long)args.rows, (long long)args.points);
    out->limit = 0; /* a choice among the inputs */
    out->flags = shapes[shape].flags;
    out->fill = fill;
    return 1;
}
