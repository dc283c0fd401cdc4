/* compress_ref.c: contract and reference. */
#include "kernels/compress/compress_state.h"

static int is_flag(int32_t value)
{
    return value == 0 || value == 1;
}

static const char *check(const void *args)
{
    const cleave_compress_args *a = args;

    if (a->streams < 1 || a->channels < 1 || a->channels > CLEAVE_COMPRESS_CHANNELS_MAX)
        return "compress: streams must be at least 1, channels 1 to 16";
    if (a->frames_max < 1 || a->frames_max > CLEAVE_BLOCK_FRAMES_MAX)
        return "compress: frames_max must be 1 to 65536";
    if (a->in_stride < a->frames_max || a->out_stride < a->frames_max)
        return "compress: strides must be at least frames_max";
    if (!is_flag(a->has_meter) || !is_flag(a->expand) || !is_flag(a->rms))
        return "compress: has_meter, expand and rms must be 0 or 1";
    if (a->lookahead < 0 || a->lookahead > 1 << 20)
        return "compress: lookahead must be 0 to 2^20 frames";
    if (a->hold < 0 || a->hold > 1 << 22)
        return "compress: hold must be 0 to 2^22 frames";
    if (!cleave_product_ok(a->streams, cleave_compress_state_floats(a)) ||
        !cleave_product_ok(a->streams * a->channels, a->in_stride) ||
        !cleave_product_ok(a->streams * a->channels, a->out_stride))
        return "compress: streams times channels times strides must be at most 2^48";
    return NULL;
}

static int64_t items(const void *args)
{
    return ((const cleave_compress_args *)args)->streams;
}

int64_t cleave_compress_state_floats(const cleave_compress_args *args)
{
    return STATE_CHANNELS + args->channels * compress_channel_floats(args);
}

/* From the first row to the end of the last. */
static size_t extent(const cleave_compress_args *a, int64_t stride)
{
    return (size_t)((a->streams * a->channels - 1) * stride + a->frames_max) * sizeof(float);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_compress_args *a = args;
    const size_t streams = (size_t)a->streams * sizeof(float);
    const size_t state = streams * (size_t)cleave_compress_state_floats(a);
    int n = 0;

    out[n++] =
        (cleave_operand){offsetof(cleave_compress_args, in), extent(a, a->in_stride), CLEAVE_READ};
    out[n++] =
        (cleave_operand){offsetof(cleave_compress_args, block), sizeof(cleave_block), CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_compress_args, parameters),
                                CLEAVE_COMPRESS_PARAMETERS * sizeof(double), CLEAVE_READ};
    out[n++] =
        (cleave_operand){offsetof(cleave_compress_args, state), state, CLEAVE_READ | CLEAVE_WRITE};
    out[n++] = (cleave_operand){offsetof(cleave_compress_args, out), extent(a, a->out_stride),
                                CLEAVE_WRITE};
    if (a->has_meter)
        out[n++] = (cleave_operand){offsetof(cleave_compress_args, meter), streams, CLEAVE_WRITE};
    return n;
}

/* A logarithm and a power count as one operation each. */
static cleave_cost cost(const void *args)
{
    const cleave_compress_args *a = args;
    const double frames = (double)(a->streams * a->channels) * (double)a->frames_max;
    const double state = (double)a->streams * (double)cleave_compress_state_floats(a);

    return (cleave_cost){.flops = frames * (a->rms ? 29 : 25),
                         .bytes = 4 * (2 * frames + 2 * state) + sizeof(cleave_block) +
                                  CLEAVE_COMPRESS_PARAMETERS * sizeof(double) +
                                  (a->has_meter ? 4 * (double)a->streams : 0)};
}

const cleave_op cleave_compress_op = {
    .name = "compress",
    .args_bytes = sizeof(cleave_compress_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .in_place = 1,
};

/* s g of a level. */
static double target_of(const cleave_compress_args *a, const double *value, double level)
{
    const double half = value[CLEAVE_COMPRESS_HALF_KNEE];
    const double apart = level - value[CLEAVE_COMPRESS_THRESHOLD];
    const double excess = a->expand ? -apart : apart;
    const double knee = fmin(fmax(excess + half, 0), 2 * half);
    const double bent = knee * knee * value[CLEAVE_COMPRESS_KNEE_FACTOR];
    const double g = fmin(value[CLEAVE_COMPRESS_RANGE],
                          value[CLEAVE_COMPRESS_SLOPE] * (bent + fmax(excess - half, 0)));

    return a->expand ? -g : g;
}

static void run_frame(const cleave_compress_args *a, int64_t stream, int64_t i, double *worst)
{
    const int64_t position = a->block->position + i, row = stream * a->channels;
    const double *value = compress_glide(a, stream, position);
    double level[CLEAVE_COMPRESS_CHANNELS_MAX], highest = -INFINITY;

    for (int64_t c = 0; c < a->channels; c++) {
        const float x = a->in[(row + c) * a->in_stride + i];
        float detected = fabsf(x);
        if (a->rms)
            compress_power(compress_channel(a, stream, c), value[CLEAVE_COMPRESS_DETECT], &x,
                           &detected, 1);
        level[c] = log2(fmax((double)detected, (double)LEVEL_FLOOR)) * (a->rms ? 0.5 : 1);
        highest = fmax(highest, level[c]);
    }
    for (int64_t c = 0; c < a->channels; c++) {
        const double link = value[CLEAVE_COMPRESS_LINK];
        float x = a->in[(row + c) * a->in_stride + i];
        float y = (float)target_of(a, value, level[c] + link * (highest - level[c]));
        compress_smooth(compress_channel(a, stream, c), value, a->hold, &y, 1);
        compress_delay(a, compress_channel(a, stream, c), position, &x, 1);
        const double gain = exp2(value[CLEAVE_COMPRESS_MAKEUP] - fabs((double)y));
        a->out[(row + c) * a->out_stride + i] = (float)((double)x * gain);
        *worst = fmax(*worst, fabs((double)y));
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_compress_args *a = args;

    for (int64_t stream = work->begin; stream < work->end; stream++) {
        double worst = 0;
        for (int64_t i = 0; i < a->block->frames; i++)
            run_frame(a, stream, i, &worst);
        if (a->has_meter)
            a->meter[stream] = (float)(worst * DB);
    }
}

const cleave_kernel cleave_compress_ref = {.run = run};
