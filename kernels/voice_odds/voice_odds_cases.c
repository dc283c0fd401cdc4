/* voice_odds_cases.c: mono and stereo, tails of every vector width, levels apart, silence. */
#include "kernels/cases.h"
#include "kernels/voice_odds/voice_odds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int64_t frames, bins;
    int32_t stereo;
    uint32_t flags;
} shapes[] = {
    {1, 1, 0, CLEAVE_CASE_SMALL},
    {1, 1, 1, CLEAVE_CASE_SMALL},
    {3, 7, 1, CLEAVE_CASE_SMALL},
    {5, 33, 0, CLEAVE_CASE_SMALL},
    {5, 63, 1, CLEAVE_CASE_SMALL},
    {9, 129, 1, 0},
    {30, 2049, 0, 0},
    {520, 2049, 1, CLEAVE_CASE_BENCH},
};

/* 80 dB of levels, a silent bin now and then. */
static float level(int operand, int64_t i)
{
    const double u = (double)cleave_case_uniform((uint64_t)operand + 40, i);

    return i % 29 == 7 ? 0 : (float)exp(4.6 * u);
}

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_voice_odds_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    for (int64_t i = 0; i < count; i++)
        data[i] = level(operand, i);
    if (operand == 3 + args.stereo)
        for (int64_t f = 0; f < count; f++)
            data[f] = 4 * cleave_case_uniform(9, f) - 3;
    if (operand == 4 + args.stereo)
        data[0] = 1e-10f;
}

int cleave_voice_odds_cases(int index, cleave_case *out)
{
    cleave_voice_odds_args args = {
        .repetition = 0.6f,
        .percussive = 0.3f,
        .balance = 2,
        .balance_floor = 0.01f,
        .limit = 6,
    };

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.frames = shapes[index].frames;
    args.bins = shapes[index].bins;
    args.stereo = shapes[index].stereo;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s T%lld F%lld", args.stereo ? "stereo" : "mono",
             (long long)args.frames, (long long)args.bins);
    /* Logarithms up to 23 in size, each within an ulp of 2^-19, and their differences: z is off by
     * up to 4e-6, and a part relatively by as much. */
    out->limit = 4e-6;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
