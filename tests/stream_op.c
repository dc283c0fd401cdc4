/* stream_op.c: pushes programmes through ops of streams. */
#include "tests/stream_op.h"

#include "tests/test.h"
#include "tests/variants.h"

#include <stdlib.h>
#include <string.h>

static void set_pointer(const stream_op *what, size_t field, void *pointer)
{
    memcpy((char *)what->args + field, &pointer, sizeof pointer);
}

/* NaN all over, so that what is read before it was written shows. */
static void *alloc_nan(size_t bytes)
{
    void *memory = variant_alloc(bytes);

    return memset(memory, 0xff, bytes);
}

void stream_op_open(stream_run *run, const stream_op *what, const cleave_ops *ops)
{
    const cleave_kernel *kernel = &ops->kernel[what->op];
    const char *refusal = cleave_op_get(what->op)->check(what->args);
    const size_t state_bytes = (size_t)what->state_floats * sizeof(float);

    if (refusal)
        TEST_FAIL("%s", refusal);
    *run = (stream_run){.what = what, .ops = ops};
    run->block = variant_alloc(sizeof *run->block);
    *run->block = (cleave_block){0};
    run->in = alloc_nan((size_t)(what->in_rows * what->in_stride) * sizeof(float));
    run->out = alloc_nan((size_t)(what->out_rows * what->out_stride) * sizeof(float));
    run->state = variant_alloc(state_bytes);
    memset(run->state, 0, state_bytes);
    run->scratch = alloc_nan(kernel->scratch_bytes ? kernel->scratch_bytes(what->args) : 0);
    run->prepared = alloc_nan(kernel->prepared_bytes ? kernel->prepared_bytes(what->args) : 0);
    if (kernel->prepare)
        kernel->prepare(what->args, run->prepared);
}

void stream_op_close(stream_run *run)
{
    free(run->block);
    free(run->in);
    free(run->out);
    free(run->state);
    free(run->scratch);
    free(run->prepared);
    *run = (stream_run){0};
}

/* One block. Frames of the input beyond it are NaN, as far as a vector might reach. */
static void push_block(stream_run *run, const float *in, float *out, int64_t stride, int64_t frames)
{
    const stream_op *what = run->what;
    float *const to = run->in_place ? run->in : run->out;
    const size_t bytes = (size_t)frames * sizeof(float);
    const size_t beyond = (size_t)cleave_i64_min(64, what->in_stride - frames) * sizeof(float);
    const cleave_work work = {.end = cleave_op_get(what->op)->items(what->args),
                              .scratch = run->scratch,
                              .prepared = run->prepared};

    for (int64_t row = 0; row < what->in_rows; row++) {
        float *from = run->in + row * what->in_stride;
        memcpy(from, in + row * stride, bytes);
        memset(from + frames, 0xff, beyond);
    }
    run->block->frames = (int32_t)frames;
    set_pointer(what, what->in_field, run->in);
    set_pointer(what, what->block_field, run->block);
    set_pointer(what, what->state_field, run->state);
    if (what->out_field != STREAM_OP_NO_OUT)
        set_pointer(what, what->out_field, to);
    run->ops->kernel[what->op].run(what->args, &work);
    run->block->position += frames;
    for (int64_t row = 0; out && row < what->out_rows; row++)
        memcpy(out + row * stride, to + row * what->out_stride, bytes);
}

void stream_op_push(stream_run *run, const float *in, float *out, int64_t stride, int64_t frames,
                    int64_t cut)
{
    static const int64_t mixed[] = {3, 1, 130, 31, 33, 500, 2, 64, 97, 1024, 11};

    for (int64_t at = 0, i = 0; at < frames; i++) {
        const int64_t wanted = cut ? cut : mixed[i % (int64_t)(sizeof mixed / sizeof *mixed)];
        const int64_t room = cleave_i64_min(run->what->frames_max, frames - at);
        const int64_t count = cleave_i64_min(wanted, room);
        push_block(run, in + at, out ? out + at : NULL, stride, count);
        at += count;
    }
}

/* A whole stream into out and state, changed in the middle. */
static void push_stream(const stream_op *what, const cleave_ops *ops, const float *in, float *out,
                        float *state, int64_t stride, int64_t cut, int in_place,
                        void (*changed)(const stream_op *what, int after))
{
    const int64_t middle = changed ? what->frames_max / 2 : 0;
    stream_run run;

    if (changed)
        changed(what, 0);
    stream_op_open(&run, what, ops);
    run.in_place = in_place;
    stream_op_push(&run, in, out, stride, middle, cut);
    if (changed)
        changed(what, 1);
    stream_op_push(&run, in + middle, out + middle, stride, what->frames_max - middle, cut);
    memcpy(state, run.state, (size_t)what->state_floats * sizeof(float));
    stream_op_close(&run);
}

static int may_be_in_place(const stream_op *what)
{
    return cleave_op_get(what->op)->in_place && what->out_field != STREAM_OP_NO_OUT &&
           what->in_rows == what->out_rows && what->in_stride == what->out_stride;
}

int stream_op_check_cuts(const stream_op *what, const float *in, int64_t stride,
                         void (*changed)(const stream_op *what, int after))
{
    static const int64_t cuts[] = {1, 7, 32, 64, 1000, 4096, 0};
    const size_t state_bytes = (size_t)what->state_floats * sizeof(float);
    const size_t out_bytes = (size_t)(what->out_rows * stride) * sizeof(float);
    const variants all = variants_list();
    float *const out[2] = {variant_alloc(out_bytes), variant_alloc(out_bytes)};
    float *const state[2] = {variant_alloc(state_bytes), variant_alloc(state_bytes)};
    int good = 0;

    for (int v = 0; v < all.count; v++) {
        if (v && all.ops[v].kernel[what->op].run == all.ops[v - 1].kernel[what->op].run)
            continue;
        memset(out[0], 0, out_bytes);
        push_stream(what, &all.ops[v], in, out[0], state[0], stride, what->frames_max, 0, changed);
        for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
            const int in_place = cuts[i] == 0 && may_be_in_place(what);
            memset(out[1], 0, out_bytes);
            push_stream(what, &all.ops[v], in, out[1], state[1], stride, cuts[i], in_place,
                        changed);
            const int same_out = !memcmp(out[0], out[1], out_bytes);
            const int same_state = !memcmp(state[0], state[1], state_bytes);
            if (same_out && same_state)
                good += TEST_CHECK(1);
            else
                TEST_FAIL("%s %s in blocks of %lld (0: mixed): another %s than in one",
                          cleave_op_get(what->op)->name, all.ops[v].name, (long long)cuts[i],
                          same_out ? "state" : "output");
        }
    }
    for (int i = 0; i < 2; i++) {
        free(out[i]);
        free(state[i]);
    }
    return good;
}
