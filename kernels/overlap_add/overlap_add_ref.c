/* overlap_add_ref.c: contract and reference. */
#include "kernels/overlap_add/overlap_add.h"

static const char *check(const void *args)
{
    const cleave_overlap_add_args *a = args;

    if (a->rows < 1)
        return "overlap_add: rows must be at least 1";
    if (a->length < 1)
        return "overlap_add: length must be at least 1";
    if (a->in_stride < a->length)
        return "overlap_add: in_stride must be at least length";
    if (a->mean_stride < a->length)
        return "overlap_add: mean_stride must be at least length";
    if (!cleave_product_ok(a->rows, a->in_stride))
        return "overlap_add: rows times in_stride must be at most 2^48";
    if (!cleave_product_ok(a->rows, a->mean_stride))
        return "overlap_add: rows times mean_stride must be at most 2^48";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_overlap_add_args *a = args;

    return a->rows * cleave_div_up(a->length, CLEAVE_OVERLAP_ADD_BLOCK);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_overlap_add_args *a = args;
    const int64_t in = (a->rows - 1) * a->in_stride + a->length;
    const int64_t mean = (a->rows - 1) * a->mean_stride + a->length;

    out[0] = (cleave_operand){offsetof(cleave_overlap_add_args, in), (size_t)in * sizeof(float),
                              CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_overlap_add_args, gain),
                              (size_t)a->length * sizeof(float), CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_overlap_add_args, mean), (size_t)mean * sizeof(float),
                              CLEAVE_READ | CLEAVE_WRITE};
    return 3;
}

static cleave_cost cost(const void *args)
{
    const cleave_overlap_add_args *a = args;
    const double rows = a->rows, length = (double)a->length;

    return (cleave_cost){.flops = 3 * rows * length, .bytes = 4 * (3 * rows + 1) * length};
}

const cleave_op cleave_overlap_add_op = {
    .name = "overlap_add",
    .args_bytes = sizeof(cleave_overlap_add_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .streams = 1,
};

static void run(const void *args, const cleave_work *work)
{
    const cleave_overlap_add_args *a = args;
    const int64_t blocks = cleave_div_up(a->length, CLEAVE_OVERLAP_ADD_BLOCK);

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t begin = item % blocks * CLEAVE_OVERLAP_ADD_BLOCK;
        const int64_t end = cleave_i64_min(begin + CLEAVE_OVERLAP_ADD_BLOCK, a->length);
        const float *in = a->in + item / blocks * a->in_stride;
        float *mean = a->mean + item / blocks * a->mean_stride;

        for (int64_t n = begin; n < end; n++) {
            const double old = mean[n];
            mean[n] = (float)(old + (double)a->gain[n] * ((double)in[n] - old));
        }
    }
}

const cleave_kernel cleave_overlap_add_ref = {.run = run};
