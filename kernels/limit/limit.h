/* limit.h: a look-ahead limiter of true peaks. */
#ifndef CLEAVE_KERNELS_LIMIT_H
#define CLEAVE_KERNELS_LIMIT_H

#include "kernels/block.h"
#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out[t] = in[t - latency] (1 - a(t)), the attenuation a common to the channels of a stream.
 *
 * Frames are seen in cells of CLEAVE_LIMIT_CELL. The peak p of a cell is the largest magnitude, of
 * all channels, at its frames and at three points between each and the next, which a Kaiser
 * windowed sinc of 48 taps a point interpolates (only at the frames unless true_peak). Then, once
 * a cell:
 *
 *   v = max(0, 1 - c / p)      what the cell needs; c = threshold / margin
 *   m = max of v over the last cells + 2 cells
 *   u = max(m, release u)      at once up, exponentially down
 *   a = mean over two windows, one after the other, that span cells + 1 values of u
 *
 * and a runs from one cell's value to the next on a line. All u in the windows have seen the cell
 * that leaves the delay, so a is never less than it needs. a is exactly 0 where no v was above 0
 * since it came back to less than 2^-26, and then out is in, delayed, bit for bit. v and u are
 * rounded up to multiples of 2^-24, so that the running sums are exact and do not drift.
 *
 * The margin is 0.6 dB with true_peak and 2^-20 without: peaks that come nearer to the threshold
 * than that are lowered, too. It covers peaks between the points of the grid, up to 0.2 dB, what an
 * interpolator of 48 taps does not see of the top twentieth of the band, and what the meter of
 * ITU-R BS.1770-4, annex 2, reads in excess, 0.2 dB for a sine of a quarter of the rate.
 */
typedef struct cleave_limit_args {
    const float *in; /* [streams][channels][in_stride] */
    const cleave_block *block;
    const double *parameters; /* [CLEAVE_LIMIT_PARAMETERS]; all of them glide */
    float *state;             /* [streams][cleave_limit_state_floats()] */
    float *out;         /* [streams][channels][out_stride]; may be in, not overlap otherwise */
    int64_t streams;    /* >= 1 */
    int32_t channels;   /* 1..64 */
    int32_t true_peak;  /* 0 or 1 */
    int64_t frames_max; /* 1..CLEAVE_BLOCK_FRAMES_MAX */
    int64_t in_stride, out_stride; /* >= frames_max */
    int32_t cells; /* the look-ahead: CLEAVE_LIMIT_CELLS_MIN..CLEAVE_LIMIT_CELLS_MAX */
} cleave_limit_args;

enum {
    CLEAVE_LIMIT_THRESHOLD, /* as an amplitude, > 0 */
    CLEAVE_LIMIT_RELEASE,   /* what of u is left after a cell: exp(-8 / (seconds rate)) */
    CLEAVE_LIMIT_PARAMETERS
};

#define CLEAVE_LIMIT_CELL      8
#define CLEAVE_LIMIT_CELLS_MIN 4
#define CLEAVE_LIMIT_CELLS_MAX 4096

/* An item is one stream. */
extern const cleave_op cleave_limit_op;
extern const cleave_kernel cleave_limit_ref, cleave_limit_avx2, cleave_limit_neon,
    cleave_limit_cuda;

/* Of one stream; a multiple of 16. */
int64_t cleave_limit_state_floats(const cleave_limit_args *args);

/* Frames that the output lags behind: 8 (cells + 4). */
int64_t cleave_limit_latency_frames(const cleave_limit_args *args);

/* The table of all variants: taps of the points at 1/4 and at 1/2 between two frames. */
size_t cleave_limit_prepared_bytes(const void *args);
void cleave_limit_prepare(const void *args, void *prepared);

#ifdef __cplusplus
}
#endif

#endif
