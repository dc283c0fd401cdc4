/* box_mean_ref.c: contract and reference. */
#include "kernels/box_mean/box_mean.h"

static int is_box(int32_t size)
{
    return size >= 1 && size <= CLEAVE_BOX_MEAN_MAX && size % 2 == 1;
}

static const char *check(const void *args)
{
    const cleave_box_mean_args *a = args;

    if (a->batch < 1)
        return "box_mean: batch must be at least 1";
    if (a->rows < 1)
        return "box_mean: rows must be at least 1";
    if (a->points < 1)
        return "box_mean: points must be at least 1";
    if (!cleave_product_ok(a->batch, a->rows) || !cleave_product_ok(a->batch * a->rows, a->points))
        return "box_mean: batch times rows times points must be at most 2^48";
    if (!is_box(a->box_rows))
        return "box_mean: box_rows must be odd, 1..63";
    if (!is_box(a->box_points))
        return "box_mean: box_points must be odd, 1..63";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_box_mean_args *a = args;

    return a->batch * a->rows;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_box_mean_args *a = args;
    const size_t bytes = (size_t)(a->batch * a->rows * a->points) * sizeof(float);

    out[0] = (cleave_operand){offsetof(cleave_box_mean_args, in), bytes, CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_box_mean_args, out), bytes, CLEAVE_WRITE};
    return 2;
}

static cleave_cost cost(const void *args)
{
    const cleave_box_mean_args *a = args;
    const double values = (double)(a->batch * a->rows * a->points);

    return (cleave_cost){.flops = values * (a->box_rows + a->box_points), .bytes = 8 * values};
}

const cleave_op cleave_box_mean_op = {
    .name = "box_mean",
    .args_bytes = sizeof(cleave_box_mean_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};

static void run(const void *args, const cleave_work *work)
{
    const cleave_box_mean_args *a = args;
    const int64_t h = a->box_rows / 2, w = a->box_points / 2;
    const double area = (double)a->box_rows * a->box_points;

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t r = item % a->rows;
        const float *image = a->in + (item - r) * a->points;

        for (int64_t p = 0; p < a->points; p++) {
            double sum = 0;
            for (int64_t i = r - h; i <= r + h; i++)
                for (int64_t k = p - w; k <= p + w; k++)
                    sum +=
                        image[cleave_mirror(i, a->rows) * a->points + cleave_mirror(k, a->points)];
            a->out[item * a->points + p] = (float)(sum / area);
        }
    }
}

const cleave_kernel cleave_box_mean_ref = {.run = run};
