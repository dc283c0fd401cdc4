/* softmax_ref.c: contract and reference. */
#include "kernels/softmax/softmax.h"

#include <math.h>

static const char *check(const void *args)
{
    const cleave_softmax_args *a = args;

    if (a->planes < 1)
        return "softmax: planes must be at least 1";
    if (a->points < 1)
        return "softmax: points must be at least 1";
    if (!cleave_product_ok(a->planes, a->points))
        return "softmax: planes times points must be at most 2^48";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_softmax_args *a = args;

    return cleave_div_up(a->points, CLEAVE_SOFTMAX_BLOCK);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_softmax_args *a = args;
    const size_t plane = (size_t)a->points * sizeof(float), bytes = (size_t)a->planes * plane;

    out[0] = (cleave_operand){offsetof(cleave_softmax_args, in), bytes, CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_softmax_args, factor), plane, CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_softmax_args, out), bytes, CLEAVE_WRITE};
    return 3;
}

static cleave_cost cost(const void *args)
{
    const cleave_softmax_args *a = args;
    const double points = (double)a->points, values = a->planes * points;

    return (cleave_cost){.flops = 25 * values, .bytes = 4 * (2 * values + points)};
}

const cleave_op cleave_softmax_op = {
    .name = "softmax",
    .args_bytes = sizeof(cleave_softmax_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .in_place = 1,
    .streams = 1,
};

static void run(const void *args, const cleave_work *work)
{
    const cleave_softmax_args *a = args;
    const int64_t points = a->points, begin = work->begin * CLEAVE_SOFTMAX_BLOCK;
    const int64_t end = cleave_i64_min(work->end * CLEAVE_SOFTMAX_BLOCK, points);

    for (int64_t n = begin; n < end; n++) {
        double largest = a->in[n], sum = 0;

        for (int64_t k = 1; k < a->planes; k++)
            largest = fmax(largest, (double)a->in[k * points + n]);
        for (int64_t k = 0; k < a->planes; k++)
            sum += exp((double)a->in[k * points + n] - largest);
        for (int64_t k = 0; k < a->planes; k++)
            a->out[k * points + n] =
                (float)((double)a->factor[n] * exp((double)a->in[k * points + n] - largest) / sum);
    }
}

const cleave_kernel cleave_softmax_ref = {.run = run};
