/* voice_mask_cases.c: tails of every vector width and block, levels apart, silence. */
#include "kernels/cases.h"
#include "kernels/voice_mask/voice_mask.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int64_t points;
    uint32_t flags;
} shapes[] = {
    {1, CLEAVE_CASE_SMALL},          {7, CLEAVE_CASE_SMALL},    {17, CLEAVE_CASE_SMALL},
    {4095, CLEAVE_CASE_SMALL},       {4097, CLEAVE_CASE_SMALL}, {70001, 0},
    {520 * 2049, CLEAVE_CASE_BENCH},
};

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    (void)test;
    for (int64_t i = 0; i < count; i++) {
        const double u = (double)cleave_case_uniform((uint64_t)operand + 60, i);
        if (operand == 0)
            data[i] = (float)(15 * u);
        else if (operand == 1)
            data[i] = i % 29 == 7 ? 0 : (float)exp(9 * u);
        else
            data[i] = 1e-10f;
    }
}

int cleave_voice_mask_cases(int index, cleave_case *out)
{
    cleave_voice_mask_args args = {.self = 0.5f, .near = 1.3f, .limit = 6};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.points = shapes[index].points;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "P%lld", (long long)args.points);
    /* Two logarithms up to 23 in size, each within an ulp of 2^-19: z is off by up to 5e-6, and the
     * mask, near one half, by a quarter of that. */
    out->limit = 3e-6;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
