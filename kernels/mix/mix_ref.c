/* mix_ref.c: contract and reference. */
#include "kernels/mix/mix.h"

static const char *check(const void *args)
{
    const cleave_mix_args *a = args;

    if (a->inputs < 1 || a->inputs > CLEAVE_MIX_CHANNELS_MAX)
        return "mix: inputs must be 1..64";
    if (a->outputs < 1 || a->outputs > CLEAVE_MIX_CHANNELS_MAX)
        return "mix: outputs must be 1..64";
    if (a->length < 1)
        return "mix: length must be at least 1";
    if (a->in_stride < a->length)
        return "mix: in_stride must be at least length";
    if (a->out_stride < a->length)
        return "mix: out_stride must be at least length";
    if (!cleave_product_ok(a->inputs, a->in_stride))
        return "mix: inputs times in_stride must be at most 2^48";
    if (!cleave_product_ok(a->outputs, a->out_stride))
        return "mix: outputs times out_stride must be at most 2^48";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_mix_args *a = args;

    return a->outputs * cleave_div_up(a->length, CLEAVE_MIX_BLOCK);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_mix_args *a = args;
    const int64_t in = (a->inputs - 1) * a->in_stride + a->length;
    const int64_t mixed = (a->outputs - 1) * a->out_stride + a->length;

    out[0] =
        (cleave_operand){offsetof(cleave_mix_args, in), (size_t)in * sizeof(float), CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_mix_args, matrix),
                              (size_t)a->outputs * (size_t)a->inputs * sizeof(float), CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_mix_args, out), (size_t)mixed * sizeof(float),
                              CLEAVE_WRITE};
    return 3;
}

static cleave_cost cost(const void *args)
{
    const cleave_mix_args *a = args;
    const double inputs = a->inputs, outputs = a->outputs, length = (double)a->length;

    return (cleave_cost){.flops = 2 * inputs * outputs * length,
                         .bytes = 4 * ((inputs + outputs) * length + inputs * outputs)};
}

const cleave_op cleave_mix_op = {
    .name = "mix",
    .args_bytes = sizeof(cleave_mix_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .streams = 1,
};

static void run(const void *args, const cleave_work *work)
{
    const cleave_mix_args *a = args;

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t o = item % a->outputs;
        const int64_t begin = item / a->outputs * CLEAVE_MIX_BLOCK;
        const int64_t end = cleave_i64_min(begin + CLEAVE_MIX_BLOCK, a->length);

        for (int64_t n = begin; n < end; n++) {
            double sum = 0;
            for (int i = 0; i < a->inputs; i++) {
                const double coefficient = a->matrix[o * a->inputs + i];
                if (coefficient != 0)
                    sum += coefficient * (double)a->in[i * a->in_stride + n];
            }
            a->out[o * a->out_stride + n] = (float)sum;
        }
    }
}

const cleave_kernel cleave_mix_ref = {.run = run};
