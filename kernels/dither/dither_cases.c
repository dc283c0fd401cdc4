/* dither_cases.c: bits, both kinds, spans cut short, values beyond full scale, silence. */
#include "kernels/cases.h"
#include "kernels/dither/dither.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int64_t rows, frames, gap;
    int32_t bits, shaped;
    uint32_t flags;
} shapes[] = {
    {1, 1, 0, 16, 0, CLEAVE_CASE_SMALL},
    {2, 7, 0, 16, 1, CLEAVE_CASE_SMALL},
    {3, 64, 3, 24, 1, CLEAVE_CASE_SMALL},
    {2, 77, 0, 24, 0, CLEAVE_CASE_SMALL},
    {5, 130, 1, 8, 1, CLEAVE_CASE_SMALL},
    {9, 33, 0, 2, 1, CLEAVE_CASE_SMALL},
    {2, 5000, 0, 20, 0, 0},
    {2, 4096, 0, 16, 0, CLEAVE_CASE_BENCH},
    {2, 4096, 0, 16, 1, CLEAVE_CASE_BENCH},
};

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_dither_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    if (operand == 1) {
        /* The lower half of the position runs over. */
        const cleave_block block = {.position = ((int64_t)3 << 32) - 40,
                                    .frames = (int32_t)args.frames_max};
        memcpy(data, &block, sizeof block);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        if (operand == 2)
            data[i] = (float)(int32_t)(cleave_case_uniform(2, i) * 0x1p20f) * 0x1p-20f;
        else
            data[i] = i % 90 < 20 ? 0 : 1.1f * cleave_case_uniform(1, i);
}

int cleave_dither_cases(int index, cleave_case *out)
{
    cleave_dither_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.rows = shapes[index].rows;
    args.frames_max = shapes[index].frames;
    args.in_stride = args.out_stride = args.frames_max + shapes[index].gap;
    args.bits = shapes[index].bits;
    args.shaped = shapes[index].shaped;
    args.seed = 7;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s R%lld T%lld %d bits",
             args.shaped ? "shaped" : "plain", (long long)args.rows, (long long)args.frames_max,
             args.bits);
    out->limit = 0; /* all sums are exact */
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
