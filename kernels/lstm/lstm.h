/* lstm.h: the recurrent part of a bidirectional LSTM layer, on overlapping frames of a sequence. */
#ifndef CLEAVE_KERNELS_LSTM_H
#define CLEAVE_KERNELS_LSTM_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Direction 0 runs from the first step of a frame to its last, direction 1 from the last to the
 * first; state and output are 0 before the first step of either. At step i of frame f, with
 * t = f in_stride + i and the gates in the order input, forget, cell, output:
 *
 *   g = in[direction][.][t] (bias[direction][.] where t >= in_points)  + weight[direction] h
 *   c = sigmoid(g_forget) c + sigmoid(g_input) tanh(g_cell);  h = sigmoid(g_output) tanh(c)
 *
 * in = W_x x + both biases is made by the caller: it does not recur. h is written to
 * out[direction H + .][f out_stride + i] where margin <= i < frame - margin (from 0 in the first
 * frame, up to the end in the last) and f out_stride + i < out_points: with a margin of half the
 * overlap the frames join to one sequence. Frames may not write to the same place. (Hochreiter and
 * Schmidhuber, "Long short-term memory", 1997.) */
typedef struct cleave_lstm_args {
    const float *in;               /* [2][4 H][in_points] */
    const float *weight;           /* [2][4 H][H]; constant, read by prepare() only */
    const float *bias;             /* [2][4 H] */
    float *out;                    /* [2 H][out_points]; overlaps no other */
    int32_t hidden;                /* H >= 1 */
    int64_t frames;                /* >= 1 */
    int64_t frame;                 /* steps of one, >= 1 */
    int64_t in_stride;             /* steps from one frame to the next in in... */
    int64_t out_stride;            /* ...and in out; >= frame - 2 margin if frames > 1 */
    int64_t in_points, out_points; /* >= 1 */
    int64_t margin;                /* 0 <= 2 margin < frame */
} cleave_lstm_args;

/* An item is one direction of CLEAVE_LSTM_FRAMES frames. */
#define CLEAVE_LSTM_FRAMES 5
extern const cleave_op cleave_lstm_op;
extern const cleave_kernel cleave_lstm_ref;
extern const cleave_kernel cleave_lstm_avx2;
extern const cleave_kernel cleave_lstm_avx512;
extern const cleave_kernel cleave_lstm_neon;
extern const cleave_kernel cleave_lstm_cuda;

#ifdef __cplusplus
}
#endif

#endif
