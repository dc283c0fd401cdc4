/* interleave.h: blocks of interleaved frames to rows of channels, with samples only, and back. */
#ifndef CLEAVE_KERNELS_INTERLEAVE_H
#define CLEAVE_KERNELS_INTERLEAVE_H

#include "kernels/block.h"
#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A magnitude from which on a value is no sample (+120 dB); nor is a NaN. */
#define CLEAVE_SAMPLE_MAX 1.0e6f

typedef enum cleave_interleave_kind {
    CLEAVE_INTERLEAVE_SPLIT, /* rows[s][c][n] = frames[s][n][c], or 0 where that is no sample */
    CLEAVE_INTERLEAVE_JOIN   /* frames[s][n][c] = rows[s][c][n] */
} cleave_interleave_kind;

typedef struct cleave_interleave_args {
    const float *in;           /* SPLIT: [S][frames_max][C]; JOIN: [S][C][stride] */
    const cleave_block *block; /* n < its frames; what lies beyond is left as it is */
    float *out;                /* SPLIT: [S][C][stride]; JOIN: [S][frames_max][C] */
    float *replaced;           /* SPLIT: [S]: values that were no samples; else no operand */
    int32_t streams;           /* S >= 1 */
    int32_t channels;          /* C: 1 to 64 */
    int64_t frames_max;        /* 1..CLEAVE_BLOCK_FRAMES_MAX */
    int64_t stride;            /* >= frames_max */
    cleave_interleave_kind kind;
} cleave_interleave_args;

/* An item is one stream. */
extern const cleave_op cleave_interleave_op;
extern const cleave_kernel cleave_interleave_ref;
extern const cleave_kernel cleave_interleave_avx2;
extern const cleave_kernel cleave_interleave_neon;
extern const cleave_kernel cleave_interleave_cuda;

#ifdef __cplusplus
}
#endif

#endif
