/* fft_cases.c: lengths of the models, then one length for every path: one pass and several, every
 * radix, blocks that overlap at the end, lengths that only narrower vectors or the scalar transform
 * take, lengths beyond the shared memory of a GPU (8640 complex points), more of them than blocks
 * have buffers. */
#include "kernels/cases.h"
#include "kernels/fft/fft.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* 125 dB. Every butterfly level adds an error of about a third of a unit in the last place, 2^-24,
 * relative to the rms; over 16 levels that makes 135 dB, and the rest is the margin for another
 * order of operations. */
#define LIMIT 5.6e-7

typedef struct fft_shape {
    int32_t n;
    cleave_fft_kind kind;
    int64_t batch;
    uint32_t flags;
} fft_shape;

static const fft_shape shapes[] = {
    {4096, CLEAVE_FFT_REAL_FORWARD, 64, CLEAVE_CASE_BENCH},
    {4096, CLEAVE_FFT_REAL_INVERSE, 64, CLEAVE_CASE_BENCH},
    {2048, CLEAVE_FFT_REAL_FORWARD, 64, CLEAVE_CASE_BENCH},
    {2048, CLEAVE_FFT_COMPLEX_FORWARD, 64, CLEAVE_CASE_BENCH},
    {2048, CLEAVE_FFT_COMPLEX_INVERSE, 64, CLEAVE_CASE_BENCH},
    {65536, CLEAVE_FFT_REAL_FORWARD, 2, CLEAVE_CASE_BENCH},
    {65536, CLEAVE_FFT_COMPLEX_INVERSE, 1, 0},
    {6144, CLEAVE_FFT_REAL_FORWARD, 2, 0},
    {6144, CLEAVE_FFT_REAL_INVERSE, 2, 0},
    {10240, CLEAVE_FFT_REAL_FORWARD, 1, 0},
    {7776, CLEAVE_FFT_REAL_FORWARD, 2, 0},
    {7776, CLEAVE_FFT_REAL_INVERSE, 2, 0},
    {46656, CLEAVE_FFT_COMPLEX_FORWARD, 1, 0},
    {15625, CLEAVE_FFT_COMPLEX_FORWARD, 1, 0},
    {17280, CLEAVE_FFT_REAL_FORWARD, 33, CLEAVE_CASE_SMALL},
    {20000, CLEAVE_FFT_REAL_FORWARD, 2, CLEAVE_CASE_SMALL},
    {20000, CLEAVE_FFT_REAL_INVERSE, 2, CLEAVE_CASE_SMALL},
    {4096, CLEAVE_FFT_REAL_FORWARD, 3, CLEAVE_CASE_SMALL},
    {4096, CLEAVE_FFT_REAL_INVERSE, 3, CLEAVE_CASE_SMALL},
    {512, CLEAVE_FFT_REAL_FORWARD, 3, CLEAVE_CASE_SMALL},
    {512, CLEAVE_FFT_REAL_INVERSE, 3, CLEAVE_CASE_SMALL},
    {256, CLEAVE_FFT_COMPLEX_FORWARD, 3, CLEAVE_CASE_SMALL},
    {256, CLEAVE_FFT_COMPLEX_INVERSE, 3, CLEAVE_CASE_SMALL},
    {1440, CLEAVE_FFT_REAL_FORWARD, 3, CLEAVE_CASE_SMALL},
    {1440, CLEAVE_FFT_REAL_INVERSE, 3, CLEAVE_CASE_SMALL},
    {400, CLEAVE_FFT_COMPLEX_FORWARD, 3, CLEAVE_CASE_SMALL},
    {270, CLEAVE_FFT_REAL_FORWARD, 2, CLEAVE_CASE_SMALL},
    {270, CLEAVE_FFT_REAL_INVERSE, 2, CLEAVE_CASE_SMALL},
    {135, CLEAVE_FFT_REAL_FORWARD, 2, CLEAVE_CASE_SMALL},
    {135, CLEAVE_FFT_REAL_INVERSE, 2, CLEAVE_CASE_SMALL},
    {60, CLEAVE_FFT_COMPLEX_INVERSE, 5, CLEAVE_CASE_SMALL},
    {2, CLEAVE_FFT_REAL_FORWARD, 3, CLEAVE_CASE_SMALL},
    {2, CLEAVE_FFT_REAL_INVERSE, 3, CLEAVE_CASE_SMALL},
    {1, CLEAVE_FFT_REAL_FORWARD, 3, CLEAVE_CASE_SMALL},
    {1, CLEAVE_FFT_COMPLEX_INVERSE, 3, CLEAVE_CASE_SMALL},
};

int cleave_fft_cases(int index, cleave_case *out)
{
    static const char *const kinds[] = {"complex forward", "complex inverse", "real forward",
                                        "real inverse"};
    const fft_shape *shape;
    cleave_fft_args args = {0};

    if (index < 0 || index >= (int)(sizeof shapes / sizeof *shapes))
        return 0;
    shape = &shapes[index];
    args.batch = shape->batch;
    args.n = shape->n;
    args.kind = shape->kind;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &args, sizeof args);
    snprintf(out->label, sizeof out->label, "%s N %d x %d", kinds[shape->kind], shape->n,
             (int)shape->batch);
    out->limit = LIMIT;
    out->flags = shape->flags;
    return 1;
}
