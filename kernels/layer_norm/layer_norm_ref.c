/* layer_norm_ref.c: contract and reference. */
#include "kernels/layer_norm/layer_norm.h"

#include <math.h>

static const char *check(const void *args)
{
    const cleave_layer_norm_args *a = args;

    if (a->channels < 1 || a->tokens < 1)
        return "layer_norm: channels and tokens must be at least 1";
    if (!cleave_product_ok(a->channels, a->tokens))
        return "layer_norm: channels times tokens must be at most 2^48";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_layer_norm_args *a = args;

    return cleave_div_up(a->tokens, CLEAVE_LAYER_NORM_BLOCK);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_layer_norm_args *a = args;
    const size_t D = (size_t)a->channels * sizeof(float), all = D * (size_t)a->tokens;
    int n = 0;

    out[n++] = (cleave_operand){offsetof(cleave_layer_norm_args, in), all, CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_layer_norm_args, weight), D, CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_layer_norm_args, bias), D, CLEAVE_READ};
    if (a->has_add)
        out[n++] = (cleave_operand){offsetof(cleave_layer_norm_args, add), all, CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_layer_norm_args, out), all, CLEAVE_WRITE};
    return n;
}

static cleave_cost cost(const void *args)
{
    const cleave_layer_norm_args *a = args;
    const double channels = a->channels, count = channels * (double)a->tokens;

    return (cleave_cost){.flops = 8 * count,
                         .bytes = 4 * (count * (a->has_add ? 3 : 2) + 2 * channels)};
}

const cleave_op cleave_layer_norm_op = {
    .name = "layer_norm",
    .args_bytes = sizeof(cleave_layer_norm_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .in_place = 1,
    .streams = 1,
};

static void run_token(const cleave_layer_norm_args *a, int64_t n)
{
    double mean = 0, squares = 0;

    for (int64_t d = 0; d < a->channels; d++)
        mean += (double)a->in[d * a->tokens + n] / a->channels;
    for (int64_t d = 0; d < a->channels; d++) {
        const double distance = (double)a->in[d * a->tokens + n] - mean;
        squares += distance * distance;
    }
    const double root = sqrt(squares / a->channels + (double)a->epsilon);
    for (int64_t d = 0; d < a->channels; d++) {
        const int64_t at = d * a->tokens + n;
        const double v =
            ((double)a->in[at] - mean) / root * (double)a->weight[d] + (double)a->bias[d];
        a->out[at] = (float)(a->has_add ? v + (double)a->add[at] : v);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_layer_norm_args *a = args;

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t begin = item * CLEAVE_LAYER_NORM_BLOCK;
        for (int64_t n = begin; n < cleave_i64_min(begin + CLEAVE_LAYER_NORM_BLOCK, a->tokens); n++)
            run_token(a, n);
    }
}

const cleave_kernel cleave_layer_norm_ref = {.run = run};
