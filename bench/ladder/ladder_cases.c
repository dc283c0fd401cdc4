/* ladder_cases.c: the shapes of the ladders: tails of all tiles in small, and what is timed: work
 * of HTDemucs and work that fills a GPU. */
#include "bench/ladder/ladder.h"
#include "kernels/attention/attention.h"
#include "kernels/conv/conv.h"
#include "kernels/moments/moments.h"
#include "kernels/stft/stft.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SMALL CLEAVE_CASE_SMALL
#define BENCH CLEAVE_CASE_BENCH

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

static int64_t padded(int64_t count)
{
    return cleave_div_up(count, 4) * 4;
}

/* n products of random sign in a chain of float: roundings of a running sum. */
static double chain(double n)
{
    return 0x1p-24 * (2 + sqrt(n));
}

static int put(cleave_case *out, const void *args, size_t bytes, double limit, uint32_t flags)
{
    memcpy(out->args.bytes, args, bytes);
    out->limit = limit;
    out->flags = flags;
    return 1;
}

static int gemm_case(int index, cleave_case *out)
{
    static const struct {
        int32_t m, k;
        int64_t n;
        uint32_t flags;
    } shapes[] = {
        {1, 4, 1, SMALL},          {17, 12, 33, SMALL},      {130, 36, 131, SMALL},
        {64, 100, 260, SMALL},     {2048, 512, 2688, BENCH}, /* a layer of the transformer */
        {4096, 4096, 4096, BENCH},
    };
    cleave_conv_args a = {0};

    if (index >= COUNT(shapes))
        return 0;
    a.channels = shapes[index].m;
    a.in_channels = shapes[index].k;
    a.in_points = a.out_points = shapes[index].n;
    a.in_rows = a.out_rows = a.kernel_rows = a.kernel_points = 1;
    a.stride_rows = a.stride_points = a.dilation = 1;
    a.in_channel_stride = a.in_row_stride = padded(shapes[index].n);
    a.out_channel_stride = a.out_row_stride = padded(shapes[index].n);
    snprintf(out->label, sizeof out->label, "%d>%d %lld", a.in_channels, a.channels,
             (long long)a.in_points);
    return put(out, &a, sizeof a, chain(a.in_channels), shapes[index].flags);
}

static int conv_case(int index, cleave_case *out)
{
    static const struct {
        int32_t in, out, rows, points, kernel_rows, kernel_points, stride, dilation, pad;
        uint32_t flags;
    } shapes[] = {
        {4, 5, 3, 9, 3, 3, 1, 1, 1, SMALL},        {8, 20, 11, 7, 8, 1, 4, 1, 0, SMALL},
        {12, 130, 3, 50, 3, 3, 1, 1, 1, SMALL},    {4, 66, 1, 140, 1, 3, 1, 2, 0, SMALL},
        {192, 384, 32, 336, 3, 3, 1, 1, 1, BENCH}, /* a decoder of HTDemucs has such a kernel */
    };
    cleave_conv_args a = {0};

    if (index >= COUNT(shapes))
        return 0;
    a.in_channels = shapes[index].in;
    a.channels = shapes[index].out;
    a.in_rows = shapes[index].rows;
    a.in_points = shapes[index].points;
    a.kernel_rows = shapes[index].kernel_rows;
    a.kernel_points = shapes[index].kernel_points;
    a.stride_rows = shapes[index].stride;
    a.stride_points = 1;
    a.dilation = shapes[index].dilation;
    a.pad_rows = a.kernel_rows > 1 ? shapes[index].pad : 0;
    a.pad_points = a.kernel_points > 1 ? shapes[index].pad : 0;
    a.out_rows =
        (a.in_rows + 2 * a.pad_rows - a.dilation * (a.kernel_rows - 1) - 1) / a.stride_rows + 1;
    a.out_points = a.in_points + 2 * a.pad_points - a.dilation * (a.kernel_points - 1);
    a.in_row_stride = padded(a.in_points);
    a.in_channel_stride = a.in_rows * a.in_row_stride;
    a.out_row_stride = padded(a.out_points);
    a.out_channel_stride = a.out_rows * a.out_row_stride;
    /* What is timed is what a library has, too: the sums alone. */
    a.uses = shapes[index].flags & SMALL ? CLEAVE_CONV_BIAS : 0;
    snprintf(out->label, sizeof out->label, "%d>%d %dx%d %lldx%lld", a.in_channels, a.channels,
             a.kernel_rows, a.kernel_points, (long long)a.in_rows, (long long)a.in_points);
    return put(out, &a, sizeof a, chain(a.in_channels * a.kernel_rows * a.kernel_points),
               shapes[index].flags);
}

