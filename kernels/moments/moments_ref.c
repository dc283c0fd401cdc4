/* moments_ref.c: contract and reference. */
#include "kernels/moments/moments.h"

static const char *check(const void *args)
{
    const cleave_moments_args *a = args;

    if (a->rows < 1 || a->points < 1)
        return "moments: rows and points must be at least 1";
    if (a->in_stride < a->points)
        return "moments: in_stride must be at least points";
    if (!cleave_product_ok(a->rows, a->in_stride))
        return "moments: rows times in_stride must be at most 2^48";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_moments_args *a = args;

    return a->rows;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_moments_args *a = args;
    const int64_t in = (a->rows - 1) * a->in_stride + a->points;

    out[0] = (cleave_operand){offsetof(cleave_moments_args, in), (size_t)in * sizeof(float),
                              CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_moments_args, out),
                              (size_t)a->rows * 2 * sizeof(float), CLEAVE_WRITE};
    return 2;
}

static cleave_cost cost(const void *args)
{
    const cleave_moments_args *a = args;
    const double rows = (double)a->rows, count = rows * (double)a->points;

    return (cleave_cost){.flops = 4 * count, .bytes = 4 * (count + 2 * rows)};
}

const cleave_op cleave_moments_op = {
    .name = "moments",
    .args_bytes = sizeof(cleave_moments_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .streams = 1,
};

static void run(const void *args, const cleave_work *work)
{
    const cleave_moments_args *a = args;

    for (int64_t r = work->begin; r < work->end; r++) {
        const float *const row = a->in + r * a->in_stride;
        double sum = 0, squares = 0;
        for (int64_t p = 0; p < a->points; p++)
            sum += (double)row[p];
        const double mean = sum / (double)a->points;
        for (int64_t p = 0; p < a->points; p++)
            squares += ((double)row[p] - mean) * ((double)row[p] - mean);
        a->out[2 * r] = (float)mean;
        a->out[2 * r + 1] = (float)squares;
    }
}

const cleave_kernel cleave_moments_ref = {.run = run};
