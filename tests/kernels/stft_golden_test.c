/* stft_golden_test.c: stft against spectrograms of the official Demucs and Spleeter front ends. */
#include "kernels/stft/stft.h"
#include "tests/signal.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static float *hann(int32_t n)
{
    float *window = variant_alloc((size_t)n * sizeof(float));

    for (int32_t m = 0; m < n; m++)
        window[m] = (float)(0.5 - 0.5 * cos(2 * pi * m / n));
    return window;
}

static void track_is_the_golden_one(void)
{
    static const int anchor[][3] = {{0, 3804, 7657},      {1, -4879, 4742},   {2, 11528, -1019},
                                    {11025, -9621, -758}, {100000, 1167, 23}, {343979, -2809, 1287},
                                    {529199, -89, -1599}};

    for (size_t i = 0; i < sizeof anchor / sizeof *anchor; i++) {
        TEST_CHECK(test_signal_sample(0, anchor[i][0]) == anchor[i][1]);
        TEST_CHECK(test_signal_sample(1, anchor[i][0]) == anchor[i][2]);
    }
}

/* One golden array and how the op's output is seen in its shape. */
typedef struct golden_array {
    const char *name;
    /* Element `index` of the golden array, from the spectrogram z. */
    double (*element)(const cleave_stft_args *args, const float *z, const int64_t index[4]);
    int normalised;
    int axes;
    int64_t shape[4], stored[4];
    enum { DEMUCS, SPLEETER } model;
    int64_t samples, length, frames; /* `samples` of the track, then zeros up to the length */
    cleave_stft_layout layout;
    double mean, rms;     /* of the whole array */
    double float32_error; /* relative rms error of the official code in float32 */
} golden_array;

#define FT CLEAVE_STFT_LAYOUT_FT
#define TF CLEAVE_STFT_LAYOUT_TF

static double at(const cleave_stft_args *args, const float *z, int64_t channel, int64_t part,
                 int64_t f, int64_t t)
{
    int64_t plane = args->frames * args->bins;
    int64_t place = args->layout == FT ? f * args->frames + t : t * args->bins + f;

    return z[(2 * channel + part) * plane + place];
}

static double demucs_z(const cleave_stft_args *args, const float *z, const int64_t i[4])
{
    return at(args, z, i[0], i[3], i[1], i[2]);
}

static double demucs_x(const cleave_stft_args *args, const float *z, const int64_t i[4])
{
    return at(args, z, i[0] / 2, i[0] % 2, i[1], i[2]);
}

static double spleeter_z(const cleave_stft_args *args, const float *z, const int64_t i[4])
{
    return at(args, z, i[2], i[3], i[1], i[0]);
}

static double spleeter_magnitude(const cleave_stft_args *args, const float *z, const int64_t i[4])
{
    int64_t t = 512 * i[0] + i[1];

    if (t >= args->frames)
        return 0;
    return hypot(at(args, z, i[3], 0, i[2], t), at(args, z, i[3], 1, i[2], t));
}

/* clang-format off */
static const golden_array goldens[] = {
    {"ht.spec.z", demucs_z, 0, 4, {2, 2048, 44, 2}, {2, 32, 22, 2},
     DEMUCS, 40000, 44100, 44, FT, 3.87268825e-05, 0.0609951202, 1.482e-07},
    {"ht.spec.x", demucs_x, 1, 3, {4, 2048, 44}, {4, 32, 22},
     DEMUCS, 40000, 44100, 44, FT, 0, 0.999834693, 1.513e-07},
    {"h.spec.z", demucs_z, 0, 4, {2, 2048, 259, 2}, {2, 32, 17, 2},
     DEMUCS, 264600, 264600, 259, FT, 4.42842842e-05, 0.0615485562, 1.511e-07},
    {"h.spec.x", demucs_x, 1, 3, {4, 2048, 259}, {4, 32, 17},
     DEMUCS, 264600, 264600, 259, TF, 0, 0.999837317, 1.523e-07},
    {"segment.spec.z", demucs_z, 0, 4, {2, 2048, 336, 2}, {2, 64, 84, 2},
     DEMUCS, 343980, 343980, 336, FT, 4.42148657e-05, 0.062395076, 1.513e-07},
    {"spleeter.stft", spleeter_z, 0, 4, {521, 2049, 2, 2}, {66, 65, 2, 2},
     SPLEETER, 529200, 529200, 521, TF, 0.00283271133, 3.94067923, 1.252e-07},
    {"spleeter.mag", spleeter_magnitude, 0, 4, {2, 512, 1024, 2}, {2, 64, 128, 2},
     SPLEETER, 529200, 529200, 521, FT, 0.906397303, 5.55224453, 7.815e-08},
};
/* clang-format on */

static cleave_stft_args args_of(const golden_array *golden)
{
    int demucs = golden->model == DEMUCS;
    cleave_stft_args args = {0};

    args.channels = 2;
    args.length = args.in_stride = golden->length;
    args.n = 4096;
    args.hop = 1024;
    args.start = demucs ? -1536 : -4096;
    args.frames = golden->frames;
    args.bins = demucs ? 2048 : 2049;
    args.scale = demucs ? 1 / 64.0f : 1;
    args.pad = demucs ? CLEAVE_STFT_PAD_REFLECT : CLEAVE_STFT_PAD_ZERO;
    args.layout = golden->layout;
    return args;
}

