/* biquad.h: a cascade of filters of second order on every channel of a stream.
 *
 * Each section is H(z) = (b0 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2) in transposed direct
 * form II, in double:
 *
 *   y = b0 x + s1,  s1 = b1 x + s2 - a1 y,  s2 = b2 x - a2 y
 *
 * with products and sums fused where a term is added (fma), so that every variant has the same
 * bits. A section's output is the next one's input, unrounded; the last is rounded to float.
 * Coefficients glide at the grid (kernels/block.h). At multiples of CLEAVE_BIQUAD_FLUSH_FRAMES,
 * states below CLEAVE_BIQUAD_FLOOR become 0, so that silence does not end in subnormal numbers. */
#ifndef CLEAVE_KERNELS_BIQUAD_H
#define CLEAVE_KERNELS_BIQUAD_H

#include "kernels/block.h"
#include "kernels/ops.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_BIQUAD_SECTIONS_MAX 32
#define CLEAVE_BIQUAD_CHANNELS_MAX 32
#define CLEAVE_BIQUAD_FLUSH_FRAMES 1024 /* a multiple of the grid */
#define CLEAVE_BIQUAD_FLOOR        1e-30

/* Coefficients of a section in the parameters; a0 is 1. */
enum {
    CLEAVE_BIQUAD_B0,
    CLEAVE_BIQUAD_B1,
    CLEAVE_BIQUAD_B2,
    CLEAVE_BIQUAD_A1,
    CLEAVE_BIQUAD_A2,
    CLEAVE_BIQUAD_COEFFICIENTS
};

typedef struct cleave_biquad_args {
    const float *in; /* [streams][channels][in_stride] */
    float *out;      /* [streams][channels][out_stride]; may be `in` */
    const cleave_block *block;
    const double *parameters; /* [sections][CLEAVE_BIQUAD_COEFFICIENTS], of all streams */
    float *state;             /* [streams][cleave_biquad_state_floats()]: doubles */
    int64_t streams;          /* >= 1 */
    int64_t channels;         /* 1..CLEAVE_BIQUAD_CHANNELS_MAX */
    int64_t sections;         /* 1..CLEAVE_BIQUAD_SECTIONS_MAX */
    int64_t frames_max;       /* 1..CLEAVE_BLOCK_FRAMES_MAX */
    int64_t in_stride;        /* >= frames_max */
    int64_t out_stride;       /* >= frames_max */
} cleave_biquad_args;

/* Doubles of a stream's state before its channels: gliding coefficients. */
CLEAVE_INLINE int64_t cleave_biquad_glide_doubles(const cleave_biquad_args *a)
{
    return cleave_div_up(cleave_glide_doubles(a->sections * CLEAVE_BIQUAD_COEFFICIENTS), 8) * 8;
}

/* Of one stream: the glide, then [channels][sections][2], in doubles. */
CLEAVE_INLINE int64_t cleave_biquad_state_floats(const cleave_biquad_args *a)
{
    const int64_t sums = a->channels * a->sections * 2;

    return 2 * (cleave_biquad_glide_doubles(a) + cleave_div_up(sums, 8) * 8);
}

CLEAVE_INLINE double *cleave_biquad_state(const cleave_biquad_args *a, int64_t stream)
{
    return (double *)(void *)(a->state + stream * cleave_biquad_state_floats(a));
}

/* Frames from `position` on that have the same coefficients and no flush between them. `steady`: no
 * coefficient moves any more in this block. */
CLEAVE_INLINE int64_t cleave_biquad_span(int64_t position, int64_t frames, int steady)
{
    const int64_t flush = CLEAVE_BIQUAD_FLUSH_FRAMES - position % CLEAVE_BIQUAD_FLUSH_FRAMES;

    return steady ? cleave_i64_min(frames, flush) : cleave_block_span(position, frames);
}

CLEAVE_INLINE double cleave_biquad_flushed(double s)
{
    return fabs(s) < CLEAVE_BIQUAD_FLOOR ? 0 : s;
}

/* An item is one stream. */
extern const cleave_op cleave_biquad_op;
extern const cleave_kernel cleave_biquad_ref;
extern const cleave_kernel cleave_biquad_avx2;
extern const cleave_kernel cleave_biquad_neon;
extern const cleave_kernel cleave_biquad_cuda;

#ifdef __cplusplus
}
#endif

#endif
