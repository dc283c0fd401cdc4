/* linear_norm_ref.c: contract and reference, which makes the layer's values, twice. */
#include <math.h>
#include <string.h>

#include "kernels/linear_norm/linear_norm.h"

static const char *check(const void *args)
{
    const cleave_linear_norm_args *a = args;

    if (a->in_channels < 1 || a->in_channels > 4096 || a->channels < 1 || a->channels > 131072)
        return "linear_norm: in_channels must be 1..4096, channels 1..131072";
    if (a->rows < 1 || a->points < 1)
        return "linear_norm: rows and points must be at least 1";
    if (a->in_row_stride < a->points || !cleave_product_ok(a->rows, a->in_row_stride) ||
        a->in_channel_stride < a->rows * a->in_row_stride)
        return "linear_norm: a stride must be at least what it steps over";
    if (!cleave_product_ok(a->in_channels, a->in_channel_stride) ||
        !cleave_product_ok(2 * (int64_t)a->channels, a->rows))
        return "linear_norm: a tensor must be at most 2^48 values";
    if (!(a->epsilon >= 0))
        return "linear_norm: epsilon must be at least 0";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_linear_norm_args *a = args;

    return a->rows;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_linear_norm_args *a = args;
    const int64_t C = a->in_channels, M = a->channels;
    const int64_t in =
        (C - 1) * a->in_channel_stride + (a->rows - 1) * a->in_row_stride + a->points;
    const uint32_t constant = CLEAVE_READ | CLEAVE_PREPARED;
    const struct {
        size_t field;
        int64_t count;
        uint32_t access;
    } tensors[] = {
        {offsetof(cleave_linear_norm_args, in), in, CLEAVE_READ},
        {offsetof(cleave_linear_norm_args, weight), M * C, constant},
        {offsetof(cleave_linear_norm_args, bias), M, constant},
        {offsetof(cleave_linear_norm_args, norm_weight), M, constant},
        {offsetof(cleave_linear_norm_args, norm_bias), M, constant},
        {offsetof(cleave_linear_norm_args, out), 2 * M * a->rows, CLEAVE_WRITE},
    };
    int n = 0;

    for (; n < (int)(sizeof tensors / sizeof tensors[0]); n++)
        out[n] = (cleave_operand){tensors[n].field, (size_t)tensors[n].count * sizeof(float),
                                  tensors[n].access};
    return n;
}

/* By covariances. */
static cleave_cost cost(const void *args)
{
    const cleave_linear_norm_args *a = args;
    const double C = a->in_channels, M = a->channels;
    const double values = C * (double)a->rows * (double)a->points;

    return (cleave_cost){.flops = (C + 3) * values,
                         .bytes = 4 * (values + C * M + 3 * M + 2 * M * (double)a->rows)};
}

const cleave_op cleave_linear_norm_op = {
    .name = "linear_norm",
    .args_bytes = sizeof(cleave_linear_norm_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};

static size_t prepared_bytes(const void *args)
{
    const cleave_linear_norm_args *a = args;

    return (size_t)a->channels * (size_t)(a->in_channels + 3) * sizeof(float);
}

/* The constants as they are, one after the other. */
static void prepare(const void *args, void *prepared)
{
    const cleave_linear_norm_args *a = args;
    const size_t M = (size_t)a->channels, weights = M * (size_t)a->in_channels;
    float *const to = prepared;

    memcpy(to, a->weight, weights * sizeof(float));
    memcpy(to + weights, a->bias, M * sizeof(float));
    memcpy(to + weights + M, a->norm_weight, M * sizeof(float));
    memcpy(to + weights + 2 * M, a->norm_bias, M * sizeof(float));
}

/* Sum over the row of (v - from)^power, power 1 or 2. */
static double sum_of(const cleave_linear_norm_args *a, const float *weight, const float *in,
                     double from, int power)
{
    const float *const bias = weight + (int64_t)a->channels * a->in_channels;
    double sum = 0;

    for (int64_t m = 0; m < a->channels; m++, weight += a->in_channels)
        for (int64_t p = 0; p < a->points; p++) {
            double v = (double)bias[m];
            for (int64_t c = 0; c < a->in_channels; c++)
                v += (double)weight[c] * (double)in[c * a->in_channel_stride + p];
            sum += power == 1 ? v - from : (v - from) * (v - from);
        }
    return sum;
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_linear_norm_args *a = args;
    const float *const weight = work->prepared;
    const float *const norm_weight = weight + (int64_t)a->channels * (a->in_channels + 1);
    const float *const norm_bias = norm_weight + a->channels;
    const double count = (double)a->channels * (double)a->points;

    for (int64_t r = work->begin; r < work->end; r++) {
        const float *const in = a->in + r * a->in_row_stride;
        float *const out = a->out + r * 2 * a->channels;
        const double mean = sum_of(a, weight, in, 0, 1) / count;
        const double variance = sum_of(a, weight, in, mean, 2) / count;
        for (int64_t m = 0; m < a->channels; m++) {
            const double scale = (double)norm_weight[m] / sqrt(variance + (double)a->epsilon);
            out[m] = (float)scale;
            out[a->channels + m] = (float)((double)norm_bias[m] - mean * scale);
        }
    }
}

const cleave_kernel cleave_linear_norm_ref = {
    .run = run, .prepared_bytes = prepared_bytes, .prepare = prepare};
