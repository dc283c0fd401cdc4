/* overlap_add_cases.c: segments of the models, tails of every vector width. */
#include "kernels/cases.h"
#include "kernels/overlap_add/overlap_add.h"

#include <stdio.h>
#include <string.h>

/* Two roundings of float32, of the difference and of the sum, against one: at most 2^-24 of the
 * difference more. */
#define LIMIT 0x1p-23

static const struct {
    int32_t rows;
    int64_t length, in_pad, mean_pad;
    uint32_t flags;
} shapes[] = {
    {1, 1, 0, 0, CLEAVE_CASE_SMALL},
    {1, 7, 0, 0, CLEAVE_CASE_SMALL},
    {2, 16, 0, 1, CLEAVE_CASE_SMALL},
    {3, 31, 1, 2, CLEAVE_CASE_SMALL},
    {2, 4095, 5, 0, CLEAVE_CASE_SMALL},
    {2, 4096, 0, 0, CLEAVE_CASE_SMALL},
    {2, 4097, 0, 3, CLEAVE_CASE_SMALL},
    {2, 5375, 0, 0, CLEAVE_CASE_SMALL},
    {2, 21499, 13, 0, 0},
    {4, 85995, 0, 21, 0},
    {8, 343980, 0, 20, CLEAVE_CASE_BENCH},
};

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    (void)test;
    for (int64_t i = 0; i < count; i++) {
        const float u = cleave_case_uniform((uint64_t)operand, i);
        data[i] = operand == 1 ? 0.5f + 0.5f * u : u; /* the gain lies in 0..1 */
    }
}

int cleave_overlap_add_cases(int index, cleave_case *out)
{
    cleave_overlap_add_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.rows = shapes[index].rows;
    args.length = shapes[index].length;
    args.in_stride = args.length + shapes[index].in_pad;
    args.mean_stride = args.length + shapes[index].mean_pad;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "R%d L%lld", (int)args.rows, (long long)args.length);
    out->limit = LIMIT;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