/* Walks all indices of a shape, the last axis fastest; 0 after the last. */
static int next(int axes, const int64_t shape[4], int64_t index[4])
{
    for (int axis = axes - 1; axis >= 0; axis--) {
        if (++index[axis] < shape[axis])
            return 1;
        index[axis] = 0;
    }
    return 0;
}

/* Mean and rms of the array, and for a normalised one the mean and deviation that make it so. */
static void statistics(const golden_array *golden, const cleave_stft_args *args, const float *z,
                       double *mean, double *rms, double *deviation)
{
    int64_t index[4] = {0}, count = 0;
    double sum = 0, squares = 0;

    do {
        double value = golden->element(args, z, index);
        sum += value;
        squares += value * value;
        count++;
    } while (next(golden->axes, golden->shape, index));
    *mean = sum / (double)count;
    *rms = sqrt(squares / (double)count);
    *deviation = sqrt((squares - sum * *mean) / (double)(count - 1));
}

/* Relative rms error of the whole array, seen from the spectrogram z, against the reference. */
static double whole_error(const golden_array *golden, const cleave_stft_args *args, const float *z,
                          const float *reference)
{
    int64_t index[4] = {0};
    double signal = 0, noise = 0;

    do {
        double expected = golden->element(args, reference, index);
        signal += expected * expected;
        noise += pow(golden->element(args, z, index) - expected, 2);
    } while (next(golden->axes, golden->shape, index));
    return sqrt(noise / signal);
}

static void compare_golden(const golden_array *golden, const cleave_ops *ops,
                           const cleave_stft_args *args, const float *z, const float *expected)
{
    double mean, rms, deviation, signal = 0, noise = 0, bias = 0, gain = 1, error;
    int64_t stored[4] = {0}, index[4] = {0}, count = 0;

    statistics(golden, args, z, &mean, &rms, &deviation);
    if (golden->normalised) {
        bias = mean;
        gain = 1 / (1e-5 + deviation);
        rms = gain * sqrt(rms * rms - mean * mean);
        mean = 0;
    }
    do {
        for (int axis = 0; axis < golden->axes; axis++)
            index[axis] = golden->stored[axis] == 1 ? 0
                                                    : stored[axis] * (golden->shape[axis] - 1) /
                                                          (golden->stored[axis] - 1);
        double value = (golden->element(args, z, index) - bias) * gain;
        signal += (double)expected[count] * expected[count];
        noise += pow(value - expected[count], 2);
        count++;
    } while (next(golden->axes, golden->stored, stored));
    error = sqrt(noise / signal);
    printf("     %s, %s: relative error %.3g, official float32 %.3g\n", golden->name, ops->name,
           error, golden->float32_error);
    /* That figure is of the whole array; a sample of it scatters with the few loud bins it has and
     * with their images at multiples of n/V, where the rounding of the lanes' transforms falls. */
    TEST_CHECK(error <= 1.1 * golden->float32_error);
    TEST_CHECK(fabs(rms - golden->rms) <= 1e-6 * golden->rms);
    TEST_CHECK(fabs(mean - golden->mean) <= 1e-6 * golden->rms);
}

static void golden_spectrograms(void)
{
    variants all = variants_list();

    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        const golden_array *golden = &goldens[i];
        cleave_stft_args args = args_of(golden);
        int64_t bytes = 0, count = 1;
        char name[64];
        double error;
        float *expected;
        float *x = variant_alloc((size_t)(2 * args.in_stride) * sizeof(float));
        int64_t floats = 2 * args.channels * args.frames * args.bins;
        float *z = variant_alloc((size_t)floats * sizeof(float));
        float *reference = variant_alloc((size_t)floats * sizeof(float));
        float *window = hann(args.n);

        snprintf(name, sizeof name, "stft/%s.f32", golden->name);
        expected = test_read_file(test_golden(name), &bytes);
        for (int axis = 0; axis < golden->axes; axis++)
            count *= golden->stored[axis];
        memset(x, 0, (size_t)(2 * args.in_stride) * sizeof(float));
        test_signal(0, golden->samples, args.in_stride, x);
        args.in = x;
        args.window = window;
        args.out = z;
        if (!TEST_CHECK(expected && bytes == count * (int64_t)sizeof(float)))
            printf("     %s is missing or of another size\n", golden->name);
        for (int v = 0; expected && v < all.count; v++) {
            memset(z, 0xff, (size_t)floats * sizeof(float));
            variant_run(&all.ops[v], CLEAVE_OP_STFT, &args, 0, cleave_stft_op.items(&args));
            compare_golden(golden, &all.ops[v], &args, z, expected);
            if (v == 0)
                memcpy(reference, z, (size_t)floats * sizeof(float));
            /* Over the whole array, against the double variant that has just proved itself. That
             * one is rounded to float where it is stored, which counts against us, and has the
             * window in float as we do, which counts for us: about 2.5e-8 each. */
            error = whole_error(golden, &args, z, reference);
            printf("     %s, %s: whole array %.3g\n", golden->name, all.ops[v].name, error);
            TEST_CHECK(error <= golden->float32_error);
        }
        free(expected);
        free(x);
        free(z);
        free(reference);
        free(window);
    }
    test_passed_count((int)(sizeof goldens / sizeof *goldens) * all.count);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"signal: the track is the golden one", track_is_the_golden_one},
        {"stft: golden spectrograms", golden_spectrograms},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
