/* convolve.h: a stream convolved with a response of any length, without delay. */
#ifndef CLEAVE_KERNELS_CONVOLVE_H
#define CLEAVE_KERNELS_CONVOLVE_H

#include "kernels/block.h"
#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_CONVOLVE_TAPS_MAX (1 << 24)

/* Parameters, linear gains, all of which glide. */
enum { CLEAVE_CONVOLVE_WET, CLEAVE_CONVOLVE_DRY, CLEAVE_CONVOLVE_PARAMETERS };

/* For each of the C channels of every stream, r its response:
 *
 *   out[n] = dry in[n - late] + wet sum over k < taps of response_r[k] in[n - late - k]
 *
 * The first 64 taps are summed as they stand; those beyond by transforms of blocks of 64, 512, 4096
 * and 32768 frames, the longer ones so far ahead that their work is spread over a whole block
 * (Gardner, "Efficient convolution without input-output delay", JAES 43, 1995). Where the output
 * may be late, the short ones and the direct sum are not needed. */
typedef struct cleave_convolve_args {
    const float *in; /* [streams][C][in_stride] */
    const cleave_block *block;
    const double *parameters; /* [CLEAVE_CONVOLVE_PARAMETERS] */
    const float *response;    /* [responses][taps], a constant that prepare() reads */
    float *state;             /* [cleave_convolve_state_floats()], on 64 bytes */
    float *out;               /* [streams][C][out_stride]; may be in, not overlap otherwise */
    int64_t in_stride;        /* floats from one channel to the next, >= frames_max */
    int64_t out_stride;       /* the same */
    int32_t streams;          /* 1 to 65536 */
    int32_t channels;         /* C: 1 to 8 */
    int32_t frames_max;       /* 1 to CLEAVE_BLOCK_FRAMES_MAX */
    int32_t responses;        /* 1, for all channels, or C */
    int32_t taps;             /* 1 to CLEAVE_CONVOLVE_TAPS_MAX */
    int32_t late;             /* frames: 0, 1024, 8192 or 65536 */
} cleave_convolve_args;

/* Of the whole state tensor. */
int64_t cleave_convolve_state_floats(const cleave_convolve_args *args);

/* An item is a channel of a stream. */
extern const cleave_op cleave_convolve_op;
extern const cleave_kernel cleave_convolve_ref;
extern const cleave_kernel cleave_convolve_avx2;
extern const cleave_kernel cleave_convolve_neon;
extern const cleave_kernel cleave_convolve_cuda;

#ifdef __cplusplus
}
#endif

#endif
