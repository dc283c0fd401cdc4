/* elementwise_cases.c: every kind, on spectrograms and on tails of every vector width. */
#include "kernels/cases.h"
#include "kernels/elementwise/elementwise.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* `ulps`: how far the vector form, which rounds to float32 at each step, may be from the reference,
 * which rounds to double and then once to float32. Choices and the square root agree to the bit. */
static const struct {
    const char *name;
    float x, y;
    int ulps;
} kinds[CLEAVE_ELEMENTWISE_KINDS] = {
    [CLEAVE_ELEMENTWISE_AFFINE] = {"affine", 1.7f, -0.3f, 1},
    [CLEAVE_ELEMENTWISE_CLAMP] = {"clamp", -0.25f, 0.5f, 0},
    [CLEAVE_ELEMENTWISE_SQRT] = {"sqrt", 0, 0, 0},
    [CLEAVE_ELEMENTWISE_ADD] = {"add", 0.7f, 1.9f, 1},
    [CLEAVE_ELEMENTWISE_MULTIPLY] = {"multiply", 1.1f, 0, 1},
    [CLEAVE_ELEMENTWISE_MIN] = {"min", 0, 0, 0},
    [CLEAVE_ELEMENTWISE_MAX] = {"max", 0, 0, 0},
    [CLEAVE_ELEMENTWISE_RATIO] = {"ratio", 1e-3f, 0, 1},
    [CLEAVE_ELEMENTWISE_MAGNITUDE] = {"magnitude", 0, 0, 2},
    [CLEAVE_ELEMENTWISE_POWER] = {"power", 0, 0, 1},
    [CLEAVE_ELEMENTWISE_LEVEL] = {"level", 4.3429448f, 1e3f, 2},
    [CLEAVE_ELEMENTWISE_NORMALISE] = {"normalise", 1e-5f, 0, 2},
    [CLEAVE_ELEMENTWISE_DENORMALISE] = {"denormalise", 1e-5f, 0, 1},
};

static const struct {
    int64_t points;
    uint32_t flags;
} shapes[] = {
    {1, CLEAVE_CASE_SMALL},
    {3, CLEAVE_CASE_SMALL},
    {8, CLEAVE_CASE_SMALL},
    {15, CLEAVE_CASE_SMALL},
    {33, CLEAVE_CASE_SMALL},
    {4095, CLEAVE_CASE_SMALL},
    {4097, CLEAVE_CASE_SMALL},
    {21499, 0},
    {343980, 0},
    {2049 * 517, CLEAVE_CASE_BENCH},
};

static int is_timed(int kind)
{
    return kind == CLEAVE_ELEMENTWISE_AFFINE || kind == CLEAVE_ELEMENTWISE_RATIO ||
           kind == CLEAVE_ELEMENTWISE_MAGNITUDE || kind == CLEAVE_ELEMENTWISE_LEVEL ||
           kind == CLEAVE_ELEMENTWISE_NORMALISE;
}

/* Inside the domain of each kind; the two values of (DE)NORMALISE are a mean and a deviation. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_elementwise_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    const int positive = args.kind == CLEAVE_ELEMENTWISE_SQRT ||
                         (args.kind == CLEAVE_ELEMENTWISE_RATIO && operand == 1);
    for (int64_t i = 0; i < count; i++) {
        const float u = cleave_case_uniform((uint64_t)operand + 11, i);
        data[i] = positive ? 1 + u : u;
    }
    /* What CLAMP makes of a NaN is part of its contract. */
    for (int64_t i = 0; i < count && args.kind == CLEAVE_ELEMENTWISE_CLAMP; i += 7)
        data[i] = NAN;
    if (operand == 1 && cleave_elementwise_b_is_pair(args.kind)) {
        data[0] = 0.125f + 1e-3f;
        data[1] = 0.4f;
    }
}

int cleave_elementwise_cases(int index, cleave_case *out)
{
    const int shape = index / CLEAVE_ELEMENTWISE_KINDS, kind = index % CLEAVE_ELEMENTWISE_KINDS;
    cleave_elementwise_args args = {0};

    if (index < 0 || shape >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.points = shapes[shape].points;
    args.kind = (cleave_elementwise_kind)kind;
    args.x = kinds[kind].x;
    args.y = kinds[kind].y;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s P%lld", kinds[kind].name, (long long)args.points);
    out->limit = kinds[kind].ulps * 0x1p-23;
    out->flags = shapes[shape].flags & (is_timed(kind) ? ~0u : ~CLEAVE_CASE_BENCH);
    out->fill = fill;
    return 1;
}
