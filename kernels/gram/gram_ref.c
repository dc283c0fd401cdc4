/* gram_ref.c: contract and reference. */
#include "kernels/gram/gram.h"

static const char *check(const void *args)
{
    const cleave_gram_args *a = args;

    if (a->rows < 1)
        return "gram: rows must be at least 1";
    if (a->points < 1)
        return "gram: points must be at least 1";
    if (!cleave_product_ok(a->rows, a->points) || !cleave_product_ok(a->rows, a->rows))
        return "gram: rows times points and rows times rows must be at most 2^48";
    return NULL;
}

static int64_t bands(const cleave_gram_args *a)
{
    return cleave_div_up(a->rows, CLEAVE_GRAM_BAND);
}

static int64_t items(const void *args)
{
    return cleave_div_up(bands(args), 2);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_gram_args *a = args;
    const size_t in = (size_t)(a->rows * a->points), products = (size_t)(a->rows * a->rows);

    out[0] = (cleave_operand){offsetof(cleave_gram_args, in), in * sizeof(float), CLEAVE_READ};
    out[1] =
        (cleave_operand){offsetof(cleave_gram_args, out), products * sizeof(float), CLEAVE_WRITE};
    return 2;
}

static cleave_cost cost(const void *args)
{
    const cleave_gram_args *a = args;
    const double rows = (double)a->rows, points = (double)a->points;

    /* Each pair of rows once: the other half is a copy. */
    return (cleave_cost){.flops = rows * (rows + 1) * points,
                         .bytes = 4 * (rows * points + rows * rows)};
}

const cleave_op cleave_gram_op = {
    .name = "gram",
    .args_bytes = sizeof(cleave_gram_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};

static void run_band(const cleave_gram_args *a, int64_t band)
{
    const int64_t begin = band * CLEAVE_GRAM_BAND;
    const int64_t end = cleave_i64_min(begin + CLEAVE_GRAM_BAND, a->rows);

    for (int64_t i = begin; i < end; i++)
        for (int64_t j = i; j < a->rows; j++) {
            double sum = 0;
            for (int64_t p = 0; p < a->points; p++)
                sum += (double)a->in[i * a->points + p] * (double)a->in[j * a->points + p];
            a->out[i * a->rows + j] = a->out[j * a->rows + i] = (float)sum;
        }
}

static void run(const void *args, const cleave_work *work)
{
    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t other = bands(args) - 1 - item;

        run_band(args, item);
        if (other != item)
            run_band(args, other);
    }
}

const cleave_kernel cleave_gram_ref = {.run = run};
