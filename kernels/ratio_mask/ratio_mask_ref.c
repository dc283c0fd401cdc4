/* ratio_mask_ref.c: contract and reference. */
#include "kernels/ratio_mask/ratio_mask.h"

#include <math.h>

static const char *check(const void *args)
{
    const cleave_ratio_mask_args *a = args;

    if (a->instruments < 1 || a->instruments > CLEAVE_RATIO_MASK_STEMS_MAX)
        return "ratio_mask: instruments must be 1 to 8";
    if (a->channels < 1)
        return "ratio_mask: channels must be at least 1";
    if (a->frames < 1)
        return "ratio_mask: frames must be at least 1";
    if (a->masked_bins < 1)
        return "ratio_mask: masked_bins must be at least 1";
    if (a->bins < a->masked_bins)
        return "ratio_mask: bins must be at least masked_bins";
    if (a->stems < 1 || a->stems > a->instruments)
        return "ratio_mask: stems must be 1 to instruments";
    for (int32_t s = 0; s < a->stems; s++)
        if (a->stem[s] < 0 || a->stem[s] >= a->instruments)
            return "ratio_mask: stem must be 0 to instruments less 1";
    if (!(a->exponent > 0 && a->exponent <= CLEAVE_RATIO_MASK_EXPONENT_MAX))
        return "ratio_mask: exponent must be above 0 and at most 4";
    if (a->extension != CLEAVE_RATIO_MASK_ZEROS && a->extension != CLEAVE_RATIO_MASK_AVERAGE)
        return "ratio_mask: extension is out of range";
    /* The result has the most rows: two planes of at most eight stems. */
    if (!cleave_product_ok(2 * CLEAVE_RATIO_MASK_STEMS_MAX * (int64_t)a->channels, a->bins) ||
        !cleave_product_ok(2 * CLEAVE_RATIO_MASK_STEMS_MAX * (int64_t)a->channels * a->bins,
                           a->frames))
        return "ratio_mask: channels times frames times bins must be at most 2^44";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_ratio_mask_args *a = args;

    return a->channels * cleave_div_up(a->frames, CLEAVE_RATIO_MASK_BLOCK);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_ratio_mask_args *a = args;
    const size_t plane = (size_t)a->frames * (size_t)a->bins * sizeof(float);
    const size_t planes = (size_t)a->channels * plane;

    out[0] = (cleave_operand){offsetof(cleave_ratio_mask_args, estimates),
                              (size_t)a->instruments * planes, CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_ratio_mask_args, in), 2 * planes, CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_ratio_mask_args, out), (size_t)a->stems * 2 * planes,
                              CLEAVE_WRITE};
    return 3;
}

static cleave_cost cost(const void *args)
{
    const cleave_ratio_mask_args *a = args;
    const double rows = (double)a->channels * (double)a->frames;
    const double masked = (double)a->masked_bins, bins = (double)a->bins;

    return (cleave_cost){.flops = rows * masked * (2 * a->instruments + 4 * a->stems + 1),
                         .bytes =
                             4 * rows * (a->instruments * masked + 2 * bins + 2 * a->stems * bins)};
}

const cleave_op cleave_ratio_mask_op = {
    .name = "ratio_mask",
    .args_bytes = sizeof(cleave_ratio_mask_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .streams = 1,
};

/* M_i at one bin; `e` points to the estimate of the first instrument, `stride` to the next. */
static double mask_of(const cleave_ratio_mask_args *a, const float *e, int64_t stride, int32_t i)
{
    const double floor = CLEAVE_RATIO_MASK_FLOOR, p = a->exponent;
    double sum = floor;

    for (int32_t k = 0; k < a->instruments; k++)
        sum += pow((double)e[k * stride], p);
    return (pow((double)e[i * stride], p) + floor / a->instruments) / sum;
}

/* One frame of one channel and stem. `at` is the frame's first bin in a plane. */
static void mask_row(const cleave_ratio_mask_args *a, int64_t channel, int64_t at, int32_t s)
{
    const int64_t plane = a->frames * a->bins, stride = a->channels * plane;
    const float *estimates = a->estimates + channel * plane + at;
    const float *in = a->in + channel * 2 * plane + at;
    float *out = a->out + (s * (int64_t)a->channels + channel) * 2 * plane + at;
    double mean = 0;

    for (int32_t f = 0; f < a->masked_bins; f++) {
        const double mask = mask_of(a, estimates + f, stride, a->stem[s]);
        out[f] = (float)(mask * (double)in[f]);
        out[plane + f] = (float)(mask * (double)in[plane + f]);
        mean += mask / a->masked_bins;
    }
    for (int32_t f = a->masked_bins; f < a->bins; f++) {
        const int zero = a->extension == CLEAVE_RATIO_MASK_ZEROS;
        out[f] = zero ? 0 : (float)(mean * (double)in[f]);
        out[plane + f] = zero ? 0 : (float)(mean * (double)in[plane + f]);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_ratio_mask_args *a = args;

    for (int64_t item = work->begin; item < work->end; item++) {
        const cleave_ratio_mask_block k = cleave_ratio_mask_block_of(a, item);

        for (int64_t t = k.begin; t < k.end; t++)
            for (int32_t s = 0; s < a->stems; s++)
                mask_row(a, k.channel, t * a->bins, s);
    }
}

const cleave_kernel cleave_ratio_mask_ref = {.run = run};
