/* fdn_cases.c: every number of channels, parts of the grid, rings at their ends, long delays. */
#include "kernels/cases.h"
#include "kernels/fdn/fdn_internal.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int32_t streams, channels, frames_max, frames, predelay;
    int64_t position;
    double rate_hz, room_size;
    int32_t pad;
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, 1, 0, 0, 8000, 0, 0, CLEAVE_CASE_SMALL},
    {1, 2, 64, 64, 0, 0, 8000, 0.5, 0, CLEAVE_CASE_SMALL},
    {2, 2, 100, 77, 33, 1234567, 8000, 1, 3, CLEAVE_CASE_SMALL},
    {3, 1, 40, 33, 1, 31, 11025, 0.2, 1, CLEAVE_CASE_SMALL},
    {1, 3, 97, 97, 5, 4000000007, 8000, 0.1, 0, CLEAVE_CASE_SMALL},
    {2, 5, 65, 65, 700, 63, 16000, 0, 7, CLEAVE_CASE_SMALL},
    {1, 6, 32, 31, 31, 32, 8000, 0.7, 0, CLEAVE_CASE_SMALL},
    {9, 8, 71, 71, 32, 95, 8000, 0, 0, CLEAVE_CASE_SMALL},
    {1, 2, 4096, 4096, 0, 44100, 44100, 0.5, 0, CLEAVE_CASE_BENCH},
    {1, 1, 512, 512, 4800, 480, 48000, 1, 0, 0},
    {2, 8, 1000, 1000, 100, 17, 96000, 0.3, 0, 0},
};

static cleave_fdn_args args_of(int index)
{
    cleave_fdn_args a = {0};
    const cleave_fdn_settings settings = {.rate_hz = shapes[index].rate_hz,
                                          .room_size = shapes[index].room_size};

    cleave_fdn_place(&a, &settings);
    a.streams = shapes[index].streams;
    a.channels = shapes[index].channels;
    a.frames_max = shapes[index].frames_max;
    a.predelay = shapes[index].predelay;
    a.in_stride = a.out_stride = a.frames_max + shapes[index].pad;
    return a;
}

/* Gains and poles of few bits, which have no low words: as floats these would be no numbers. */
static void fill_parameters(double *p, double shift)
{
    p[CLEAVE_FDN_WET] = 0.5 + shift;
    p[CLEAVE_FDN_DRY] = 0.75 - shift;
    p[CLEAVE_FDN_WIDTH] = 0.875;
    for (int l = 0; l < FDN_LINES; l++) {
        p[CLEAVE_FDN_GAIN + l] = 0.625 + 0.0078125 * l - shift;
        p[CLEAVE_FDN_POLE + l] = 0.03125 * (l % 5);
    }
}

/* A stream under way, whose parameters have just been changed. */
static void fill_state(const cleave_fdn_args *a, float *state)
{
    const fdn_layout f = fdn_layout_of(a);
    double glide[1 + 3 * CLEAVE_FDN_PARAMETERS];

    for (int32_t s = 0; s < a->streams; s++) {
        float *own = state + s * f.floats;
        for (int64_t i = 0; i < f.floats; i++)
            own[i] = i < f.predelay ? 0 : cleave_case_uniform(77 + (uint64_t)s, i);
        for (int64_t i = 0; i < FDN_LINES; i++)
            own[f.damping + i] = cleave_case_uniform(78, i);
        for (int64_t i = 0; i < a->channels; i++)
            own[f.blocker + i] = cleave_case_uniform(79, i) / 16;
        memset(glide, 0, sizeof glide);
        glide[0] = 1;
        fill_parameters(glide + 1, 0.25);
        memcpy(glide + 1 + 2 * CLEAVE_FDN_PARAMETERS, glide + 1,
               CLEAVE_FDN_PARAMETERS * sizeof *glide);
        memcpy(own + f.glide, glide, sizeof glide);
    }
}

/* The label begins with the letter of the shape. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_fdn_args a;
    double parameters[CLEAVE_FDN_PARAMETERS];
    cleave_block block;
    const int index = test->label[0] - 'a';

    memcpy(&a, test->args.bytes, sizeof a);
    switch (operand) {
    case 1:
        block = (cleave_block){shapes[index].position, shapes[index].frames, 0};
        memcpy(data, &block, sizeof block);
        break;
    case 2:
        fill_parameters(parameters, 0);
        memcpy(data, parameters, sizeof parameters);
        break;
    case 3:
        fill_state(&a, data);
        break;
    default:
        for (int64_t i = 0; i < count; i++)
            data[i] = cleave_case_uniform((uint64_t)operand + 1, i);
    }
}

int cleave_fdn_cases(int index, cleave_case *out)
{
    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    const cleave_fdn_args args = args_of(index);

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%c: %d x %d, %d frames from %lld", 'a' + index,
             args.streams, args.channels, shapes[index].frames, (long long)shapes[index].position);
    /* A frame is a sum of 16 lines by 8 roundings, and what comes back has these again. */
    out->limit = 16 * 0x1p-24;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
