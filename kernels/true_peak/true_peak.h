/* true_peak.h: the largest magnitude of rows between their samples too.
 *
 * Rec. ITU-R BS.1770-4, annex 2: the signal is interpolated, here by a windowed sinc of 49 points,
 *
 *   h[j] = sinc((j - 24) / factor) (1 - cos(2 pi j / 48)) / 2,  y_f[n] = sum_i h[factor i + f]
 *                                                                        x[n - i]
 *
 * for f = 1 .. factor - 1, i = 0 .. 48 / factor - 1; f = 0 gives the samples themselves. It is the
 * filter of libebur128. What lies between the last samples is known 24 / factor frames later. */
#ifndef CLEAVE_KERNELS_TRUE_PEAK_H
#define CLEAVE_KERNELS_TRUE_PEAK_H

#include "kernels/block.h"
#include "kernels/ops.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_TRUE_PEAK_POINTS  48 /* of the filter that are not 0 */
#define CLEAVE_TRUE_PEAK_HISTORY 24 /* samples before a block that are kept */

/* A row's state: the maximum since the start of the stream, a gap, the history, oldest first. */
#define CLEAVE_TRUE_PEAK_STATE_FLOATS 32
#define CLEAVE_TRUE_PEAK_STATE_PAST   8 /* where the history begins */

typedef struct cleave_true_peak_args {
    const float *in; /* [R][in_stride] */
    float *out;      /* [R]: maximum of this block, 0 if it is empty */
    const cleave_block *block;
    float *state;       /* [R][CLEAVE_TRUE_PEAK_STATE_FLOATS] */
    int64_t rows;       /* R >= 1 */
    int64_t frames_max; /* 1..CLEAVE_BLOCK_FRAMES_MAX */
    int64_t in_stride;  /* >= frames_max */
    int64_t factor;     /* 2 or 4 */
} cleave_true_peak_args;

/* Weights of phase f = 1 .. factor - 1: table[(f - 1) 48 / factor + i]. */
static inline void cleave_true_peak_table(int64_t factor, double *table)
{
    const int taps = (int)(CLEAVE_TRUE_PEAK_POINTS / factor);

    for (int f = 1; f < factor; f++)
        for (int i = 0; i < taps; i++) {
            const int j = (int)factor * i + f;
            const double x = 3.14159265358979323846 * (j - 24) / (double)factor;
            const double window =
                0.5 - 0.5 * cos(6.28318530717958647692 * j / CLEAVE_TRUE_PEAK_POINTS);
            table[(f - 1) * taps + i] = window * sin(x) / x;
        }
}

/* Sample i of a row's history after `frames` more, from 0, the oldest. */
CLEAVE_INLINE float cleave_true_peak_past(const float *past, const float *in, int64_t frames,
                                          int64_t i)
{
    const int64_t at = frames + i - CLEAVE_TRUE_PEAK_HISTORY;

    return at < 0 ? past[at + CLEAVE_TRUE_PEAK_HISTORY] : in[at];
}

/* An item is one row. */
extern const cleave_op cleave_true_peak_op;
extern const cleave_kernel cleave_true_peak_ref;
extern const cleave_kernel cleave_true_peak_avx2;
extern const cleave_kernel cleave_true_peak_neon;
extern const cleave_kernel cleave_true_peak_cuda;

#ifdef __cplusplus
}
#endif

#endif
