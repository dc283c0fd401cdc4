/* box_mean_cases.c: boxes larger than the image, tails of every vector width, and the two boxes of
 * the centre method. */
#include "kernels/box_mean/box_mean.h"
#include "kernels/cases.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int64_t batch, rows, points;
    int32_t box_rows, box_points;
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, 1, 1, CLEAVE_CASE_SMALL},
    {1, 1, 1, 5, 3, CLEAVE_CASE_SMALL},
    {2, 3, 5, 3, 3, CLEAVE_CASE_SMALL},
    {1, 4, 7, 17, 63, CLEAVE_CASE_SMALL},
    {1, 9, 16, 1, 5, CLEAVE_CASE_SMALL},
    {1, 9, 31, 5, 1, CLEAVE_CASE_SMALL},
    {3, 20, 65, 17, 5, CLEAVE_CASE_SMALL},
    {1, 70, 129, 63, 63, 0},
    {2, 40, 2049, 17, 5, 0},
    {2, 520, 2049, 3, 3, CLEAVE_CASE_BENCH},
    {2, 520, 2049, 17, 5, CLEAVE_CASE_BENCH},
};

/* Powers: not negative, with a loud stretch before quiet ones. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    (void)test;
    for (int64_t i = 0; i < count; i++)
        data[i] = (1 + cleave_case_uniform((uint64_t)operand + 3, i)) * (i % 97 < 9 ? 1e6f : 1);
}

int cleave_box_mean_cases(int index, cleave_case *out)
{
    cleave_box_mean_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.batch = shapes[index].batch;
    args.rows = shapes[index].rows;
    args.points = shapes[index].points;
    args.box_rows = shapes[index].box_rows;
    args.box_points = shapes[index].box_points;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "B%lld R%lld P%lld, %d x %d", (long long)args.batch,
             (long long)args.rows, (long long)args.points, (int)args.box_rows,
             (int)args.box_points);
    /* Up to 63 + 63 terms of one sign, half an ulp of the running sum each, of random sign. */
    out->limit = 4e-7;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
