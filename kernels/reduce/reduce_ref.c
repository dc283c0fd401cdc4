/* reduce_ref.c: contract and reference. */
#include "kernels/reduce/reduce.h"

#include <math.h>

static const char *check(const void *args)
{
    const cleave_reduce_args *a = args;

    if (a->rows < 1)
        return "reduce: rows must be at least 1";
    if (a->points < 1)
        return "reduce: points must be at least 1";
    if (a->in_stride < a->points)
        return "reduce: in_stride must be at least points";
    if (!cleave_product_ok(a->rows, a->in_stride))
        return "reduce: rows times in_stride must be at most 2^48";
    if ((int)a->kind < CLEAVE_REDUCE_SUM || (int)a->kind > CLEAVE_REDUCE_MEAN_STD)
        return "reduce: kind is not one of cleave_reduce_kind";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_reduce_args *a = args;

    return a->rows;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_reduce_args *a = args;
    const int64_t in = (a->rows - 1) * a->in_stride + a->points;
    const int64_t figures = a->rows * (a->kind == CLEAVE_REDUCE_MEAN_STD ? 2 : 1);

    out[0] =
        (cleave_operand){offsetof(cleave_reduce_args, in), (size_t)in * sizeof(float), CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_reduce_args, out), (size_t)figures * sizeof(float),
                              CLEAVE_WRITE};
    return 2;
}

static cleave_cost cost(const void *args)
{
    const cleave_reduce_args *a = args;
    const double rows = (double)a->rows, count = rows * (double)a->points;
    const int pair = a->kind == CLEAVE_REDUCE_MEAN_STD;

    return (cleave_cost){.flops = count * (pair                               ? 4
                                           : a->kind == CLEAVE_REDUCE_SQUARES ? 2
                                                                              : 1),
                         .bytes = 4 * (count + (pair ? 2 : 1) * rows)};
}

const cleave_op cleave_reduce_op = {
    .name = "reduce",
    .args_bytes = sizeof(cleave_reduce_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .streams = 1,
};

static double sum_of(const float *x, int64_t count)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += (double)x[i];
    return sum;
}

/* Sum of squared distances from `centre`. */
static double squares_of(const float *x, int64_t count, double centre)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += ((double)x[i] - centre) * ((double)x[i] - centre);
    return sum;
}

static float max_of(const float *x, int64_t count)
{
    float max = x[0];

    for (int64_t i = 1; i < count; i++)
        max = x[i] > max ? x[i] : max;
    return max;
}

static float max_abs_of(const float *x, int64_t count)
{
    float max = fabsf(x[0]);

    for (int64_t i = 1; i < count; i++)
        max = fabsf(x[i]) > max ? fabsf(x[i]) : max;
    return max;
}

static void mean_std_of(const float *x, int64_t count, float out[2])
{
    const double mean = sum_of(x, count) / (double)count;

    out[0] = (float)mean;
    out[1] = count == 1 ? 0 : (float)sqrt(squares_of(x, count, mean) / (double)(count - 1));
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_reduce_args *a = args;
    const int64_t count = a->points;

    for (int64_t r = work->begin; r < work->end; r++) {
        const float *x = a->in + r * a->in_stride;

        switch (a->kind) {
        case CLEAVE_REDUCE_SUM:
            a->out[r] = (float)sum_of(x, count);
            break;
        case CLEAVE_REDUCE_MEAN:
            a->out[r] = (float)(sum_of(x, count) / (double)count);
            break;
        case CLEAVE_REDUCE_MAX:
            a->out[r] = max_of(x, count);
            break;
        case CLEAVE_REDUCE_MAX_ABS:
            a->out[r] = max_abs_of(x, count);
            break;
        case CLEAVE_REDUCE_SQUARES:
            a->out[r] = (float)squares_of(x, count, 0);
            break;
        case CLEAVE_REDUCE_MEAN_STD:
            mean_std_of(x, count, a->out + 2 * r);
            break;
        }
    }
}

const cleave_kernel cleave_reduce_ref = {.run = run};
