/* stft_test.c: every variant of stft and istft against their definitions and against golden
 * spectrograms. */
#include "kernels/istft/istft.h"
#include "kernels/stft/stft.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNR_DB_MIN 125 /* the transform keeps about 137; window, scale and sums cost little */

static const double pi = 3.14159265358979323846;

static float *hann(int32_t n)
{
    float *window = variant_alloc((size_t)n * sizeof(float));

    for (int32_t m = 0; m < n; m++)
        window[m] = (float)(0.5 - 0.5 * cos(2 * pi * m / n));
    return window;
}

static float *nan_alloc(int64_t count)
{
    float *memory = variant_alloc((size_t)count * sizeof(float));

    for (int64_t i = 0; i < count; i++)
        memory[i] = NAN;
    return memory;
}

static float *uniform_alloc(int64_t count, uint64_t seed)
{
    float *memory = variant_alloc((size_t)count * sizeof(float));

    for (int64_t i = 0; i < count; i++)
        memory[i] = test_uniform(seed, (uint64_t)i);
    return memory;
}

/* ---- the definitions ---- */

static double continued(const cleave_stft_args *args, const float *in, int64_t index)
{
    while (args->pad == CLEAVE_STFT_PAD_REFLECT && (index < 0 || index >= args->length))
        index = index < 0 ? -index : 2 * (args->length - 1) - index;
    return index < 0 || index >= args->length ? 0 : in[index];
}

static int64_t place(cleave_stft_layout layout, int64_t frames, int64_t bins, int64_t t, int64_t f)
{
    return layout == CLEAVE_STFT_LAYOUT_FT ? f * frames + t : t * bins + f;
}

static void stft_definition(const cleave_stft_args *args, float *out)
{
    int64_t n = args->n, plane = args->frames * args->bins;
    double *turn = malloc(2 * (size_t)n * sizeof *turn);

    for (int64_t k = 0; k < n; k++) {
        turn[2 * k] = cos(2 * pi * (double)k / (double)n);
        turn[2 * k + 1] = -sin(2 * pi * (double)k / (double)n);
    }
    for (int64_t c = 0; c < args->channels; c++) {
        for (int64_t t = 0; t < args->frames; t++) {
            for (int64_t f = 0; f < args->bins; f++) {
                double re = 0, im = 0;
                for (int64_t m = 0; m < n; m++) {
                    double x = args->window[m] * continued(args, args->in + c * args->in_stride,
                                                           args->start + args->hop * t + m);
                    re += x * turn[2 * (f * m % n)];
                    im += x * turn[2 * (f * m % n) + 1];
                }
                int64_t at = 2 * c * plane + place(args->layout, args->frames, args->bins, t, f);
                out[at] = (float)(args->scale * re);
                out[at + plane] = (float)(args->scale * im);
            }
        }
    }
    free(turn);
}

/* Sample m of the inverse transform of frame t, with its 1/N. */
static double istft_frame(const cleave_istft_args *args, int64_t c, int64_t t, int64_t m)
{
    int64_t n = args->n, plane = args->frames * args->bins;
    double sum = 0;

    for (int64_t f = 0; f < args->bins; f++) {
        int64_t at = 2 * c * plane + place(args->layout, args->frames, args->bins, t, f);
        double angle = 2 * pi * (double)(f * m % n) / (double)n;
        if (f == 0 || 2 * f == n)
            sum += args->in[at] * cos(angle);
        else
            sum += 2 * (args->in[at] * cos(angle) - args->in[at + plane] * sin(angle));
    }
    return sum / (double)n;
}

static void istft_definition(const cleave_istft_args *args, float *out)
{
    for (int64_t c = 0; c < args->channels; c++) {
        for (int64_t i = 0; i < args->length; i++) {
            double sum = 0;
            for (int64_t t = 0; t < args->frames; t++) {
                int64_t m = i - args->start - args->hop * t;
                if (m >= 0 && m < args->n)
                    sum += args->window[m] * istft_frame(args, c, t, m);
            }
            out[c * args->out_stride + i] = (float)(args->scale * sum);
        }
    }
}

typedef struct stft_framing {
    int32_t channels;
    int64_t length;
    int32_t n, hop;
    int64_t start, frames;
    int32_t bins;
    cleave_stft_pad pad;
} stft_framing;

#define ZERO    CLEAVE_STFT_PAD_ZERO
#define REFLECT CLEAVE_STFT_PAD_REFLECT

/* Short inputs, odd lengths, tails of every vector width in frames and bins, frames wholly outside,
 * a start inside the signal, the longest reflection, hop N and hop 1, lengths of transform that no
 * vector divides. */
