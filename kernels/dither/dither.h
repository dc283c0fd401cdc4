/* dither.h: fewer bits, with dither and shaped noise. */
#ifndef CLEAVE_KERNELS_DITHER_H
#define CLEAVE_KERNELS_DITHER_H

#include "kernels/block.h"
#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out[t] = min(max(q[t], -2^(bits - 1)), 2^(bits - 1) - 1) 2^(1 - bits)
 *
 *   v[t] = in[t] 2^(bits - 1) - sum over k of c_k e[t - k], k = 1..5, in steps of the output
 *   q[t] = round(v[t] + r[t]), ties to even
 *   e[t] = q[t] - v[t]
 *
 * r has a triangular distribution over (-1, 1), the sum of two uniform ones, which makes mean and
 * variance of the error independent of the signal (Lipshitz, Wannamaker and Vanderkooy,
 * "Quantization and dither: a theoretical survey", JAES 40(5), 1992). It is a hash of the seed, the
 * row and the position: the same however a stream is cut. The errors come out filtered by
 * 1 - sum c_k z^-k: c is 0 unless `shaped`, then the five taps for 44.1 kHz of Lipshitz,
 * Vanderkooy and Wannamaker, "Minimally audible noise shaping", JAES 39(11), 1991, in 256ths.
 *
 * The sum is rounded to 2^-20 steps, and so is in: e is then exact, and all variants give the same
 * bits. */
typedef struct cleave_dither_args {
    const float *in; /* [rows][in_stride], finite */
    const cleave_block *block;
    float *state;                  /* [rows][CLEAVE_DITHER_STATE_FLOATS] */
    float *out;                    /* [rows][out_stride]; may be in, not overlap otherwise */
    int64_t rows;                  /* streams times channels, >= 1 */
    int64_t frames_max;            /* 1..CLEAVE_BLOCK_FRAMES_MAX */
    int64_t in_stride, out_stride; /* >= frames_max */
    int32_t bits;                  /* 2..24 */
    int32_t shaped;                /* 0 or 1 */
    uint32_t seed;
} cleave_dither_args;

#define CLEAVE_DITHER_STATE_FLOATS 16

/* An item is one row. */
extern const cleave_op cleave_dither_op;
extern const cleave_kernel cleave_dither_ref, cleave_dither_avx2, cleave_dither_neon,
    cleave_dither_cuda;

#ifdef __cplusplus
}
#endif

#endif
