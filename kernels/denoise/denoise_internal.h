/* denoise_internal.h: constants of the estimate, and where things lie in the state of a stream. */
#ifndef CLEAVE_KERNELS_DENOISE_INTERNAL_H
#define CLEAVE_KERNELS_DENOISE_INTERNAL_H

#include "kernels/denoise/denoise.h"
#include "kernels/fft/fft_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DENOISE_OVERLAP 4
#define DENOISE_SMOOTH  0.7f  /* of S */
#define DENOISE_FOLLOW  0.05f /* of L */
#define DENOISE_FORGET  0.2f  /* of p */
#define DENOISE_RATIO   7.0f  /* above which S is not noise */
#define DENOISE_PRIOR   0.98f /* of the gain before */
#define DENOISE_WINDOW  64    /* transforms after which minima begin anew */

/* Powers below this are 0, and no power is divided by less. */
#define DENOISE_TINY 1e-30f

/* Offsets in the state of a stream, in floats. What came in, and what is being added up to go out,
 * at position p lies at p modulo N; bins have room for whole vectors. */
typedef struct denoise_layout {
    int64_t n, hop, bins, stride;
    int64_t noise, prior;                      /* [stride]: L, A */
    int64_t smooth, least, next_least, likely; /* [stride]: S, its minima, p */
    int64_t in, out;                           /* [C][N] */
    int64_t floats;
} denoise_layout;

CLEAVE_INLINE denoise_layout denoise_layout_of(const cleave_denoise_args *a)
{
    denoise_layout f;

    f.n = a->n;
    f.hop = a->n / DENOISE_OVERLAP;
    f.bins = a->n / 2 + 1;
    f.stride = cleave_div_up(f.bins, 16) * 16;
    f.noise = 0;
    f.prior = f.stride;
    f.smooth = 2 * f.stride;
    f.least = 3 * f.stride;
    f.next_least = 4 * f.stride;
    f.likely = 5 * f.stride;
    f.in = 6 * f.stride;
    f.out = f.in + a->channels * f.n;
    f.floats = f.out + a->channels * f.n;
    return f;
}

/* Which transform begins at a multiple of the hop, and what it does to the noise. The first of all
 * that has N frames of the stream is number 4. */
typedef struct denoise_turn {
    int64_t number;
    int32_t starts; /* S, its minima and L are P */
    int32_t renews; /* a new window of minima begins */
    float mean;     /* of LEARN: L moves to P by this, 0 if it stays */
} denoise_turn;

CLEAVE_INLINE denoise_turn denoise_turn_at(const cleave_denoise_args *a, int64_t position)
{
    denoise_turn t;

    t.number = position / (a->n / DENOISE_OVERLAP);
    t.starts = t.number <= DENOISE_OVERLAP;
    t.renews = t.number % DENOISE_WINDOW == 0;
    t.mean = t.starts ? 1.0f
             : t.number < DENOISE_OVERLAP + (int64_t)a->learn
                 ? 1.0f / (float)(t.number - DENOISE_OVERLAP + 1)
                 : 0.0f;
    return t;
}

#ifdef __cplusplus
}
#endif

#endif
