/* ratio_mask_cases.c: both extensions, every way to a power, tails of every vector width, stems in
 * another order than the instruments, estimates from silence to the largest. */
#include "kernels/cases.h"
#include "kernels/ratio_mask/ratio_mask.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ZEROS   CLEAVE_RATIO_MASK_ZEROS
#define AVERAGE CLEAVE_RATIO_MASK_AVERAGE
#define SMALL   CLEAVE_CASE_SMALL
#define BENCH   CLEAVE_CASE_BENCH

/* One magnitude; u and v are uniform in [-1, 1). */
typedef float magnitude_fn(float u, float v);

/* Over 100 dB, some of them 0. */
static float music(float u, float v)
{
    return v > 0.9f ? 0 : (float)exp(5.75 * (double)u);
}

static float silence(float u, float v)
{
    (void)u;
    (void)v;
    return 0;
}

/* About 1e-5, where epsilon decides at p = 2. */
static float faint(float u, float v)
{
    return v > 0.9f ? 0 : (float)(1e-5 * exp(2 * (double)u));
}

/* Up to the largest float: powers that float32 does not hold. */
static float loud(float u, float v)
{
    return v > 0.9f ? 3e38f : (float)(1e30 * exp(5 * (double)u) * exp(14 * (double)v));
}

/* NaN stands where an estimate is not used. */
static void fill_with(const cleave_case *test, int operand, float *data, int64_t count,
                      magnitude_fn *magnitude)
{
    cleave_ratio_mask_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    for (int64_t i = 0; i < count; i++) {
        const float u = cleave_case_uniform((uint64_t)operand + 30, i);
        if (operand == 0)
            data[i] =
                i % args.bins < args.masked_bins ? magnitude(u, cleave_case_uniform(40, i)) : NAN;
        else
            data[i] = u;
    }
}

static void fill_music(const cleave_case *test, int operand, float *data, int64_t count)
{
    fill_with(test, operand, data, count, music);
}

static void fill_silence(const cleave_case *test, int operand, float *data, int64_t count)
{
    fill_with(test, operand, data, count, silence);
}

static void fill_faint(const cleave_case *test, int operand, float *data, int64_t count)
{
    fill_with(test, operand, data, count, faint);
}

static void fill_loud(const cleave_case *test, int operand, float *data, int64_t count)
{
    fill_with(test, operand, data, count, loud);
}

static const struct {
    int32_t instruments, channels;
    int64_t frames;
    int32_t bins, masked_bins, stems;
    float exponent;
    cleave_ratio_mask_extension extension;
    void (*fill)(const cleave_case *test, int operand, float *data, int64_t count);
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, 1, 1, 1, 2, ZEROS, fill_music, SMALL},
    {2, 1, 3, 7, 7, 2, 2, AVERAGE, fill_music, SMALL},
    {2, 2, 5, 40, 15, 1, 2, ZEROS, fill_music, SMALL},
    {4, 2, 4, 33, 17, 3, 2, AVERAGE, fill_music, SMALL},
    {5, 1, 6, 65, 64, 5, 1, AVERAGE, fill_music, SMALL},
    {3, 3, 9, 31, 16, 2, 1, ZEROS, fill_music, SMALL},
    {4, 1, 5, 50, 35, 4, 2.5f, AVERAGE, fill_music, SMALL},
    {8, 2, 2, 18, 18, 8, 0.7f, ZEROS, fill_music, SMALL},
    {4, 1, 3, 40, 33, 4, 2, AVERAGE, fill_silence, SMALL},
    {3, 1, 3, 20, 19, 3, 2.5f, AVERAGE, fill_silence, SMALL},
    {4, 1, 5, 47, 46, 2, 2, AVERAGE, fill_faint, SMALL},
    {5, 2, 7, 47, 46, 4, 2.5f, ZEROS, fill_faint, SMALL},
    {4, 1, 5, 63, 62, 4, 2, AVERAGE, fill_loud, SMALL},
    {2, 1, 3, 30, 30, 2, 1, ZEROS, fill_loud, SMALL},
    {3, 1, 5, 30, 29, 3, 4, AVERAGE, fill_loud, SMALL},
    {5, 2, 21, 2049, 1536, 5, 2, AVERAGE, fill_music, 0},
    {4, 2, 64, 1024, 1024, 4, 2, ZEROS, fill_music, BENCH},
};

int cleave_ratio_mask_cases(int index, cleave_case *out)
{
    cleave_ratio_mask_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.instruments = shapes[index].instruments;
    args.channels = shapes[index].channels;
    args.frames = shapes[index].frames;
    args.bins = shapes[index].bins;
    args.masked_bins = shapes[index].masked_bins;
    args.stems = shapes[index].stems;
    args.exponent = shapes[index].exponent;
    args.extension = shapes[index].extension;
    for (int32_t s = 0; s < args.stems; s++)
        args.stem[s] = (args.instruments + 1 - s) % args.instruments;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%d of %d C%d T%lld F%d/%d p %g%s", (int)args.stems,
             (int)args.instruments, (int)args.channels, (long long)args.frames,
             (int)args.masked_bins, (int)args.bins, (double)args.exponent,
             args.extension == AVERAGE ? " average" : "");
    /* A power and its share of epsilon, the sum, the quotient, the product: half a dozen roundings
     * of 2^-24, none after a cancellation. A power by way of the logarithm has three units in the
     * last place for p <= 4 (simd_math.h), in numerator and sum. */
    out->limit = args.exponent == 1 || args.exponent == 2 ? 0x1p-22 : 0x1p-21;
    out->flags = shapes[index].flags;
    out->fill = shapes[index].fill;
    return 1;
}