static const stft_framing framings[] = {
    {2, 1000, 256, 64, -96, 16, 128, REFLECT},
    {2, 1000, 256, 64, -256, 20, 129, ZERO},
    {1, 999, 256, 64, -128, 17, 101, REFLECT},
    {3, 77, 128, 32, -128, 7, 65, ZERO},
    {1, 385, 256, 64, -384, 15, 129, REFLECT},
    {2, 50, 128, 32, -400, 40, 65, ZERO},
    {2, 700, 128, 50, 33, 10, 9, ZERO},
    {1, 640, 128, 128, 0, 5, 64, ZERO},
    {1, 90, 64, 1, -63, 90, 33, ZERO},
    {2, 200, 30, 7, -11, 31, 3, ZERO},
    {1, 2, 2, 1, -1, 2, 2, REFLECT},
    {1, 1, 2, 1, -1, 3, 2, ZERO},
    {2, 900, 96, 24, -48, 37, 49, REFLECT},
    {1, 300, 512, 128, 1000, 3, 257, ZERO},
    {1, 3500, 512, 200, -100, 33, 250, REFLECT},
    {2, 1600, 1440, 360, -720, 5, 40, REFLECT},
    {1, 600, 512, 512, -511, 3, 1, ZERO},
    {1, 4096, 4096, 1024, -1536, 2, 12, REFLECT},
};

static cleave_stft_args stft_args(const stft_framing *framing, cleave_stft_layout layout,
                                  float scale)
{
    cleave_stft_args args = {0};

    args.channels = framing->channels;
    args.length = framing->length;
    args.in_stride = framing->length + framing->channels - 1;
    args.n = framing->n;
    args.hop = framing->hop;
    args.start = framing->start;
    args.frames = framing->frames;
    args.bins = framing->bins;
    args.scale = scale;
    args.pad = framing->pad;
    args.layout = layout;
    return args;
}

static cleave_istft_args istft_args(const stft_framing *framing, cleave_stft_layout layout,
                                    float scale)
{
    cleave_istft_args args = {0};

    args.channels = framing->channels;
    args.length = framing->length;
    args.out_stride = framing->length + 3;
    args.n = framing->n;
    args.hop = framing->hop;
    args.start = framing->start;
    args.frames = framing->frames;
    args.bins = framing->bins;
    args.scale = scale;
    args.layout = layout;
    return args;
}

/* The items in three calls out of order: nothing may depend on how they are cut. */
static void run_in_parts(const cleave_ops *ops, int op, const void *args)
{
    int64_t items = cleave_op_get(op)->items(args), third = (items + 2) / 3;
    int64_t last = cleave_i64_min(2 * third, items);

    variant_run(ops, op, args, last, items);
    variant_run(ops, op, args, 0, cleave_i64_min(third, items));
    variant_run(ops, op, args, cleave_i64_min(third, items), last);
}

static void compare(const char *what, const stft_framing *framing, const cleave_ops *ops,
                    const float *x, const float *expected, int64_t count)
{
    double db = test_snr_db(x, expected, count);

    if (!TEST_CHECK(db >= SNR_DB_MIN))
        TEST_FAIL("%s, %s: N %d hop %d start %d: %.1f dB", what, ops->name, framing->n,
                  framing->hop, (int)framing->start, db);
}

static void check_stft(const stft_framing *framing, cleave_stft_layout layout, const variants *all)
{
    cleave_stft_args args = stft_args(framing, layout, 0.375f);
    int64_t count = 2 * args.channels * args.frames * args.bins;
    float *in = uniform_alloc(args.channels * args.in_stride, 5);
    float *window = uniform_alloc(args.n, 6);
    float *expected = nan_alloc(count);

    if (!TEST_CHECK(!cleave_stft_op.check(&args)))
        printf("     %s\n", cleave_stft_op.check(&args));
    args.in = in;
    args.window = window;
    stft_definition(&args, expected);
    for (int v = 0; v < all->count; v++) {
        float *whole = nan_alloc(count + 16), *parts = nan_alloc(count + 16);
        args.out = whole;
        variant_run(&all->ops[v], CLEAVE_OP_STFT, &args, 0, cleave_stft_op.items(&args));
        compare("stft", framing, &all->ops[v], whole, expected, count);
        args.out = parts;
        run_in_parts(&all->ops[v], CLEAVE_OP_STFT, &args);
        TEST_CHECK(!memcmp(whole, parts, (size_t)count * sizeof(float)));
        for (int64_t i = 0; i < 16; i++)
            TEST_CHECK(isnan(whole[count + i]));
        free(whole);
        free(parts);
    }
    free(in);
    free(window);
    free(expected);
}

