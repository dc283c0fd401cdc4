/* median_ref.c: contract and reference. */
#include "kernels/median/median.h"

static const char *check(const void *args)
{
    const cleave_median_args *a = args;

    if (a->batch < 1)
        return "median: batch must be at least 1";
    if (a->rows < 1)
        return "median: rows must be at least 1";
    if (a->points < 1)
        return "median: points must be at least 1";
    if (!cleave_product_ok(a->batch, a->rows) || !cleave_product_ok(a->batch * a->rows, a->points))
        return "median: batch times rows times points must be at most 2^48";
    if (a->taps < 1 || a->taps > CLEAVE_MEDIAN_TAPS_MAX || a->taps % 2 == 0)
        return "median: taps must be odd, 1..63";
    if (a->axis != CLEAVE_MEDIAN_ALONG && a->axis != CLEAVE_MEDIAN_ACROSS)
        return "median: axis is not one of cleave_median_axis";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_median_args *a = args;

    return a->batch * a->rows;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_median_args *a = args;
    const size_t bytes = (size_t)(a->batch * a->rows * a->points) * sizeof(float);

    out[0] = (cleave_operand){offsetof(cleave_median_args, in), bytes, CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_median_args, out), bytes, CLEAVE_WRITE};
    return 2;
}

static cleave_cost cost(const void *args)
{
    const cleave_median_args *a = args;
    const double values = (double)(a->batch * a->rows * a->points);

    /* Comparisons are no floating point operations; one a value, so that time has a measure. */
    return (cleave_cost){.flops = values, .bytes = 8 * values};
}

const cleave_op cleave_median_op = {
    .name = "median",
    .args_bytes = sizeof(cleave_median_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};

/* Insertion sort of the window, then its middle: the definition. */
static float median_of(float *window, int taps)
{
    for (int i = 1; i < taps; i++) {
        const float value = window[i];
        int k = i;

        for (; k > 0 && window[k - 1] > value; k--)
            window[k] = window[k - 1];
        window[k] = value;
    }
    return window[taps / 2];
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_median_args *a = args;
    const int half = a->taps / 2;
    float window[CLEAVE_MEDIAN_TAPS_MAX];

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t r = item % a->rows;
        const float *image = a->in + (item - r) * a->points;

        for (int64_t i = 0; i < a->points; i++) {
            for (int k = 0; k < a->taps; k++) {
                const int64_t d = k - half;
                const int64_t row =
                    a->axis == CLEAVE_MEDIAN_ACROSS ? cleave_mirror(r + d, a->rows) : r;
                const int64_t point =
                    a->axis == CLEAVE_MEDIAN_ALONG ? cleave_mirror(i + d, a->points) : i;
                window[k] = image[row * a->points + point];
            }
            a->out[item * a->points + i] = median_of(window, a->taps);
        }
    }
}

const cleave_kernel cleave_median_ref = {.run = run};
