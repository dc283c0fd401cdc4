/* mix_cases.c: down-mixes, mid/side, sums of stems, and tails of every vector width. */
#include "kernels/cases.h"
#include "kernels/mix/mix.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int32_t inputs, outputs;
    int64_t length, in_pad, out_pad;
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, 0, 0, CLEAVE_CASE_SMALL},
    {2, 2, 7, 1, 0, CLEAVE_CASE_SMALL},
    {2, 1, 63, 0, 0, CLEAVE_CASE_SMALL},
    {3, 4, 65, 2, 3, CLEAVE_CASE_SMALL},
    {5, 3, 4097, 0, 0, CLEAVE_CASE_SMALL},
    {64, 2, 5375, 0, 1, CLEAVE_CASE_SMALL},
    {2, 64, 4111, 0, 0, 0},
    {8, 8, 21499, 5, 9, 0},
    {2, 2, 343980, 20, 20, CLEAVE_CASE_BENCH}, /* mid/side */
    {8, 2, 343980, 0, 0, CLEAVE_CASE_BENCH},   /* four stereo stems to their sum */
    {10, 8, 343980, 0, 0, CLEAVE_CASE_BENCH},  /* mixture consistency of four stereo stems */
};

/* A third of the coefficients are zero, and the inputs that no output reads are NaN: they must not
 * be looked at. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_mix_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    for (int64_t i = 0; i < count; i++)
        data[i] = cleave_case_uniform((uint64_t)operand, i);
    if (operand == 1) {
        for (int64_t i = 0; i < count; i++)
            if (i % 3 == 2 || (args.inputs > 3 && i % args.inputs == 1))
                data[i] = 0;
    } else if (operand == 0 && args.inputs > 3) {
        for (int64_t i = args.in_stride; i < args.in_stride + args.length; i++)
            data[i] = NAN;
    }
}

int cleave_mix_cases(int index, cleave_case *out)
{
    cleave_mix_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.inputs = shapes[index].inputs;
    args.outputs = shapes[index].outputs;
    args.length = shapes[index].length;
    args.in_stride = args.length + shapes[index].in_pad;
    args.out_stride = args.length + shapes[index].out_pad;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "I%d O%d L%lld", (int)args.inputs, (int)args.outputs,
             (long long)args.length);
    /* One rounding a term, of at most half an ulp of the running sum; the reference rounds once. */
    out->limit = 0x1p-24 * (2 + args.inputs);
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