static void check_istft(const stft_framing *framing, cleave_stft_layout layout, const variants *all)
{
    cleave_istft_args args = istft_args(framing, layout, 1.25f);
    int64_t count = args.channels * args.out_stride;
    float *in = uniform_alloc(2 * args.channels * args.frames * args.bins, 7);
    float *window = uniform_alloc(args.n, 8);
    float *expected = nan_alloc(count);

    if (!TEST_CHECK(!cleave_istft_op.check(&args)))
        printf("     %s\n", cleave_istft_op.check(&args));
    args.in = in;
    args.window = window;
    istft_definition(&args, expected);
    for (int v = 0; v < all->count; v++) {
        float *whole = nan_alloc(count), *parts = nan_alloc(count);
        args.out = whole;
        variant_run(&all->ops[v], CLEAVE_OP_ISTFT, &args, 0, cleave_istft_op.items(&args));
        args.out = parts;
        run_in_parts(&all->ops[v], CLEAVE_OP_ISTFT, &args);
        TEST_CHECK(!memcmp(whole, parts, (size_t)count * sizeof(float)));
        for (int64_t c = 0; c < args.channels; c++) {
            int64_t row = c * args.out_stride;
            compare("istft", framing, &all->ops[v], whole + row, expected + row, args.length);
            for (int64_t i = args.length; i < args.out_stride; i++)
                TEST_CHECK(isnan(whole[row + i]));
        }
        free(whole);
        free(parts);
    }
    free(in);
    free(window);
    free(expected);
}

static void both_layouts(void (*check)(const stft_framing *, cleave_stft_layout, const variants *))
{
    variants all = variants_list();
    int count = (int)(sizeof framings / sizeof *framings);

    for (int i = 0; i < count; i++) {
        check(&framings[i], CLEAVE_STFT_LAYOUT_FT, &all);
        check(&framings[i], CLEAVE_STFT_LAYOUT_TF, &all);
    }
    test_passed_count(2 * count * all.count);
}

static void stft_matches_the_definition(void)
{
    both_layouts(check_stft);
}

static void istft_matches_the_definition(void)
{
    both_layouts(check_istft);
}

/* ---- there and back ---- */

/* istft(stft(x)) = x over the samples [skip, end). */
static void roundtrip(const stft_framing *framing, cleave_stft_layout layout, float scale,
                      int64_t skip, int64_t end)
{
    variants all = variants_list();
    cleave_stft_args forward = stft_args(framing, layout, scale);
    cleave_istft_args back = istft_args(framing, layout, 1 / (1.5f * scale));
    float *x = uniform_alloc(forward.channels * forward.in_stride, 9);
    float *z = nan_alloc(2 * forward.channels * forward.frames * forward.bins);
    float *y = nan_alloc(back.channels * back.out_stride);
    float *window = hann(forward.n);

    TEST_CHECK(!cleave_stft_op.check(&forward) && !cleave_istft_op.check(&back));
    forward.in = x;
    forward.window = back.window = window;
    forward.out = z;
    back.in = z;
    back.out = y;
    for (int v = 0; v < all.count; v++) {
        variant_run(&all.ops[v], CLEAVE_OP_STFT, &forward, 0, cleave_stft_op.items(&forward));
        variant_run(&all.ops[v], CLEAVE_OP_ISTFT, &back, 0, cleave_istft_op.items(&back));
        for (int64_t c = 0; c < back.channels; c++)
            compare("there and back", framing, &all.ops[v], y + c * back.out_stride + skip,
                    x + c * forward.in_stride + skip, end - skip);
    }
    free(x);
    free(z);
    free(y);
    free(window);
}

static void spleeter_framing_reconstructs(void)
{
    static const int64_t lengths[] = {1, 2, 1023, 1024, 1025, 4095, 4097, 9999, 44100, 100003};

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int64_t frames = (lengths[i] + 4096 + 1023) / 1024;
        stft_framing framing = {2, lengths[i], 4096, 1024, -4096, frames, 2049, ZERO};
        roundtrip(&framing, CLEAVE_STFT_LAYOUT_TF, 1, 0, lengths[i]);
        roundtrip(&framing, CLEAVE_STFT_LAYOUT_FT, 1, 0, lengths[i]);
    }
}

/* Demucs leaves out the two frames at each end that also cover the first and the last samples:
 * without them the reconstruction is exact between sample 1536 and the start of the frame T, with
 * them everywhere. */
