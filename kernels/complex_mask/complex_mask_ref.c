/* complex_mask_ref.c: contract and reference. */
#include "kernels/complex_mask/complex_mask.h"

static const char *check(const void *args)
{
    const cleave_complex_mask_args *a = args;

    if (a->stems < 1)
        return "complex_mask: stems must be at least 1";
    if (a->channels < 1)
        return "complex_mask: channels must be at least 1";
    if (a->mask_channels != 1 && a->mask_channels != a->channels)
        return "complex_mask: mask_channels must be 1 or channels";
    if (a->points < 1)
        return "complex_mask: points must be at least 1";
    if (!cleave_product_ok(a->stems, a->channels) ||
        !cleave_product_ok((int64_t)a->stems * a->channels, a->points))
        return "complex_mask: stems times channels times points must be at most 2^48";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_complex_mask_args *a = args;

    return (int64_t)a->stems * a->channels * cleave_div_up(a->points, CLEAVE_COMPLEX_MASK_BLOCK);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_complex_mask_args *a = args;
    const size_t plane = (size_t)a->points * sizeof(float);
    const size_t stems = (size_t)a->stems;

    out[0] = (cleave_operand){offsetof(cleave_complex_mask_args, in),
                              (size_t)a->channels * 2 * plane, CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_complex_mask_args, mask),
                              stems * (size_t)a->mask_channels * plane, CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_complex_mask_args, out),
                              stems * (size_t)a->channels * 2 * plane, CLEAVE_WRITE};
    return 3;
}

static cleave_cost cost(const void *args)
{
    const cleave_complex_mask_args *a = args;
    const double points = (double)a->points, stems = a->stems, rows = 2.0 * a->channels;

    return (cleave_cost){.flops = stems * rows * points,
                         .bytes = 4 * points * (rows + stems * (rows + a->mask_channels))};
}

const cleave_op cleave_complex_mask_op = {
    .name = "complex_mask",
    .args_bytes = sizeof(cleave_complex_mask_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .streams = 1,
};

static void run(const void *args, const cleave_work *work)
{
    const cleave_complex_mask_args *a = args;
    const int64_t points = a->points;

    for (int64_t item = work->begin; item < work->end; item++) {
        const cleave_complex_mask_block k = cleave_complex_mask_block_of(a, item);
        const float *in = a->in + k.channel * 2 * points;
        const float *mask = a->mask + k.mask_row * points;
        float *out = a->out + (k.stem * a->channels + k.channel) * 2 * points;

        for (int64_t i = k.begin; i < k.end; i++) {
            out[i] = (float)((double)mask[i] * (double)in[i]);
            out[points + i] = (float)((double)mask[i] * (double)in[points + i]);
        }
    }
}

const cleave_kernel cleave_complex_mask_ref = {.run = run};
