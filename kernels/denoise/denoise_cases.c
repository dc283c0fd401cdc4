/* denoise_cases.c: every way to know the noise, first transforms, new minima, and blocks that begin
 * and end between transforms. */
#include "kernels/cases.h"
#include "kernels/denoise/denoise_internal.h"

#include <stdio.h>
#include <string.h>

#define ADAPTIVE CLEAVE_DENOISE_ADAPTIVE
#define LEARN    CLEAVE_DENOISE_LEARN
#define PROFILE  CLEAVE_DENOISE_PROFILE

static const struct {
    cleave_denoise_kind kind;
    int32_t streams, channels, n, frames_max, frames;
    int64_t position;
    int32_t pad;
    uint32_t flags;
} shapes[] = {
    {ADAPTIVE, 1, 1, 64, 1, 1, 16, 0, CLEAVE_CASE_SMALL},
    {ADAPTIVE, 1, 2, 256, 300, 300, 0, 0, CLEAVE_CASE_SMALL},
    {ADAPTIVE, 2, 1, 128, 100, 99, 64 * 32 - 30, 1, CLEAVE_CASE_SMALL},
    {ADAPTIVE, 3, 3, 64, 40, 33, 4000000007, 3, CLEAVE_CASE_SMALL},
    {LEARN, 1, 2, 256, 200, 200, 7 * 64 + 11, 0, CLEAVE_CASE_SMALL},
    {LEARN, 1, 1, 512, 130, 130, 512 * 100, 0, CLEAVE_CASE_SMALL},
    {PROFILE, 2, 2, 256, 90, 77, 640, 0, CLEAVE_CASE_SMALL},
    {PROFILE, 1, 8, 128, 64, 64, 96, 0, CLEAVE_CASE_SMALL},
    {ADAPTIVE, 1, 2, 2048, 4096, 4096, 44100, 0, CLEAVE_CASE_BENCH},
    {ADAPTIVE, 2, 2, 16384, 5000, 5000, 16384 * 9, 0, 0},
};

/* A stream under way: noise and what was left of it are of the size of powers of random input, the
 * minima below them. */
static void fill_state(const cleave_denoise_args *a, float *state)
{
    const denoise_layout f = denoise_layout_of(a);
    const float size = (float)a->n / 6;

    memset(state, 0, (size_t)(a->streams * f.floats) * sizeof *state);
    for (int64_t s = 0; s < a->streams; s++) {
        float *own = state + s * f.floats;
        for (int64_t k = 0; k < f.bins; k++) {
            const float u = 1.5f + cleave_case_uniform(60 + (uint64_t)s, k);
            own[f.noise + k] = size * u;
            own[f.prior + k] = size * (1.25f + cleave_case_uniform(61, k));
            own[f.smooth + k] = size * (2 + cleave_case_uniform(62, k));
            own[f.least + k] = 0.3f * size * (1.5f + cleave_case_uniform(63, k));
            own[f.next_least + k] = 0.5f * size * (1.5f + cleave_case_uniform(64, k));
            own[f.likely + k] = 0.5f + 0.5f * cleave_case_uniform(65, k);
        }
        for (int64_t i = f.in; i < f.floats; i++)
            own[i] = cleave_case_uniform(66, i);
    }
}

/* The label begins with the letter of the shape. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    const int index = test->label[0] - 'a';
    const double parameters[CLEAVE_DENOISE_PARAMETERS] = {0.25, 1.5};
    cleave_denoise_args a;
    cleave_block block;

    memcpy(&a, test->args.bytes, sizeof a);
    if (operand >= 3 && a.kind != PROFILE)
        operand++;
    switch (operand) {
    case 1:
        block = (cleave_block){shapes[index].position, shapes[index].frames, 0};
        memcpy(data, &block, sizeof block);
        break;
    case 2:
        memcpy(data, parameters, sizeof parameters);
        break;
    case 3:
        for (int64_t i = 0; i < count; i++)
            data[i] = (float)a.n / 6 * (1.5f + cleave_case_uniform(67, i));
        break;
    case 4:
        fill_state(&a, data);
        break;
    default:
        for (int64_t i = 0; i < count; i++)
            data[i] = cleave_case_uniform((uint64_t)operand + 1, i);
    }
}

int cleave_denoise_cases(int index, cleave_case *out)
{
    static const char *const names[] = {"adaptive", "learn", "profile"};
    cleave_denoise_args a = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof shapes[0]))
        return 0;
    a.kind = shapes[index].kind;
    a.streams = shapes[index].streams;
    a.channels = shapes[index].channels;
    a.n = shapes[index].n;
    a.learn = 6;
    a.frames_max = shapes[index].frames_max;
    a.in_stride = a.out_stride = a.frames_max + shapes[index].pad;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &a, sizeof a);
    snprintf(out->label, sizeof out->label, "%c: %s, N %d, %d x %d, %d frames from %lld",
             'a' + index, names[a.kind], a.n, a.streams, a.channels, shapes[index].frames,
             (long long)shapes[index].position);
    /* 120 dB: a transform, of whose bins the power is the square, and one back. */
    out->limit = 1e-6;
    out->flags = shapes[index].flags;
    out->fill = fill;
    return 1;
}
