/* attention_ref.c: contract and reference. */
#include "kernels/attention/attention.h"

#include <math.h>
#include <string.h>

static const char *check(const void *args)
{
    const cleave_attention_args *a = args;

    if (a->heads < 1 || a->width < 1 || a->heads > 65536 || a->width > 65536)
        return "attention: heads and width must be 1..65536";
    if (a->queries < 1 || a->keys < 1)
        return "attention: queries and keys must be at least 1";
    if (a->q_stride < a->queries || a->kv_stride < a->keys || a->out_stride < a->queries)
        return "attention: a stride must be at least the tokens of its tensor";
    if (a->terms < 0 || a->terms > 16)
        return "attention: terms must be 0..16";
    if (a->local && a->queries != a->keys)
        return "attention: the local form needs as many keys as queries";
    const int64_t channels = (int64_t)a->heads * a->width;
    if (!cleave_product_ok(channels, a->q_stride) || !cleave_product_ok(channels, a->kv_stride) ||
        !cleave_product_ok(channels, a->out_stride) ||
        !cleave_product_ok((int64_t)a->heads * a->terms, a->queries))
        return "attention: a tensor must be at most 2^48 values";
    return NULL;
}

static int64_t blocks(const cleave_attention_args *a)
{
    return cleave_div_up(a->queries, CLEAVE_ATTENTION_BLOCK);
}

static int64_t items(const void *args)
{
    const cleave_attention_args *a = args;

    return a->heads * blocks(a);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_attention_args *a = args;
    const int64_t last = (int64_t)a->heads * a->width - 1;
    const size_t q = (size_t)(last * a->q_stride + a->queries) * sizeof(float);
    const size_t kv = (size_t)(last * a->kv_stride + a->keys) * sizeof(float);
    const size_t result = (size_t)(last * a->out_stride + a->queries) * sizeof(float);
    int n = 0;

    out[n++] = (cleave_operand){offsetof(cleave_attention_args, q), q, CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_attention_args, k), kv, CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_attention_args, v), kv, CLEAVE_READ};
    if (a->terms)
        out[n++] = (cleave_operand){
            offsetof(cleave_attention_args, decay),
            (size_t)a->heads * (size_t)a->terms * (size_t)a->queries * sizeof(float), CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_attention_args, out), result, CLEAVE_WRITE};
    return n;
}

static cleave_cost cost(const void *args)
{
    const cleave_attention_args *a = args;
    const double channels = (double)a->heads * a->width, queries = (double)a->queries;
    const double keys = (double)a->keys;

    /* The two products: scores, and weights times values. */
    return (cleave_cost){
        .flops = 4 * channels * queries * keys,
        .bytes = 4 * (2 * channels * (queries + keys) + (double)a->heads * a->terms * queries)};
}

const cleave_op cleave_attention_op = {
    .name = "attention",
    .args_bytes = sizeof(cleave_attention_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};

static double slope(const cleave_attention_args *a, int64_t head, int64_t s)
{
    double sum = 0;

    for (int64_t f = 0; f < a->terms; f++)
        sum +=
            (double)(f + 1) / (1 + exp(-(double)a->decay[(head * a->terms + f) * a->queries + s]));
    return a->terms ? sum / (2 * sqrt(a->terms)) : 0;
}

/* The scores of one query. */
static size_t scratch_bytes(const void *args)
{
    const cleave_attention_args *a = args;

    return (size_t)a->keys * sizeof(double);
}

static void run_query(const cleave_attention_args *a, double *score, int64_t head, int64_t s)
{
    const int64_t first = head * a->width;
    const double down = slope(a, head, s);
    double largest = -INFINITY, total = 0;

    memset(score, 0, scratch_bytes(a));
    for (int64_t c = first; c < first + a->width; c++)
        for (int64_t t = 0; t < a->keys; t++)
            score[t] += (double)a->q[c * a->q_stride + s] * (double)a->k[c * a->kv_stride + t];
    for (int64_t t = 0; t < a->keys; t++) {
        score[t] = score[t] * (double)a->scale - down * fabs((double)(t - s));
        if (a->local && s == t)
            score[t] = (double)a->self_score;
        largest = fmax(largest, score[t]);
    }
    for (int64_t t = 0; t < a->keys; t++) {
        score[t] = exp(score[t] - largest);
        total += score[t];
    }
    for (int64_t c = first; c < first + a->width; c++) {
        double sum = 0;
        for (int64_t t = 0; t < a->keys; t++)
            sum += score[t] * (double)a->v[c * a->kv_stride + t];
        a->out[c * a->out_stride + s] = (float)(sum / total);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_attention_args *a = args;

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t begin = item % blocks(a) * CLEAVE_ATTENTION_BLOCK;
        const int64_t end = cleave_i64_min(begin + CLEAVE_ATTENTION_BLOCK, a->queries);
        for (int64_t s = begin; s < end; s++)
            run_query(a, work->scratch, item / blocks(a), s);
    }
}

const cleave_kernel cleave_attention_ref = {.run = run, .scratch_bytes = scratch_bytes};
