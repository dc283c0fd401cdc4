/* stft.c: the contract of the stft op. */
#include "kernels/fft/fft.h"
#include "kernels/stft/stft.h"

#include <math.h>

/* Limits under which every extent and index fits an int64_t with room to spare. */
#define CHANNELS_MAX 65536
#define FRAMES_MAX   ((int64_t)1 << 28)
#define SAMPLES_MAX  ((int64_t)1 << 40)

static const char *check(const void *pointer)
{
    const cleave_stft_args *args = pointer;
    int64_t last;

    if (args->channels < 1 || args->channels > CHANNELS_MAX)
        return "stft: channels must be 1 to 65536";
    if (args->length < 1 || args->length > SAMPLES_MAX)
        return "stft: length must be 1 to 2^40";
    if (args->in_stride < args->length || args->in_stride > SAMPLES_MAX)
        return "stft: in_stride must be length to 2^40";
    if (args->n % 2 != 0 || !cleave_fft_size_ok(args->n))
        return "stft: n must be even, up to 65536, with no prime factor but 2, 3 and 5";
    if (args->hop < 1 || args->hop > args->n)
        return "stft: hop must be 1 to n";
    if (args->start < -SAMPLES_MAX || args->start > SAMPLES_MAX)
        return "stft: start must be -2^40 to 2^40";
    if (args->frames < 1 || args->frames > FRAMES_MAX)
        return "stft: frames must be 1 to 2^28";
    if (args->bins < 1 || args->bins > args->n / 2 + 1)
        return "stft: bins must be 1 to n/2 + 1";
    if (!isfinite(args->scale))
        return "stft: scale must be finite";
    if (args->pad != CLEAVE_STFT_PAD_ZERO && args->pad != CLEAVE_STFT_PAD_REFLECT)
        return "stft: pad is not one of the two";
    if (args->layout != CLEAVE_STFT_LAYOUT_FT && args->layout != CLEAVE_STFT_LAYOUT_TF)
        return "stft: layout is not one of the two";
    last = args->start + args->hop * (args->frames - 1) + args->n - 1;
    if (args->pad == CLEAVE_STFT_PAD_REFLECT &&
        (args->start < -(args->length - 1) || last > 2 * (args->length - 1)))
        return "stft: start and frames reach further outside than length - 1 samples to reflect";
    return NULL;
}

static int64_t items(const void *pointer)
{
    const cleave_stft_args *args = pointer;

    return args->channels * cleave_div_up(args->frames, CLEAVE_STFT_BLOCK);
}

static int operands(const void *pointer, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_stft_args *args = pointer;
    int64_t in = (args->channels - 1) * args->in_stride + args->length;
    int64_t spectra = 2 * args->channels * args->frames * args->bins;

    out[0] =
        (cleave_operand){offsetof(cleave_stft_args, in), (size_t)in * sizeof(float), CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_stft_args, window), (size_t)args->n * sizeof(float),
                              CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_stft_args, out), (size_t)spectra * sizeof(float),
                              CLEAVE_WRITE};
    return 3;
}

static cleave_cost cost(const void *args)
{
    const cleave_stft_args *a = args;
    const double transforms = a->channels * (double)a->frames;

    /* A real transform (see fft) and the window. */
    return (cleave_cost){
        .flops = transforms * a->n * (2.5 * log2(a->n) + 1),
        .bytes = 4 * (a->channels * (double)a->length + a->n + 2 * transforms * a->bins)};
}

const cleave_op cleave_stft_op = {
    .name = "stft",
    .args_bytes = sizeof(cleave_stft_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};
