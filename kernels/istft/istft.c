/* istft.c: the contract of the istft op. */
#include "kernels/fft/fft.h"
#include "kernels/istft/istft.h"

#include <math.h>

/* Limits under which every extent and index fits an int64_t with room to spare. */
#define CHANNELS_MAX 65536
#define FRAMES_MAX   ((int64_t)1 << 28)
#define SAMPLES_MAX  ((int64_t)1 << 40)

static const char *check(const void *pointer)
{
    const cleave_istft_args *args = pointer;

    if (args->channels < 1 || args->channels > CHANNELS_MAX)
        return "istft: channels must be 1 to 65536";
    if (args->length < 1 || args->length > SAMPLES_MAX)
        return "istft: length must be 1 to 2^40";
    if (args->out_stride < args->length || args->out_stride > SAMPLES_MAX)
        return "istft: out_stride must be length to 2^40";
    if (args->n % 2 != 0 || !cleave_fft_size_ok(args->n))
        return "istft: n must be even, up to 65536, with no prime factor but 2, 3 and 5";
    if (args->hop < 1 || args->hop > args->n)
        return "istft: hop must be 1 to n";
    if (args->start < -SAMPLES_MAX || args->start > SAMPLES_MAX)
        return "istft: start must be -2^40 to 2^40";
    if (args->frames < 1 || args->frames > FRAMES_MAX)
        return "istft: frames must be 1 to 2^28";
    if (args->bins < 1 || args->bins > args->n / 2 + 1)
        return "istft: bins must be 1 to n/2 + 1";
    if (!isfinite(args->scale))
        return "istft: scale must be finite";
    if (args->layout != CLEAVE_STFT_LAYOUT_FT && args->layout != CLEAVE_STFT_LAYOUT_TF)
        return "istft: layout is not one of the two";
    return NULL;
}

static int64_t items(const void *pointer)
{
    const cleave_istft_args *args = pointer;

    return args->channels * cleave_div_up(args->length, (int64_t)CLEAVE_ISTFT_BLOCK * args->hop);
}

static int operands(const void *pointer, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_istft_args *args = pointer;
    int64_t spectra = 2 * args->channels * args->frames * args->bins;
    int64_t samples = (args->channels - 1) * args->out_stride + args->length;

    out[0] = (cleave_operand){offsetof(cleave_istft_args, in), (size_t)spectra * sizeof(float),
                              CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_istft_args, window), (size_t)args->n * sizeof(float),
                              CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_istft_args, out), (size_t)samples * sizeof(float),
                              CLEAVE_WRITE};
    return 3;
}

static cleave_cost cost(const void *args)
{
    const cleave_istft_args *a = args;
    const double transforms = a->channels * (double)a->frames;

    /* A real transform (see fft), the window, and the sum. */
    return (cleave_cost){
        .flops = transforms * a->n * (2.5 * log2(a->n) + 2),
        .bytes = 4 * (a->channels * (double)a->length + a->n + 2 * transforms * a->bins)};
}

const cleave_op cleave_istft_op = {
    .name = "istft",
    .args_bytes = sizeof(cleave_istft_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};
