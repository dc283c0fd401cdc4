/* softmax_cases.c: one plane to many, tails of every vector width, logits far apart and level. */
#include "kernels/cases.h"
#include "kernels/softmax/softmax.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int32_t planes;
    int64_t points;
    float spread; /* logits lie within it of their common offset */
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, CLEAVE_CASE_SMALL},
    {2, 15, 1, CLEAVE_CASE_SMALL},
    {3, 17, 20, CLEAVE_CASE_SMALL},
    {5, 1023, 3, CLEAVE_CASE_SMALL},
    {5, 1025, 0, CLEAVE_CASE_SMALL},
    {4, 33, 1e4f, CLEAVE_CASE_SMALL},
    {2, 31, 3e38f, CLEAVE_CASE_SMALL},
    {40, 47, 5, CLEAVE_CASE_SMALL},
    {7, 9000, 5, 0},
    {5, 2 * 64 * 1024, 5, CLEAVE_CASE_BENCH}, /* 64 frames of a network of five instruments */
};

/* The offset of a point would make every exponential overflow, or vanish, were the largest logit
 * not subtracted. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_softmax_args args;
    float spread = 0;

    memcpy(&args, test->args.bytes, sizeof args);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (shapes[i].planes == args.planes && shapes[i].points == args.points)
            spread = shapes[i].spread;
    for (int64_t i = 0; i < count; i++) {
        const float u = cleave_case_uniform((uint64_t)operand + 50, i);
        const float offset = 200 * cleave_case_uniform(52, i % args.points);
        data[i] = operand == 0 ? offset + spread * u : u + 1;
    }
}

int cleave_softmax_cases(int index, cleave_case *out)
{
    cleave_softmax_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.planes = shapes[index].planes;
    args.points = shapes[index].points;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "K%d P%lld", (int)args.planes, (long long)args.points);
    /* The difference z is rounded once, which moves e^z by |z| 2^-24 of it, at most 0.37 2^-24 of
     * the largest; the exponential, its sum, the quotient and the product have one or two each. */
    out->limit = 0x1p-22;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
