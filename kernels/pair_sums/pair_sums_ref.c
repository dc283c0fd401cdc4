/* pair_sums_ref.c: contract and reference. */
#include "kernels/pair_sums/pair_sums.h"

#include <math.h>

static const char *check(const void *args)
{
    const cleave_pair_sums_args *a = args;

    if (a->rows < 1)
        return "pair_sums: rows must be at least 1";
    if (a->rows > CLEAVE_FLOATS_MAX / (2 * CLEAVE_PAIR_SUMS))
        return "pair_sums: rows must be at most 2^48 / 14";
    if (a->points < 1)
        return "pair_sums: points must be at least 1";
    if (a->x_stride < a->points)
        return "pair_sums: x_stride must be at least points";
    if (a->y_stride < a->points)
        return "pair_sums: y_stride must be at least points";
    if (!cleave_product_ok(a->rows, a->x_stride) || !cleave_product_ok(a->rows, a->y_stride))
        return "pair_sums: rows times x_stride and rows times y_stride must be at most 2^48";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_pair_sums_args *a = args;

    return a->rows;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_pair_sums_args *a = args;
    const size_t x = (size_t)((a->rows - 1) * a->x_stride + a->points);
    const size_t y = (size_t)((a->rows - 1) * a->y_stride + a->points);
    const size_t sums = (size_t)a->rows * CLEAVE_PAIR_SUMS * 2;

    out[0] = (cleave_operand){offsetof(cleave_pair_sums_args, x), x * sizeof(float), CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_pair_sums_args, y), y * sizeof(float), CLEAVE_READ};
    out[2] =
        (cleave_operand){offsetof(cleave_pair_sums_args, out), sums * sizeof(float), CLEAVE_WRITE};
    return 3;
}

static cleave_cost cost(const void *args)
{
    const cleave_pair_sums_args *a = args;
    const double rows = (double)a->rows, count = rows * (double)a->points;

    return (cleave_cost){.flops = 12 * count,
                         .bytes = 4 * (2 * count + 2 * CLEAVE_PAIR_SUMS * rows)};
}

const cleave_op cleave_pair_sums_op = {
    .name = "pair_sums",
    .args_bytes = sizeof(cleave_pair_sums_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .streams = 1,
};

static void run(const void *args, const cleave_work *work)
{
    const cleave_pair_sums_args *a = args;

    for (int64_t r = work->begin; r < work->end; r++) {
        double sum[CLEAVE_PAIR_SUMS] = {0};

        for (int64_t i = 0; i < a->points; i++) {
            const double x = (double)a->x[r * a->x_stride + i];
            const double y = (double)a->y[r * a->y_stride + i];
            const double d = y - x;
            sum[CLEAVE_PAIR_X] += x;
            sum[CLEAVE_PAIR_Y] += y;
            sum[CLEAVE_PAIR_XX] += x * x;
            sum[CLEAVE_PAIR_YY] += y * y;
            sum[CLEAVE_PAIR_XD] += x * d;
            sum[CLEAVE_PAIR_DD] += d * d;
            sum[CLEAVE_PAIR_PEAK] = fmax(sum[CLEAVE_PAIR_PEAK], fabs(d));
        }
        sum[CLEAVE_PAIR_PEAK] = (double)(float)sum[CLEAVE_PAIR_PEAK];
        for (int k = 0; k < CLEAVE_PAIR_SUMS; k++) {
            float *out = a->out + 2 * (r * CLEAVE_PAIR_SUMS + k);
            out[0] = (float)sum[k];
            out[1] = (float)(sum[k] - (double)out[0]);
        }
    }
}

const cleave_kernel cleave_pair_sums_ref = {.run = run};