static int attention_case(int index, cleave_case *out)
{
    static const struct {
        int32_t heads, width;
        int64_t queries, keys;
        uint32_t flags;
    } shapes[] = {
        {1, 8, 1, 9, SMALL},   {2, 64, 66, 140, SMALL},    {1, 48, 30, 130, SMALL},
        {3, 5, 17, 33, SMALL}, {8, 64, 2688, 2688, BENCH}, /* the spectral branch of HTDemucs */
    };
    cleave_attention_args a = {0};

    if (index >= COUNT(shapes))
        return 0;
    a.heads = shapes[index].heads;
    a.width = shapes[index].width;
    a.queries = shapes[index].queries;
    a.keys = shapes[index].keys;
    a.q_stride = a.out_stride = padded(a.queries);
    a.kv_stride = padded(a.keys);
    a.scale = (float)(3 / sqrt(a.width)); /* scores of a deviation of 1 */
    snprintf(out->label, sizeof out->label, "h%d d%d %lldx%lld", a.heads, a.width,
             (long long)a.queries, (long long)a.keys);
    return put(out, &a, sizeof a, chain(a.width) + chain((double)a.keys), shapes[index].flags);
}

static int stft_case(int index, cleave_case *out)
{
    static const struct {
        int32_t channels, n, hop, bins;
        int64_t length, start, frames;
        cleave_stft_pad pad;
        uint32_t flags;
    } shapes[] = {
        {1, 2, 1, 2, 5, 0, 3, CLEAVE_STFT_PAD_ZERO, SMALL},
        {2, 16, 4, 9, 37, -8, 11, CLEAVE_STFT_PAD_ZERO, SMALL},
        {2, 64, 16, 32, 101, -24, 7, CLEAVE_STFT_PAD_REFLECT, SMALL},
        {1, 1024, 256, 513, 1500, -384, 3, CLEAVE_STFT_PAD_REFLECT, SMALL},
        {2, 4096, 1024, 2048, 343980, -1536, 336, CLEAVE_STFT_PAD_REFLECT, BENCH},
        {2, 4096, 1024, 2048, 2646000, -1536, 2584, CLEAVE_STFT_PAD_REFLECT, BENCH}, /* a minute */
    };
    cleave_stft_args a = {0};

    if (index >= COUNT(shapes))
        return 0;
    a.channels = shapes[index].channels;
    a.n = shapes[index].n;
    a.hop = shapes[index].hop;
    a.bins = shapes[index].bins;
    a.length = shapes[index].length;
    a.in_stride = padded(a.length);
    a.start = shapes[index].start;
    a.frames = shapes[index].frames;
    a.pad = shapes[index].pad;
    a.scale = 1 / 64.0f;
    snprintf(out->label, sizeof out->label, "N%d hop %d, %d x %lld frames", a.n, a.hop, a.channels,
             (long long)a.frames);
    return put(out, &a, sizeof a, chain(a.n), shapes[index].flags);
}

static void fill_far(const cleave_case *test, int operand, float *data, int64_t count)
{
    (void)test;
    for (int64_t i = 0; i < count; i++)
        data[i] = 1000 + cleave_case_uniform((uint64_t)operand + 1, i);
}

static int norm_case(int index, cleave_case *out)
{
    static const struct {
        int64_t rows, points;
        int far; /* a mean of 1000, on which a careless sum loses the spread */
        uint32_t flags;
    } shapes[] = {
        {1, 1, 0, SMALL},           {3, 17, 0, SMALL},  {5, 336, 1, SMALL},
        {2, 4099, 1, SMALL},        {300, 5, 0, SMALL}, {48, 2048 * 336, 0, BENCH},
        {48 * 4096, 336, 0, BENCH},
    };
    cleave_moments_args a = {0};

    if (index >= COUNT(shapes))
        return 0;
    a.rows = shapes[index].rows;
    a.points = shapes[index].points;
    a.in_stride = padded(a.points);
    out->fill = shapes[index].far ? fill_far : NULL;
    snprintf(out->label, sizeof out->label, "%lld rows of %lld%s", (long long)a.rows,
             (long long)a.points, shapes[index].far ? ", far" : "");
    return put(out, &a, sizeof a, 0x1p-23, shapes[index].flags); /* sums in double */
}

int ladder_cases(const char *ladder, int index, cleave_case *out)
{
    static const struct {
        const char *name;
        int (*get)(int index, cleave_case *out);
    } ladders[] = {
        {"gemm", gemm_case}, {"conv", conv_case}, {"attention", attention_case},
        {"stft", stft_case}, {"norm", norm_case},
    };

    memset(out, 0, sizeof *out);
    for (int i = 0; i < COUNT(ladders); i++)
        if (!strcmp(ladders[i].name, ladder))
            return ladders[i].get(index, out);
    return 0;
}
