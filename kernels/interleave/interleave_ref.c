/* interleave_ref.c: contract and reference. */
#include "kernels/interleave/interleave.h"

#include <math.h>

#define CHANNELS_MAX 64

static const char *check(const void *args)
{
    const cleave_interleave_args *a = args;

    if (a->streams < 1)
        return "interleave: streams must be at least 1";
    if (a->channels < 1 || a->channels > CHANNELS_MAX)
        return "interleave: channels must be 1 to 64";
    if (a->frames_max < 1 || a->frames_max > CLEAVE_BLOCK_FRAMES_MAX)
        return "interleave: frames_max must be 1 to 65536";
    if (a->stride < a->frames_max)
        return "interleave: stride must be at least frames_max";
    if (!cleave_product_ok((int64_t)a->streams * a->channels, a->stride))
        return "interleave: streams times channels times stride must be at most 2^48";
    if (a->kind != CLEAVE_INTERLEAVE_SPLIT && a->kind != CLEAVE_INTERLEAVE_JOIN)
        return "interleave: kind is not one of cleave_interleave_kind";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_interleave_args *a = args;

    return a->streams;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_interleave_args *a = args;
    const int64_t rows = (int64_t)a->streams * a->channels;
    const size_t apart = (size_t)((rows - 1) * a->stride + a->frames_max) * sizeof(float);
    const size_t dense = (size_t)(rows * a->frames_max) * sizeof(float);
    const int splits = a->kind == CLEAVE_INTERLEAVE_SPLIT;

    out[0] =
        (cleave_operand){offsetof(cleave_interleave_args, in), splits ? dense : apart, CLEAVE_READ};
    out[1] =
        (cleave_operand){offsetof(cleave_interleave_args, block), sizeof *a->block, CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_interleave_args, out), splits ? apart : dense,
                              CLEAVE_WRITE};
    out[3] = (cleave_operand){offsetof(cleave_interleave_args, replaced),
                              (size_t)a->streams * sizeof(float), CLEAVE_WRITE};
    return splits ? 4 : 3;
}

static cleave_cost cost(const void *args)
{
    const cleave_interleave_args *a = args;
    const double samples = (double)a->streams * a->channels * (double)a->frames_max;
    const int splits = a->kind == CLEAVE_INTERLEAVE_SPLIT;

    return (cleave_cost){
        .flops = 0,
        .bytes = 4 * (2 * samples + CLEAVE_BLOCK_FLOATS + (splits ? a->streams : 0)),
    };
}

const cleave_op cleave_interleave_op = {
    .name = "interleave",
    .args_bytes = sizeof(cleave_interleave_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .streams = 1,
};

static void split(const cleave_interleave_args *a, int64_t s)
{
    const int64_t C = a->channels;
    const float *const in = a->in + s * C * a->frames_max;
    float *const out = a->out + s * C * a->stride;
    int64_t replaced = 0;

    for (int64_t n = 0; n < a->block->frames; n++)
        for (int64_t c = 0; c < C; c++) {
            const int is_sample = fabsf(in[n * C + c]) < CLEAVE_SAMPLE_MAX;
            out[c * a->stride + n] = is_sample ? in[n * C + c] : 0.0f;
            replaced += !is_sample;
        }
    a->replaced[s] = (float)replaced;
}

static void join(const cleave_interleave_args *a, int64_t s)
{
    const int64_t C = a->channels;
    const float *const in = a->in + s * C * a->stride;
    float *const out = a->out + s * C * a->frames_max;

    for (int64_t n = 0; n < a->block->frames; n++)
        for (int64_t c = 0; c < C; c++)
            out[n * C + c] = in[c * a->stride + n];
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_interleave_args *a = args;

    for (int64_t s = work->begin; s < work->end; s++)
        if (a->kind == CLEAVE_INTERLEAVE_SPLIT)
            split(a, s);
        else
            join(a, s);
}

const cleave_kernel cleave_interleave_ref = {.run = run};
