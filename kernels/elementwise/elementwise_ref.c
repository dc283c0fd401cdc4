/* elementwise_ref.c: contract and reference. */
#include "kernels/elementwise/elementwise.h"

#include <math.h>

static const char *check(const void *args)
{
    const cleave_elementwise_args *a = args;

    if (a->points < 1)
        return "elementwise: points must be at least 1";
    if (a->points > CLEAVE_FLOATS_MAX)
        return "elementwise: points must be at most 2^48";
    if ((int)a->kind < 0 || a->kind >= CLEAVE_ELEMENTWISE_KINDS)
        return "elementwise: kind is not one of cleave_elementwise_kind";
    if (isnan(a->x))
        return "elementwise: x must not be NaN";
    if (isnan(a->y))
        return "elementwise: y must not be NaN";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_elementwise_args *a = args;

    return cleave_div_up(a->points, CLEAVE_ELEMENTWISE_BLOCK);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_elementwise_args *a = args;
    const size_t bytes = (size_t)a->points * sizeof(float);
    const size_t b_bytes = cleave_elementwise_b_is_array(a->kind)  ? bytes
                           : cleave_elementwise_b_is_pair(a->kind) ? 2 * sizeof(float)
                                                                   : 0;
    int count = 0;

    out[count++] = (cleave_operand){offsetof(cleave_elementwise_args, a), bytes, CLEAVE_READ};
    if (b_bytes)
        out[count++] = (cleave_operand){offsetof(cleave_elementwise_args, b), b_bytes, CLEAVE_READ};
    out[count++] = (cleave_operand){offsetof(cleave_elementwise_args, out), bytes, CLEAVE_WRITE};
    return count;
}

static cleave_cost cost(const void *args)
{
    const cleave_elementwise_args *a = args;
    /* Choices and roots count one; so do the fifteen or so steps of a logarithm, each. */
    static const double flops[CLEAVE_ELEMENTWISE_KINDS] = {
        [CLEAVE_ELEMENTWISE_AFFINE] = 2,      [CLEAVE_ELEMENTWISE_CLAMP] = 2,
        [CLEAVE_ELEMENTWISE_SQRT] = 1,        [CLEAVE_ELEMENTWISE_ADD] = 3,
        [CLEAVE_ELEMENTWISE_MULTIPLY] = 2,    [CLEAVE_ELEMENTWISE_MIN] = 1,
        [CLEAVE_ELEMENTWISE_MAX] = 1,         [CLEAVE_ELEMENTWISE_RATIO] = 2,
        [CLEAVE_ELEMENTWISE_MAGNITUDE] = 4,   [CLEAVE_ELEMENTWISE_POWER] = 3,
        [CLEAVE_ELEMENTWISE_LEVEL] = 16,      [CLEAVE_ELEMENTWISE_NORMALISE] = 2,
        [CLEAVE_ELEMENTWISE_DENORMALISE] = 2,
    };
    const double points = (double)a->points;
    const double b = cleave_elementwise_b_is_array(a->kind)  ? points
                     : cleave_elementwise_b_is_pair(a->kind) ? 2
                                                             : 0;

    return (cleave_cost){.flops = flops[a->kind] * points, .bytes = 4 * (2 * points + b)};
}

const cleave_op cleave_elementwise_op = {
    .name = "elementwise",
    .args_bytes = sizeof(cleave_elementwise_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .in_place = 1,
    .streams = 1,
};

/* `b` where the two do not compare, as in the vector units. */
static double min_of(double a, double b)
{
    return a < b ? a : b;
}

static double max_of(double a, double b)
{
    return a > b ? a : b;
}

/* b points at b[i], or at the two values of (DE)NORMALISE. */
static double value_of(cleave_elementwise_kind kind, double a, const float *b, double x, double y)
{
    switch (kind) {
    case CLEAVE_ELEMENTWISE_AFFINE:
        return x * a + y;
    case CLEAVE_ELEMENTWISE_CLAMP:
        return min_of(max_of(a, x), y);
    case CLEAVE_ELEMENTWISE_SQRT:
        return sqrt(a);
    case CLEAVE_ELEMENTWISE_ADD:
        return x * a + y * (double)*b;
    case CLEAVE_ELEMENTWISE_MULTIPLY:
        return x * a * (double)*b;
    case CLEAVE_ELEMENTWISE_MIN:
        return min_of(a, (double)*b);
    case CLEAVE_ELEMENTWISE_MAX:
        return max_of(a, (double)*b);
    case CLEAVE_ELEMENTWISE_RATIO:
        return a / ((double)*b + x);
    case CLEAVE_ELEMENTWISE_MAGNITUDE:
        return sqrt(a * a + (double)*b * (double)*b);
    case CLEAVE_ELEMENTWISE_POWER:
        return a * a + (double)*b * (double)*b;
    case CLEAVE_ELEMENTWISE_LEVEL:
        return x * log(max_of(y * (a * a + (double)*b * (double)*b), 1));
    case CLEAVE_ELEMENTWISE_NORMALISE:
        return (a - (double)b[0]) / ((double)b[1] + x);
    case CLEAVE_ELEMENTWISE_DENORMALISE:
        return a * ((double)b[1] + x) + (double)b[0];
    case CLEAVE_ELEMENTWISE_KINDS:
        break;
    }
    assert(!"kind is out of range");
    return 0;
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_elementwise_args *a = args;
    const int64_t end = cleave_i64_min(work->end * CLEAVE_ELEMENTWISE_BLOCK, a->points);
    const double x = (double)a->x, y = (double)a->y;

    for (int64_t i = work->begin * CLEAVE_ELEMENTWISE_BLOCK; i < end; i++) {
        const float *b = cleave_elementwise_b_is_array(a->kind) ? a->b + i : a->b;
        a->out[i] = (float)value_of(a->kind, (double)a->a[i], b, x, y);
    }
}

const cleave_kernel cleave_elementwise_ref = {.run = run};
