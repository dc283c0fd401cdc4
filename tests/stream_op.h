/* stream_op.h: an op of streams on a whole programme, cut into blocks, and the test that the cuts
 * do not show. */
#ifndef CLEAVE_TESTS_STREAM_OP_H
#define CLEAVE_TESTS_STREAM_OP_H

#include "kernels/block.h"
#include "kernels/ops.h"

/* Which op, and where its argument struct has what changes from block to block. All other fields,
 * `parameters` among them, are the caller's; he may change what they point at between two calls of
 * stream_op_push(). */
typedef struct stream_op {
    int op;     /* CLEAVE_OP_* */
    void *args; /* its argument struct; the four fields below are set here */
    size_t in_field, out_field, block_field, state_field; /* offsetof() the pointers */
    int64_t in_rows, out_rows;                            /* streams times channels */
    int64_t in_stride, out_stride;                        /* as in args; at least frames_max */
    int64_t frames_max;                                   /* as in args */
    int64_t state_floats;
} stream_op;

#define STREAM_OP_NO_OUT ((size_t)-1) /* as out_field: a meter, whose outputs are the caller's */

/* A stream under way on one table. */
typedef struct stream_run {
    const stream_op *what;
    const cleave_ops *ops;
    cleave_block *block;
    float *in, *out, *state;
    void *prepared, *scratch;
    int in_place; /* the output is written over the input */
} stream_run;

/* At the start of a stream, with the tables of args made. */
void stream_op_open(stream_run *run, const stream_op *what, const cleave_ops *ops);
void stream_op_close(stream_run *run);

/* The next `frames` frames, in[row * stride + i], in blocks of `cut` frames; 0 stands for blocks of
 * mixed sizes. The output goes to out[row * stride + i]; it may be NULL. */
void stream_op_push(stream_run *run, const float *in, float *out, int64_t stride, int64_t frames,
                    int64_t cut);

/* Pushes frames_max frames in one block, then in blocks of 1, 7, 32, 64, 1000, 4096 and mixed
 * sizes, these in place if the op allows it, on each table of this processor: output and state must
 * be the same bytes. `changed`, if it is not NULL, is called in the middle of the stream to change
 * parameters (`after` = 1) and before its start to have them as they were (0). Counts failures of
 * the running test; returns how many comparisons were good. */
int stream_op_check_cuts(const stream_op *what, const float *in, int64_t stride,
                         void (*changed)(const stream_op *what, int after));

#endif
