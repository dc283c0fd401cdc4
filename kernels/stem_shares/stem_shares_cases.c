/* stem_shares_cases.c: every choice of masks, tails of every vector width, silence. */
#include "kernels/cases.h"
#include "kernels/stem_shares/stem_shares.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int64_t frames, bins;
    int32_t wanted; /* bit k: mask k */
    uint32_t flags;
} shapes[] = {
    {1, 1, 7, CLEAVE_CASE_SMALL},      {2, 7, 1, CLEAVE_CASE_SMALL},
    {3, 17, 2, CLEAVE_CASE_SMALL},     {4, 33, 4, CLEAVE_CASE_SMALL},
    {5, 47, 3, CLEAVE_CASE_SMALL},     {6, 63, 5, CLEAVE_CASE_SMALL},
    {7, 65, 6, CLEAVE_CASE_SMALL},     {20, 2049, 7, 0},
    {520, 2049, 3, CLEAVE_CASE_BENCH},
};

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    (void)test;
    for (int64_t i = 0; i < count; i++) {
        const double u = (double)cleave_case_uniform((uint64_t)operand + 80, i);
        if (operand == 1 || operand == 2)
            data[i] = i % 29 == 7 ? 0 : (float)exp(5 * u);
        else if (operand == 3)
            data[i] = i < count / 2 ? 4 : 1;
        else
            data[i] = operand == 5 ? 1e-10f : (float)(0.5 + 0.5 * u);
    }
}

int cleave_stem_shares_cases(int index, cleave_case *out)
{
    cleave_stem_shares_args args = {0};
    int masks = 0;

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.frames = shapes[index].frames;
    args.bins = shapes[index].bins;
    for (int k = 0; k < CLEAVE_STEM_SHARES; k++)
        masks += args.wanted[k] = shapes[index].wanted >> k & 1;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%d masks T%lld F%lld", masks, (long long)args.frames,
             (long long)args.bins);
    /* Half a dozen roundings, none after a cancellation. */
    out->limit = 3e-7;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
