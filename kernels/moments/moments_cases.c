/* moments_cases.c: rows of the models, and those on which a careless sum loses its digits. */
#include "kernels/cases.h"
#include "kernels/moments/moments.h"

#include <stdio.h>
#include <string.h>

typedef enum value_kind {
    SIGNAL,   /* uniform around 0.1 */
    CONSTANT, /* every row one value: no spread at all */
    OFFSET,   /* 1000 +- 1 */
    OUTLIER   /* far away at the first value only */
} value_kind;

static const char *const names[] = {"signal", "constant", "offset", "outlier"};

static const struct {
    int64_t rows, points, pad;
    value_kind values;
    uint32_t flags;
} shapes[] = {
    {1, 1, 0, SIGNAL, CLEAVE_CASE_SMALL},
    {3, 2, 5, SIGNAL, CLEAVE_CASE_SMALL},
    {2, 7, 0, SIGNAL, CLEAVE_CASE_SMALL},
    {2, 16, 1, SIGNAL, CLEAVE_CASE_SMALL},
    {3, 17, 0, SIGNAL, CLEAVE_CASE_SMALL},
    {2, 31, 0, SIGNAL, CLEAVE_CASE_SMALL},
    {1, 65, 2, SIGNAL, CLEAVE_CASE_SMALL},
    {5, 336, 0, SIGNAL, CLEAVE_CASE_SMALL},
    {2, 336, 0, CONSTANT, CLEAVE_CASE_SMALL},
    {3, 337, 7, OFFSET, CLEAVE_CASE_SMALL},
    {2, 1000, 0, OUTLIER, CLEAVE_CASE_SMALL},
    {2, 4095, 0, SIGNAL, 0},
    {2, 4097, 0, OFFSET, 0},
    {1, 8193, 0, CONSTANT, 0},
    {3, 12305, 3, OUTLIER, 0},
    {48, 85995, 0, SIGNAL, CLEAVE_CASE_BENCH},
    {48 * 512, 336, 0, SIGNAL, CLEAVE_CASE_BENCH},
    {768 * 8, 336, 0, SIGNAL, CLEAVE_CASE_BENCH},
    {2, 343980, 20, SIGNAL, CLEAVE_CASE_BENCH},
    {4, 2048 * 336, 0, OFFSET, 0},
};

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    const int constant = strstr(test->label, names[CONSTANT]) != NULL;
    const int outlier = strstr(test->label, names[OUTLIER]) != NULL;
    const float centre = strstr(test->label, names[OFFSET]) ? 1000 : 0.1f;
    cleave_moments_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    for (int64_t i = 0; i < count; i++) {
        data[i] = constant ? centre : centre + cleave_case_uniform((uint64_t)operand + 1, i);
        if (outlier && i % args.in_stride == 0)
            data[i] = 3e4f;
    }
}

int cleave_moments_cases(int index, cleave_case *out)
{
    cleave_moments_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.rows = shapes[index].rows;
    args.points = shapes[index].points;
    args.in_stride = args.points + shapes[index].pad;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s R%lld P%lld", names[shapes[index].values],
             (long long)args.rows, (long long)args.points);
    /* Sums in double differ by less than 10^-11; rounded to float that is at most one ulp. */
    out->limit = 0x1p-23;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
