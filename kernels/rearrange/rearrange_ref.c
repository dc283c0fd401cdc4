/* rearrange_ref.c: contract and reference. */
#include "kernels/rearrange/rearrange.h"

static const char *check(const void *args)
{
    const cleave_rearrange_args *a = args;

    int64_t count = 1;

    for (int axis = 0; axis < CLEAVE_REARRANGE_AXES; axis++) {
        if (a->size[axis] < 1)
            return "rearrange: size must be at least 1 on every axis";
        if (a->in_stride[axis] < 0)
            return "rearrange: in_stride must not be negative";
        if (a->out_stride[axis] < 0)
            return "rearrange: out_stride must not be negative";
        if (a->size[axis] > 1 && a->out_stride[axis] == 0)
            return "rearrange: out_stride of 0 would write one position several times";
        if (!cleave_product_ok(a->size[axis], count))
            return "rearrange: the product of size must be at most 2^48";
        if (!cleave_product_ok(a->size[axis], a->in_stride[axis]))
            return "rearrange: size times in_stride must be at most 2^48";
        if (!cleave_product_ok(a->size[axis], a->out_stride[axis]))
            return "rearrange: size times out_stride must be at most 2^48";
        count *= a->size[axis];
    }
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_rearrange_args *a = args;

    return a->size[0] * a->size[1];
}

static size_t extent_bytes(const int64_t *size, const int64_t *stride)
{
    int64_t last = 0;

    for (int axis = 0; axis < CLEAVE_REARRANGE_AXES; axis++)
        last += (size[axis] - 1) * stride[axis];
    return (size_t)(last + 1) * sizeof(float);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_rearrange_args *a = args;

    out[0] = (cleave_operand){offsetof(cleave_rearrange_args, in),
                              extent_bytes(a->size, a->in_stride), CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_rearrange_args, out),
                              extent_bytes(a->size, a->out_stride), CLEAVE_WRITE};
    return 2;
}

static cleave_cost cost(const void *args)
{
    const cleave_rearrange_args *a = args;
    double read = 1, written = 1;

    for (int axis = 0; axis < CLEAVE_REARRANGE_AXES; axis++) {
        read *= a->in_stride[axis] ? (double)a->size[axis] : 1;
        written *= (double)a->size[axis];
    }
    return (cleave_cost){.flops = 0, .bytes = 4 * (read + written)};
}

const cleave_op cleave_rearrange_op = {
    .name = "rearrange",
    .args_bytes = sizeof(cleave_rearrange_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .streams = 1,
};

static void run(const void *args, const cleave_work *work)
{
    const cleave_rearrange_args *a = args;

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t i0 = item / a->size[1], i1 = item % a->size[1];
        const float *in = a->in + i0 * a->in_stride[0] + i1 * a->in_stride[1];
        float *out = a->out + i0 * a->out_stride[0] + i1 * a->out_stride[1];

        for (int64_t i2 = 0; i2 < a->size[2]; i2++)
            for (int64_t i3 = 0; i3 < a->size[3]; i3++)
                out[i2 * a->out_stride[2] + i3 * a->out_stride[3]] =
                    in[i2 * a->in_stride[2] + i3 * a->in_stride[3]];
    }
}

const cleave_kernel cleave_rearrange_ref = {.run = run};
