/* denoise.c: the contract of the denoise op, and how it is set up. */
#include "kernels/denoise/denoise.h"
#include "kernels/denoise/denoise_internal.h"

#include <math.h>

#define STREAMS_MAX 65536
#define STRIDE_MAX  ((int64_t)1 << 40)

static const char *check(const void *args)
{
    const cleave_denoise_args *a = args;

    if (a->streams < 1 || a->streams > STREAMS_MAX)
        return "denoise: streams must be 1 to 65536";
    if (a->channels < 1 || a->channels > 8)
        return "denoise: channels must be 1 to 8";
    if (a->frames_max < 1 || a->frames_max > CLEAVE_BLOCK_FRAMES_MAX)
        return "denoise: frames_max must be 1 to 65536";
    if (a->in_stride < a->frames_max || a->in_stride > STRIDE_MAX)
        return "denoise: in_stride must be frames_max to 2^40";
    if (a->out_stride < a->frames_max || a->out_stride > STRIDE_MAX)
        return "denoise: out_stride must be frames_max to 2^40";
    if (a->n < 64 || a->n > CLEAVE_DENOISE_N_MAX || (a->n & (a->n - 1)))
        return "denoise: n must be a power of two, 64 to 16384";
    if (a->kind != CLEAVE_DENOISE_ADAPTIVE && a->kind != CLEAVE_DENOISE_LEARN &&
        a->kind != CLEAVE_DENOISE_PROFILE)
        return "denoise: kind is not one of the three";
    if (a->kind == CLEAVE_DENOISE_LEARN && a->learn < 1)
        return "denoise: learn must be at least 1";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_denoise_args *a = args;

    return a->streams;
}

int64_t cleave_denoise_state_floats(const cleave_denoise_args *args)
{
    return args->streams * denoise_layout_of(args).floats;
}

static size_t extent(const cleave_denoise_args *a, int64_t stride)
{
    const int64_t rows = (int64_t)a->streams * a->channels;

    return (size_t)((rows - 1) * stride + a->frames_max) * sizeof(float);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_denoise_args *a = args;
    int count = 0;

    out[count++] =
        (cleave_operand){offsetof(cleave_denoise_args, in), extent(a, a->in_stride), CLEAVE_READ};
    out[count++] =
        (cleave_operand){offsetof(cleave_denoise_args, block), sizeof(cleave_block), CLEAVE_READ};
    out[count++] = (cleave_operand){offsetof(cleave_denoise_args, parameters),
                                    CLEAVE_DENOISE_PARAMETERS * sizeof(double), CLEAVE_READ};
    if (a->kind == CLEAVE_DENOISE_PROFILE)
        out[count++] = (cleave_operand){offsetof(cleave_denoise_args, profile),
                                        ((size_t)a->n / 2 + 1) * sizeof(float), CLEAVE_READ};
    out[count++] = (cleave_operand){offsetof(cleave_denoise_args, state),
                                    (size_t)cleave_denoise_state_floats(a) * sizeof(float),
                                    CLEAVE_READ | CLEAVE_WRITE};
    out[count++] = (cleave_operand){offsetof(cleave_denoise_args, out), extent(a, a->out_stride),
                                    CLEAVE_WRITE};
    return count;
}

/* Two real transforms (see fft) and two windows every N / 4 frames; of a bin 5 operations a channel
 * for its power and gain, and about 20 for the gain of all. */
static cleave_cost cost(const void *args)
{
    const cleave_denoise_args *a = args;
    const double frames = (double)a->streams * a->frames_max, n = a->n, bins = n / 2 + 1;
    const double one = a->channels * (2 * 2.5 * n * log2(n) + 3 * n + 5 * bins) + 20 * bins;
    const double profile = a->kind == CLEAVE_DENOISE_PROFILE ? bins : 0;

    return (cleave_cost){
        .flops = frames * DENOISE_OVERLAP / n * one,
        .bytes =
            4 * (2 * frames * a->channels + profile + 2 * (double)cleave_denoise_state_floats(a)) +
            sizeof(cleave_block) + CLEAVE_DENOISE_PARAMETERS * sizeof(double)};
}

const cleave_op cleave_denoise_op = {
    .name = "denoise",
    .args_bytes = sizeof(cleave_denoise_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .in_place = 1,
};

int32_t cleave_denoise_n(double rate_hz)
{
    int32_t n = 64;

    while (n < CLEAVE_DENOISE_N_MAX && n * 1.4142135623730951 < 0.046 * rate_hz)
        n *= 2;
    return n;
}

void cleave_denoise_derive(const cleave_denoise_settings *settings,
                           double parameters[CLEAVE_DENOISE_PARAMETERS])
{
    parameters[CLEAVE_DENOISE_FLOOR] = pow(10, -settings->reduction_db / 20);
    parameters[CLEAVE_DENOISE_STRENGTH] = pow(10, settings->strength_db / 10);
}
