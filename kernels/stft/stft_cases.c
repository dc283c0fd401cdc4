/* stft_cases.c: the framings of the models, then borders, tails of every vector width and awkward
 * hops. */
#include "kernels/cases.h"
#include "kernels/stft/stft.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* 125 dB, as the transform itself: window, scale and output round once each, which adds little. */
#define LIMIT 5.6e-7

#define FT      CLEAVE_STFT_LAYOUT_FT
#define TF      CLEAVE_STFT_LAYOUT_TF
#define ZERO    CLEAVE_STFT_PAD_ZERO
#define REFLECT CLEAVE_STFT_PAD_REFLECT

typedef struct stft_shape {
    const char *label;
    int32_t channels;
    int64_t length;
    int32_t n, hop;
    int64_t start, frames;
    int32_t bins;
    float scale;
    cleave_stft_pad pad;
    cleave_stft_layout layout;
    uint32_t flags;
} stft_shape;

static const stft_shape shapes[] = {
    {"demucs, one segment FT", 2, 343980, 4096, 1024, -1536, 336, 2048, 1 / 64.0f, REFLECT, FT,
     CLEAVE_CASE_BENCH},
    {"spleeter, 12 s TF", 2, 529200, 4096, 1024, -4096, 521, 2049, 1, ZERO, TF, CLEAVE_CASE_BENCH},
    {"demucs, short odd FT", 2, 5375, 4096, 1024, -1536, 6, 2048, 1 / 64.0f, REFLECT, FT,
     CLEAVE_CASE_SMALL},
    {"spleeter, short odd TF", 2, 3001, 4096, 1024, -4096, 7, 1024, 1, ZERO, TF, CLEAVE_CASE_SMALL},
    {"reflect across the whole signal", 1, 385, 256, 64, -384, 15, 129, 1, REFLECT, TF,
     CLEAVE_CASE_SMALL},
    {"17 frames, odd bins FT", 3, 1000, 256, 64, -128, 17, 101, 0.5f, ZERO, FT, CLEAVE_CASE_SMALL},
    {"17 frames, odd bins TF", 3, 1000, 256, 64, -128, 17, 101, 0.5f, ZERO, TF, CLEAVE_CASE_SMALL},
    {"frames beyond both ends", 2, 50, 128, 32, -400, 40, 65, 1, ZERO, FT, CLEAVE_CASE_SMALL},
    {"starts inside", 2, 700, 128, 50, 33, 10, 65, 1, ZERO, FT, CLEAVE_CASE_SMALL},
    {"hop of a whole window", 1, 640, 128, 128, 0, 5, 64, 2, ZERO, TF, CLEAVE_CASE_SMALL},
    {"hop 1", 1, 90, 64, 1, -63, 90, 33, 1, ZERO, FT, CLEAVE_CASE_SMALL},
    {"N 30, few bins", 2, 200, 30, 7, -11, 31, 3, 1, ZERO, FT, CLEAVE_CASE_SMALL},
    {"N 1440, one bin", 1, 4000, 1440, 360, -720, 11, 1, 1, REFLECT, TF, CLEAVE_CASE_SMALL},
    {"N 20000, all bins", 3, 30001, 20000, 7000, -9000, 3, 10001, 1, REFLECT, FT,
     CLEAVE_CASE_SMALL},
    {"N 2, one sample", 1, 1, 2, 1, -1, 3, 2, 1, ZERO, FT, CLEAVE_CASE_SMALL},
};

int cleave_stft_cases(int index, cleave_case *out)
{
    const stft_shape *shape;
    cleave_stft_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof *shapes))
        return 0;
    shape = &shapes[index];
    args.channels = shape->channels;
    args.length = shape->length;
    args.in_stride = shape->length + shape->channels - 1; /* rows that are not aligned */
    args.n = shape->n;
    args.hop = shape->hop;
    args.start = shape->start;
    args.frames = shape->frames;
    args.bins = shape->bins;
    args.scale = shape->scale;
    args.pad = shape->pad;
    args.layout = shape->layout;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s", shape->label);
    out->limit = LIMIT;
    out->flags = shape->flags;
    return 1;
}
