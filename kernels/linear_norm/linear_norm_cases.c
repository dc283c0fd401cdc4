/* linear_norm_cases.c: the residual branches of the Demucs networks, and rows on which a careless
 * sum loses its digits. */
#include "kernels/cases.h"
#include "kernels/linear_norm/linear_norm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef enum value_kind {
    SIGNAL,   /* uniform around 0.1 */
    CONSTANT, /* every channel one value: all that varies is the layer's bias */
    OFFSET,   /* 100 +- 1 */
    ALIKE     /* all channels nearly the same */
} value_kind;

static const char *const names[] = {"signal", "constant", "offset", "alike"};

static const struct {
    int32_t in_channels, channels;
    int64_t rows, points, gap;
    value_kind values;
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, 1, 0, SIGNAL, CLEAVE_CASE_SMALL},
    {1, 2, 3, 5, 2, SIGNAL, CLEAVE_CASE_SMALL},
    {2, 6, 2, 16, 0, SIGNAL, CLEAVE_CASE_SMALL},
    {3, 24, 2, 17, 1, SIGNAL, CLEAVE_CASE_SMALL},
    {5, 10, 3, 33, 0, OFFSET, CLEAVE_CASE_SMALL},
    {6, 96, 4, 84, 0, SIGNAL, CLEAVE_CASE_SMALL},
    {7, 20, 2, 50, 3, CONSTANT, CLEAVE_CASE_SMALL},
    {12, 48, 2, 70, 0, ALIKE, CLEAVE_CASE_SMALL},
    {13, 33, 1, 1, 0, SIGNAL, CLEAVE_CASE_SMALL},
    {4, 16, 1, 4200, 0, OFFSET, CLEAVE_CASE_SMALL},
    {24, 384, 3, 336, 5, SIGNAL, 0},
    {6, 96, 1, 20011, 0, OFFSET, 0},
    {6, 96, 32, 336, 0, SIGNAL, CLEAVE_CASE_BENCH},
    {48, 768, 8, 336, 0, SIGNAL, CLEAVE_CASE_BENCH},
    {6, 96, 1, 85995, 0, SIGNAL, CLEAVE_CASE_BENCH},
    {96, 768, 8, 336, 0, SIGNAL, CLEAVE_CASE_BENCH},
};

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    const int constant = strstr(test->label, names[CONSTANT]) != NULL;
    const int alike = strstr(test->label, names[ALIKE]) != NULL;
    const float centre = strstr(test->label, names[OFFSET]) ? 100 : 0.1f;
    cleave_linear_norm_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    for (int64_t i = 0; i < count; i++) {
        const int64_t channel = i / args.in_channel_stride, at = i % args.in_channel_stride;
        data[i] = cleave_case_uniform((uint64_t)operand + 1, i);
        if (operand != 0)
            continue;
        if (at >= args.rows * args.in_row_stride || at % args.in_row_stride >= args.points)
            data[i] = NAN;
        else if (constant)
            data[i] = centre + (float)channel;
        else if (alike)
            data[i] = 0.001f * data[i] + cleave_case_uniform(9, at);
        else
            data[i] += centre;
    }
}

int cleave_linear_norm_cases(int index, cleave_case *out)
{
    cleave_linear_norm_args args = {.epsilon = 1e-5f};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.in_channels = shapes[index].in_channels;
    args.channels = shapes[index].channels;
    args.rows = shapes[index].rows;
    args.points = shapes[index].points;
    args.in_row_stride = args.points + shapes[index].gap;
    args.in_channel_stride = args.rows * args.in_row_stride + shapes[index].gap;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s %d>%d %lldx%lld", names[shapes[index].values],
             (int)args.in_channels, (int)args.channels, (long long)args.rows,
             (long long)args.points);
    /* Sums in double differ by less than 10^-10; rounded to float that is at most one ulp. */
    out->limit = 0x1p-23;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
