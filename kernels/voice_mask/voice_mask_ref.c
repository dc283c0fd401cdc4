/* voice_mask_ref.c: contract and reference. */
#include "kernels/voice_mask/voice_mask.h"

#include <math.h>

static const char *check(const void *args)
{
    const cleave_voice_mask_args *a = args;

    if (a->points < 1 || a->points > CLEAVE_FLOATS_MAX)
        return "voice_mask: points must be 1..2^48";
    if (!(a->self >= 0) || !(a->near >= 0))
        return "voice_mask: self and near must not be negative";
    if (!(a->limit > 0) || !((a->self + a->near) * a->limit <= 80))
        return "voice_mask: limit must be positive, and at most 80 times self + near";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_voice_mask_args *a = args;

    return cleave_div_up(a->points, CLEAVE_VOICE_MASK_BLOCK);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_voice_mask_args *a = args;
    const size_t plane = (size_t)a->points * sizeof(float);

    out[0] = (cleave_operand){offsetof(cleave_voice_mask_args, odds), plane, CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_voice_mask_args, parts), 2 * plane, CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_voice_mask_args, floor), sizeof(float), CLEAVE_READ};
    out[3] = (cleave_operand){offsetof(cleave_voice_mask_args, out), plane, CLEAVE_WRITE};
    return 4;
}

static cleave_cost cost(const void *args)
{
    const cleave_voice_mask_args *a = args;
    const double points = (double)a->points;

    return (cleave_cost){.flops = 70 * points, .bytes = 4 * (4 * points + 1)};
}

const cleave_op cleave_voice_mask_op = {
    .name = "voice_mask",
    .args_bytes = sizeof(cleave_voice_mask_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};

static double hold(double x, double limit)
{
    return fmin(fmax(x, -limit), limit);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_voice_mask_args *a = args;
    const int64_t begin = work->begin * CLEAVE_VOICE_MASK_BLOCK;
    const int64_t end = cleave_i64_min(work->end * CLEAVE_VOICE_MASK_BLOCK, a->points);
    const double floor = *a->floor;

    for (int64_t i = begin; i < end; i++) {
        const double voice = a->parts[i] + floor, rest = a->parts[a->points + i] + floor;
        const double z =
            a->self * hold(a->odds[i], a->limit) + a->near * hold(log(voice / rest), a->limit);

        a->out[i] = (float)(1 / (1 + exp(-z)));
    }
}

const cleave_kernel cleave_voice_mask_ref = {.run = run};