static void demucs_framing_reconstructs(void)
{
    static const int64_t lengths[] = {5633, 9999, 44100, 100003};

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int64_t length = lengths[i], frames = (length + 1023) / 1024;
        stft_framing inner = {2, length, 4096, 1024, -1536, frames, 2049, REFLECT};
        stft_framing whole = {2, length, 4096, 1024, -1536 - 2048, frames + 4, 2049, REFLECT};
        int64_t end = 1024 * frames - 1536;
        roundtrip(&inner, CLEAVE_STFT_LAYOUT_FT, 1 / 64.0f, 1536, end);
        roundtrip(&inner, CLEAVE_STFT_LAYOUT_TF, 1 / 64.0f, 1536, end);
        roundtrip(&whole, CLEAVE_STFT_LAYOUT_FT, 1 / 64.0f, 0, length);
        roundtrip(&whole, CLEAVE_STFT_LAYOUT_TF, 1 / 64.0f, 0, length);
    }
}

/* ---- contract ---- */

#define FT CLEAVE_STFT_LAYOUT_FT

static const stft_framing demucs = {2, 343980, 4096, 1024, -1536, 336, 2048, REFLECT};

static void rejected(const char *sentence, const char *field)
{
    if (!TEST_CHECK(sentence && strstr(sentence, field)))
        printf("     %s: %s\n", field, sentence ? sentence : "accepted");
}

static void stft_contract(void)
{
    const cleave_stft_args good = stft_args(&demucs, FT, 1);
    cleave_stft_args args = good;

    TEST_CHECK(!cleave_stft_op.check(&args));
    TEST_CHECK(cleave_stft_op.items(&args) == 2 * 21);
    args.channels = 0, rejected(cleave_stft_op.check(&args), "channels"), args = good;
    args.length = 0, rejected(cleave_stft_op.check(&args), "length"), args = good;
    args.in_stride = 343979, rejected(cleave_stft_op.check(&args), "in_stride"), args = good;
    args.n = 4095, rejected(cleave_stft_op.check(&args), "n must"), args = good;
    args.n = 28, rejected(cleave_stft_op.check(&args), "n must"), args = good;
    args.hop = 0, rejected(cleave_stft_op.check(&args), "hop"), args = good;
    args.hop = 4097, rejected(cleave_stft_op.check(&args), "hop"), args = good;
    args.frames = 0, rejected(cleave_stft_op.check(&args), "frames"), args = good;
    args.bins = 2050, rejected(cleave_stft_op.check(&args), "bins"), args = good;
    args.scale = INFINITY, rejected(cleave_stft_op.check(&args), "scale"), args = good;
    args.pad = (cleave_stft_pad)2, rejected(cleave_stft_op.check(&args), "pad"), args = good;
    args.layout = (cleave_stft_layout)2, rejected(cleave_stft_op.check(&args), "layout"),
    args = good;
    /* One sample more than can be reflected, on the left and on the right. */
    args.start = -343979, args.frames = 1, TEST_CHECK(!cleave_stft_op.check(&args));
    args.start--, rejected(cleave_stft_op.check(&args), "start"), args = good;
    args.start = 2 * 343979 - 4095, args.frames = 1, TEST_CHECK(!cleave_stft_op.check(&args));
    args.start++, rejected(cleave_stft_op.check(&args), "start");
    args.pad = ZERO, TEST_CHECK(!cleave_stft_op.check(&args));
}

static void istft_contract(void)
{
    const cleave_istft_args good = istft_args(&demucs, FT, 1);
    cleave_istft_args args = good;

    TEST_CHECK(!cleave_istft_op.check(&args));
    TEST_CHECK(cleave_istft_op.items(&args) == 2 * 11);
    args.channels = 0, rejected(cleave_istft_op.check(&args), "channels"), args = good;
    args.length = 0, rejected(cleave_istft_op.check(&args), "length"), args = good;
    args.out_stride = 343979, rejected(cleave_istft_op.check(&args), "out_stride"), args = good;
    args.n = 14, rejected(cleave_istft_op.check(&args), "n must"), args = good;
    args.hop = 4097, rejected(cleave_istft_op.check(&args), "hop"), args = good;
    args.frames = 0, rejected(cleave_istft_op.check(&args), "frames"), args = good;
    args.bins = 0, rejected(cleave_istft_op.check(&args), "bins"), args = good;
    args.scale = NAN, rejected(cleave_istft_op.check(&args), "scale"), args = good;
    args.layout = (cleave_stft_layout)-1, rejected(cleave_istft_op.check(&args), "layout");
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"stft: matches the definition", stft_matches_the_definition},
        {"istft: matches the definition", istft_matches_the_definition},
        {"istft: Spleeter's framing reconstructs", spleeter_framing_reconstructs},
        {"istft: Demucs' framing reconstructs", demucs_framing_reconstructs},
        {"stft: contract", stft_contract},
        {"istft: contract", istft_contract},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
