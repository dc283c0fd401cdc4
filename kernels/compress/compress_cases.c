/* compress_cases.c: channels, spans cut short, detectors, both directions, look-ahead and hold. */
#include "kernels/cases.h"
#include "kernels/compress/compress.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int64_t streams;
    int32_t channels, expand, rms, has_meter;
    int64_t frames, gap;
    int32_t lookahead, hold;
    uint32_t flags;
} shapes[] = {
    {1, 1, 0, 0, 0, 1, 0, 0, 0, CLEAVE_CASE_SMALL},
    {1, 2, 0, 0, 1, 64, 0, 0, 0, CLEAVE_CASE_SMALL},
    {2, 2, 0, 1, 1, 77, 3, 5, 0, CLEAVE_CASE_SMALL},
    {2, 1, 1, 0, 1, 200, 0, 100, 40, CLEAVE_CASE_SMALL},
    {1, 16, 1, 1, 0, 130, 1, 0, 9, CLEAVE_CASE_SMALL},
    {9, 3, 0, 0, 1, 33, 0, 1, 0, CLEAVE_CASE_SMALL},
    {3, 2, 1, 0, 0, 5000, 0, 441, 441, 0},
    {1, 2, 0, 0, 1, 4096, 0, 0, 0, CLEAVE_CASE_BENCH},
    {1, 2, 0, 1, 1, 4096, 0, 0, 0, CLEAVE_CASE_BENCH},
    {64, 2, 0, 0, 1, 4096, 0, 0, 0, CLEAVE_CASE_BENCH},
};

/* They have few digits: read as floats, as the checker does with what they become in the state,
 * they are small numbers. */
static const double parameters[CLEAVE_COMPRESS_PARAMETERS] = {
    [CLEAVE_COMPRESS_THRESHOLD] = -3,    [CLEAVE_COMPRESS_HALF_KNEE] = 0.5,
    [CLEAVE_COMPRESS_KNEE_FACTOR] = 0.5, [CLEAVE_COMPRESS_SLOPE] = 0.75,
    [CLEAVE_COMPRESS_RANGE] = 10,        [CLEAVE_COMPRESS_MAKEUP] = 0.5,
    [CLEAVE_COMPRESS_LINK] = 0.875,      [CLEAVE_COMPRESS_ATTACK] = 0.00390625,
    [CLEAVE_COMPRESS_RELEASE] = 0x1p-11, [CLEAVE_COMPRESS_DETECT] = 0x1p-9,
};

/* Zeros where doubles lie and for the recursions, then delayed frames. */
static void fill_state(const cleave_compress_args *args, float *data, int64_t count)
{
    const int64_t floats = cleave_compress_state_floats(args);
    double glide[1 + 3 * CLEAVE_COMPRESS_PARAMETERS] = {1};

    for (int i = 0; i < CLEAVE_COMPRESS_PARAMETERS; i++)
        glide[1 + i] = glide[1 + 2 * CLEAVE_COMPRESS_PARAMETERS + i] = parameters[i];
    for (int64_t i = 0; i < count; i++)
        data[i] = (i % floats - 64) % ((floats - 64) / args->channels) < 16
                      ? 0
                      : cleave_case_uniform(4, i);
    for (int64_t i = 0; i < count; i += floats)
        memcpy(data + i, glide, sizeof glide);
}

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_compress_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    if (operand == 1) {
        const cleave_block block = {.position = 8011, .frames = (int32_t)args.frames_max};
        memcpy(data, &block, sizeof block);
    } else if (operand == 2) {
        memcpy(data, parameters, sizeof parameters);
    } else if (operand == 3) {
        fill_state(&args, data, count);
    } else {
        for (int64_t i = 0; i < count; i++)
            data[i] = cleave_case_uniform(1, i) * (i % 700 < 90 ? 1 : 0.01f);
    }
}

int cleave_compress_cases(int index, cleave_case *out)
{
    cleave_compress_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    args.streams = shapes[index].streams;
    args.channels = shapes[index].channels;
    args.expand = shapes[index].expand;
    args.rms = shapes[index].rms;
    args.has_meter = shapes[index].has_meter;
    args.frames_max = shapes[index].frames;
    args.in_stride = args.out_stride = args.frames_max + shapes[index].gap;
    args.lookahead = shapes[index].lookahead;
    args.hold = shapes[index].hold;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s %s S%lld C%d T%lld delay %d",
             args.expand ? "expand" : "compress", args.rms ? "rms" : "peak",
             (long long)args.streams, args.channels, (long long)args.frames_max, args.lookahead);
    /* A level of 2^-17 has the logarithm 17, rounded to 2^-20; so much is y off, and times ln 2
     * the gain, unless smoothing evens it out. */
    out->limit = 16 * 0x1p-24;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
