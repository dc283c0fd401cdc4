/* fader_cases.c: streams at rest, gliding and fading, from one channel to eight. */
#include "kernels/cases.h"
#include "kernels/fader/fader.h"

#include <stdio.h>
#include <string.h>

#define POSITION 1000 /* off the grid */

static const struct shape {
    int32_t streams, channels;
    int64_t frames, pad;
    cleave_fader_curve curve;
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, 0, CLEAVE_FADER_LINEAR, CLEAVE_CASE_SMALL},
    {1, 1, 7, 3, CLEAVE_FADER_SQUARE, CLEAVE_CASE_SMALL},
    {1, 2, 33, 0, CLEAVE_FADER_SMOOTH, CLEAVE_CASE_SMALL},
    {3, 2, 500, 5, CLEAVE_FADER_LINEAR, CLEAVE_CASE_SMALL},
    {2, 6, 101, 0, CLEAVE_FADER_SQUARE, CLEAVE_CASE_SMALL},
    {1, 8, 64, 1, CLEAVE_FADER_SMOOTH, CLEAVE_CASE_SMALL},
    {1, 2, 1024, 0, CLEAVE_FADER_LINEAR, CLEAVE_CASE_BENCH},
    {64, 2, 1024, 0, CLEAVE_FADER_LINEAR, CLEAVE_CASE_BENCH},
};

/* Whether the state is that of a matrix on its way; else the stream begins. */
static int glides(int index)
{
    return index % 2;
}

static void fill_parameters(const cleave_fader_args *args, double *parameters)
{
    const int64_t count = (int64_t)args->channels * args->channels;

    for (int64_t i = 0; i < count; i++)
        parameters[i] = cleave_case_uniform(9, i);
    parameters[count + CLEAVE_FADER_IN] = POSITION + 20;
    parameters[count + CLEAVE_FADER_END] = (double)(POSITION + args->frames_max);
    parameters[count + CLEAVE_FADER_OUT] = 50;
}

static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_fader_args args;

    memcpy(&args, test->args.bytes, sizeof args);
    const int64_t matrix = (int64_t)args.channels * args.channels;
    const int64_t doubles = cleave_fader_state_doubles(args.channels);
    if (operand == 0) {
        for (int64_t i = 0; i < count; i++)
            data[i] = cleave_case_uniform(0, i);
    } else if (operand == 1) {
        const cleave_block block = {.position = POSITION, .frames = (int32_t)args.frames_max};
        memcpy(data, &block, sizeof block);
    } else if (operand == 2) {
        fill_parameters(&args, (double *)(void *)data);
    } else {
        memset(data, 0, (size_t)count * sizeof(float));
        for (int64_t s = 0; s < args.streams; s++) {
            double *const state = (double *)(void *)data + s * doubles;
            state[0] = 1 + (glides((int)args.streams) ? 5 : 0);
            for (int64_t i = 0; i < matrix; i++) {
                state[1 + i] = cleave_case_uniform(3, i);
                state[1 + matrix + i] = glides((int)args.streams) ? 0.03 : 0;
                state[1 + 2 * matrix + i] = cleave_case_uniform(9, i);
                state[cleave_glide_doubles(matrix) + i] =
                    glides((int)args.streams) ? cleave_case_uniform(4, i) : state[1 + i];
            }
        }
    }
}

int cleave_fader_cases(int index, cleave_case *out)
{
    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    const struct shape *const shape = &shapes[index];
    const cleave_fader_args args = {
        .streams = shape->streams,
        .channels = shape->channels,
        .frames_max = shape->frames,
        .stride = shape->frames + shape->pad,
        .curve = shape->curve,
    };

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "S%d C%d T%d", (int)shape->streams,
             (int)shape->channels, (int)shape->frames);
    /* A coefficient is rounded twice, a sum of at most 8 terms once each, the fade once. */
    out->limit = 4 * 0x1p-24;
    out->flags = shape->flags;
    out->fill = fill;
    return 1;
}
