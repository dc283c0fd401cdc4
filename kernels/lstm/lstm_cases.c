/* lstm_cases.c: tails of units, steps and frames, and the shapes of models. */
#include "kernels/cases.h"
#include "kernels/lstm/lstm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int32_t hidden;
    int64_t frames, frame, in_stride, out_stride, margin, in_points, out_points;
    uint32_t flags;
} shapes[] = {
    {1, 1, 1, 1, 1, 0, 1, 1, CLEAVE_CASE_SMALL},
    {3, 1, 5, 5, 5, 0, 5, 5, CLEAVE_CASE_SMALL},
    {5, 3, 7, 3, 3, 2, 13, 12, CLEAVE_CASE_SMALL},
    /* Frames that begin past the input, and past what is wanted of the output. */
    {8, 5, 6, 4, 4, 1, 9, 14, CLEAVE_CASE_SMALL},
    {16, 2, 17, 17, 17, 0, 34, 34, CLEAVE_CASE_SMALL},
    {17, 1, 33, 33, 33, 0, 20, 40, CLEAVE_CASE_SMALL},
    {4, 9, 2, 1, 2, 0, 10, 18, CLEAVE_CASE_SMALL},
    /* More units than threads of a GPU sum up at once. */
    {70, 2, 5, 3, 3, 1, 8, 8, CLEAVE_CASE_SMALL},
    {150, 1, 4, 4, 4, 0, 4, 4, CLEAVE_CASE_SMALL},
    {48, 6, 40, 20, 20, 10, 137, 137, 0},
    {33, 4, 50, 50, 27, 12, 200, 131, 0},
    {1037, 1, 6, 6, 6, 0, 6, 6, 0},
    /* The two layers on five of the frames of 44 s of audio, before and after the last halving of
     * time (there shorter, for the reference's sake), then 8 s, which are one frame. */
    {192, 5, 200, 100, 200, 0, 600, 1000, CLEAVE_CASE_BENCH},
    {192, 5, 200, 200, 100, 50, 1000, 600, CLEAVE_CASE_BENCH},
    {384, 5, 50, 25, 50, 0, 150, 250, CLEAVE_CASE_BENCH},
    {384, 1, 168, 168, 168, 0, 168, 168, CLEAVE_CASE_BENCH},
};

/* Weights as they are drawn before training, so that gates are neither open nor shut, and inputs
 * large enough that some are. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_lstm_args a;

    memcpy(&a, test->args.bytes, sizeof a);
    const float size = operand == 1 ? 1 / sqrtf((float)a.hidden) : 3;
    for (int64_t i = 0; i < count; i++)
        data[i] = size * cleave_case_uniform((uint64_t)operand + 1, i);
}

int cleave_lstm_cases(int index, cleave_case *out)
{
    cleave_lstm_args a = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    a.hidden = shapes[index].hidden;
    a.frames = shapes[index].frames;
    a.frame = shapes[index].frame;
    a.in_stride = shapes[index].in_stride;
    a.out_stride = shapes[index].out_stride;
    a.margin = shapes[index].margin;
    a.in_points = shapes[index].in_points;
    a.out_points = shapes[index].out_points;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &a, sizeof a);
    snprintf(out->label, sizeof out->label, "H%d %lldx%lld, %lld to %lld", a.hidden,
             (long long)a.frames, (long long)a.frame, (long long)a.in_points,
             (long long)a.out_points);
    out->limit = 4e-7;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
