/* convolve_cases.c: responses that end on each side of every level, in blocks that begin and end in
 * the midst of slots and meet all that levels do. */
#include "kernels/cases.h"
#include "kernels/convolve/convolve_internal.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int32_t streams, channels, responses, taps, frames_max, frames;
    int64_t position;
    int32_t pad;
    uint32_t flags;
    int32_t late;
} shapes[] = {
    {1, 1, 1, 1, 1, 1, 0, 0, CLEAVE_CASE_SMALL, 0},
    {1, 2, 1, 63, 100, 97, 5, 3, CLEAVE_CASE_SMALL, 0},
    {1, 2, 2, 64, 64, 64, 64, 0, CLEAVE_CASE_SMALL, 0},
    {2, 2, 1, 65, 130, 130, 640000063, 0, CLEAVE_CASE_SMALL, 0},
    {1, 3, 3, 700, 200, 199, 31, 0, CLEAVE_CASE_SMALL, 0},
    {1, 1, 1, 1024, 96, 96, 960, 0, CLEAVE_CASE_SMALL, 0},
    {1, 2, 2, 1025, 600, 577, 1000, 1, CLEAVE_CASE_SMALL, 0},
    {1, 1, 1, 3000, 520, 520, 5120, 0, CLEAVE_CASE_SMALL, 0},
    {1, 2, 2, 21000, 200, 200, 8192 + 3770, 0, CLEAVE_CASE_SMALL, 0},
    {1, 1, 1, 20500, 65, 65, 8192 + 127, 0, CLEAVE_CASE_SMALL, 0},
    {1, 2, 1, 30000, 4096, 4096, 4096 * 5, 0, CLEAVE_CASE_BENCH, 0},
    {1, 1, 1, 170000, 33000, 33000, 3 * 32768 - 100, 0, 0, 0},
    {1, 2, 2, 200000, 4096, 4096, 6 * 32768, 0, CLEAVE_CASE_BENCH, 0},
    {1, 1, 1, 1, 130, 130, 1000, 0, CLEAVE_CASE_SMALL, 1024},
    {1, 2, 2, 2000, 600, 600, 4096 + 31, 3, CLEAVE_CASE_SMALL, 1024},
    {1, 2, 1, 30000, 4096, 4000, 4096 * 5 - 7, 0, 0, 8192},
    {1, 1, 1, 100000, 4096, 4096, 3 * 32768, 0, 0, 65536},
};

/* Gains of few bits, which have no low words: as floats these would be no numbers. */
static void fill_parameters(double *p, double shift)
{
    p[CLEAVE_CONVOLVE_WET] = 0.75 + shift;
    p[CLEAVE_CONVOLVE_DRY] = 0.5 - shift;
}

/* A stream under way, whose parameters have just been changed. Spectra are as large as those of
 * random input. */
static void fill_state(const cleave_convolve_args *a, float *state)
{
    const convolve_layout f = convolve_layout_of(a);
    const int64_t count = CLEAVE_CONVOLVE_PARAMETERS;
    double glide[1 + 3 * CLEAVE_CONVOLVE_PARAMETERS] = {1};

    fill_parameters(glide + 1, 0.25);
    fill_parameters(glide + 1 + 2 * count, 0.25);
    for (int64_t row = 0; row < (int64_t)a->streams * a->channels; row++) {
        float *own = state + row * f.floats;
        memset(own, 0, (size_t)f.floats * sizeof *own);
        memcpy(own, glide, sizeof glide);
        for (int64_t i = f.history; i < f.floats; i++)
            own[i] = cleave_case_uniform(70 + (uint64_t)row, i);
        for (int32_t l = 0; l < f.levels; l++) {
            const convolve_level *v = &f.level[l];
            for (int64_t i = v->spectra; i < v->out + 2 * v->n; i++)
                own[i] = cleave_case_uniform(71, i) * (i < v->sum ? 8 : 1);
            for (int64_t p = 0; p < 2 * v->partitions + 2; p++) /* beyond the bins */
                memset(own + v->spectra + p * v->stride + v->n + 1, 0,
                       (size_t)(v->stride - v->n - 1) * sizeof *own);
        }
    }
}

/* The label begins with the letter of the shape. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    const int index = test->label[0] - 'a';
    cleave_convolve_args a;
    double parameters[CLEAVE_CONVOLVE_PARAMETERS];
    cleave_block block;

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
        for (int64_t i = 0; i < count; i++)
            data[i] = cleave_case_uniform(4, i) / (1 + 0.01f * (float)(i % a.taps));
        break;
    case 4:
        fill_state(&a, data);
        break;
    default:
        for (int64_t i = 0; i < count; i++)
            data[i] = cleave_case_uniform((uint64_t)operand + 1, i);
    }
}

int cleave_convolve_cases(int index, cleave_case *out)
{
    cleave_convolve_args a = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    a.streams = shapes[index].streams;
    a.channels = shapes[index].channels;
    a.responses = shapes[index].responses;
    a.taps = shapes[index].taps;
    a.late = shapes[index].late;
    a.frames_max = shapes[index].frames_max;
    a.in_stride = a.out_stride = a.frames_max + shapes[index].pad;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &a, sizeof a);
    snprintf(out->label, sizeof out->label, "%c: %d taps, %d x %d, %d frames from %lld, %d late",
             'a' + index, a.taps, a.streams, a.channels, shapes[index].frames,
             (long long)shapes[index].position, a.late);
    /* 120 dB: transforms there and back, and sums of up to 14 products in float between them. */
    out->limit = 1e-6;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
