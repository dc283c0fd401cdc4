/* pair_sums_cases.c: tails of every vector width, frames of a spectrogram and blocks of a track. */
#include "kernels/cases.h"
#include "kernels/pair_sums/pair_sums.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int64_t rows, points, x_pad, y_pad;
    uint32_t flags;
} shapes[] = {
    {1, 1, 0, 0, CLEAVE_CASE_SMALL},
    {3, 2, 5, 0, CLEAVE_CASE_SMALL},
    {2, 15, 0, 3, CLEAVE_CASE_SMALL},
    {2, 16, 1, 2, CLEAVE_CASE_SMALL},
    {5, 33, 0, 0, CLEAVE_CASE_SMALL},
    {32, 1025, 0, 0, CLEAVE_CASE_SMALL},
    {2, 343980, 20, 0, 0},
    {2, 16384, 1024, 1024, CLEAVE_CASE_BENCH},
};

/* An estimate near its reference, where sums of x y would lose what x d keeps; with a mean. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    (void)test;
    for (int64_t i = 0; i < count; i++) {
        const float common = cleave_case_uniform(3, i);
        data[i] = 0.25f + common +
                  (operand == 1 ? 1e-3f * cleave_case_uniform((uint64_t)operand + 11, i) : 0.0f);
    }
}

int cleave_pair_sums_cases(int index, cleave_case *out)
{
    cleave_pair_sums_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.rows = shapes[index].rows;
    args.points = shapes[index].points;
    args.x_stride = args.points + shapes[index].x_pad;
    args.y_stride = args.points + shapes[index].y_pad;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "R%lld P%lld", (long long)args.rows,
             (long long)args.points);
    /* Sums in double differ by 10^-13, which the tail takes up unless it moves the head by one. */
    out->limit = 0x1p-23;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
