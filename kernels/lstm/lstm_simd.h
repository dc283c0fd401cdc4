/* lstm_simd.h: the body shared by the vector variants; include a simd header and define TILE_GATES
 * first.
 *
 * Lanes are neighbouring hidden units: weights are packed such that those of one unit vector lie in
 * the order in which they are used, and a vector of them serves all frames of an item while it is
 * in a register. What a step reads of the input and writes to the output is a column of a tensor;
 * so both are transposed a block of SIMD_LANES steps at a time. */
#include "kernels/lstm/lstm.h"
#include "kernels/simd_math.h"

#include <string.h>

enum { INPUT_GATE, FORGET_GATE, CELL_GATE, OUTPUT_GATE, GATES };

#define FRAMES CLEAVE_LSTM_FRAMES
#define STEPS  SIMD_LANES /* of a block */
#define PART   512        /* products of a float32 sum; longer ones are summed up in parts */

_Static_assert(GATES % TILE_GATES == 0, "a unit has a whole number of tiles");

/* What an item works on; W is H rounded up to whole vectors, the units past H stay 0. */
typedef struct item {
    const cleave_lstm_args *args;
    int64_t units;                    /* W */
    int64_t direction, first, frames; /* frames `first` to `first + frames` - 1 */
    const float *weight;              /* [W / SIMD_LANES][H][GATES][SIMD_LANES] */
    float *in;                        /* [STEPS][FRAMES][GATES][W]: step i in row i % STEPS */
    float *h;                         /* [STEPS][FRAMES][W] likewise */
    float *zero;                      /* [FRAMES][W]: h before the first step */
    float *c;                         /* [FRAMES][W] */
} item;

static int64_t whole_vectors(int64_t hidden)
{
    return cleave_div_up(hidden, SIMD_LANES) * SIMD_LANES;
}

static size_t scratch_bytes(const void *args)
{
    const cleave_lstm_args *a = args;

    return (size_t)((STEPS * (GATES + 1) + 2) * FRAMES * whole_vectors(a->hidden)) * sizeof(float);
}

/* ---- weights ---- */
static int64_t direction_floats(const cleave_lstm_args *a)
{
    return GATES * whole_vectors(a->hidden) * a->hidden;
}

static size_t prepared_bytes(const void *args)
{
    return 2 * (size_t)direction_floats(args) * sizeof(float);
}

static void prepare(const void *args, void *prepared)
{
    const cleave_lstm_args *a = args;
    const int64_t H = a->hidden, W = whole_vectors(H);
    float *to = prepared;

    for (int64_t direction = 0; direction < 2; direction++)
        for (int64_t unit = 0; unit < W; unit += SIMD_LANES)
            for (int64_t k = 0; k < H; k++)
                for (int64_t row = direction * GATES; row < (direction + 1) * GATES; row++)
                    for (int64_t u = unit; u < unit + SIMD_LANES; u++)
                        *to++ = u < H ? a->weight[(row * H + u) * H + k] : 0.0f;
}

/* ---- input and output ---- */
/* The gates' input of the steps from `begin` on, of one frame and the units from `unit` on: one
 * square of each gate. */
static void load_square(const item *x, int64_t begin, int64_t f, int64_t gate, int64_t unit)
{
    const cleave_lstm_args *a = x->args;
    const int64_t stride = FRAMES * GATES * x->units, t = (x->first + f) * a->in_stride + begin;
    const int64_t row = (x->direction * GATES + gate) * a->hidden + unit;
    float *const to = x->in + (f * GATES + gate) * x->units + unit;

    if (unit + SIMD_LANES <= a->hidden && t + STEPS <= a->in_points) {
        simd_f32 step[STEPS];
        simd_load_transposed(a->in + row * a->in_points + t, a->in_points, step);
#pragma GCC unroll 16
        for (int64_t i = 0; i < STEPS; i++)
            simd_store_aligned(to + i * stride, step[i]);
        return;
    }
    const int64_t units = cleave_i64_min(a->hidden - unit, SIMD_LANES);
    const simd_f32 bias = simd_load_first(a->bias + row, units);
    for (int64_t i = 0; i < STEPS; i++) {
        simd_store_aligned(to + i * stride, bias);
        for (int64_t u = 0; u < units && t + i < a->in_points; u++)
            to[i * stride + u] = a->in[(row + u) * a->in_points + t + i];
    }
}

static void load_block(const item *x, int64_t begin)
{
    for (int64_t f = 0; f < x->frames; f++)
        for (int64_t gate = 0; gate < GATES; gate++)
            for (int64_t unit = 0; unit < x->units; unit += SIMD_LANES)
                load_square(x, begin, f, gate, unit);
}

/* Writes the steps `begin` to `end` - 1, at most STEPS, of one frame. */
static void store_steps(const item *x, int64_t f, int64_t begin, int64_t end)
{
    const cleave_lstm_args *a = x->args;
    const int64_t skip = begin % STEPS, stride = FRAMES * x->units;

    for (int64_t unit = 0; unit < a->hidden; unit += SIMD_LANES) {
        float *const out = a->out + (x->direction * a->hidden + unit) * a->out_points +
                           (x->first + f) * a->out_stride + begin;
        const int64_t units = cleave_i64_min(a->hidden - unit, SIMD_LANES);
        simd_f32 row[SIMD_LANES];

        simd_load_transposed(x->h + f * x->units + unit, stride, row);
        if (units == SIMD_LANES && end - begin == STEPS) {
#pragma GCC unroll 16
            for (int u = 0; u < SIMD_LANES; u++)
                simd_store(out + u * a->out_points, row[u]);
            continue;
        }
        for (int64_t u = 0; u < units; u++) {
            float steps[STEPS];
            simd_store(steps, row[u]);
            memcpy(out + u * a->out_points, steps + skip, (size_t)(end - begin) * sizeof *out);
        }
    }
}

/* Writes what is wanted of the steps from `begin` on. */
static void store_block(const item *x, int64_t begin)
{
    const cleave_lstm_args *a = x->args;

    for (int64_t f = 0; f < x->frames; f++) {
        const int64_t frame = x->first + f;
        const int64_t from = frame ? a->margin : 0;
        const int64_t to = a->frame - (frame + 1 < a->frames ? a->margin : 0);
        const int64_t last = cleave_i64_min(to, a->out_points - frame * a->out_stride);
        const int64_t start = cleave_i64_max(begin, from);
        const int64_t end = cleave_i64_min(begin + STEPS, last);

        if (start < end)
            store_steps(x, f, start, end);
    }
}

/* ---- recurrence ---- */
/* sum[f][n] += sum_k weight[k][n] h[f][k] over `count` products; h lies W apart. */
SIMD_INLINE void multiply(const float *weight, const float *h, int64_t W, int64_t count,
                          simd_f32 sum[FRAMES][GATES])
{
    for (int g = 0; g < GATES; g += TILE_GATES) {
        simd_f32 part[FRAMES][TILE_GATES];
#pragma GCC unroll 8
        for (int f = 0; f < FRAMES; f++)
#pragma GCC unroll 8
            for (int n = 0; n < TILE_GATES; n++)
                part[f][n] = simd_zero();
        for (int64_t k = 0; k < count; k++) {
            simd_f32 w[TILE_GATES];
#pragma GCC unroll 8
            for (int n = 0; n < TILE_GATES; n++)
                w[n] = simd_load_aligned(weight + (k * GATES + g + n) * SIMD_LANES);
#pragma GCC unroll 8
            for (int f = 0; f < FRAMES; f++) {
                const simd_f32 value = simd_set1(h[f * W + k]);
#pragma GCC unroll 8
                for (int n = 0; n < TILE_GATES; n++)
                    part[f][n] = simd_fma(value, w[n], part[f][n]);
            }
        }
#pragma GCC unroll 8
        for (int f = 0; f < FRAMES; f++)
#pragma GCC unroll 8
            for (int n = 0; n < TILE_GATES; n++)
                sum[f][g + n] = simd_add(sum[f][g + n], part[f][n]);
    }
}

/* Step i of all frames: `before` is h after the step before. */
static void run_step(const item *x, int64_t i, const float *before)
{
    const int64_t H = x->args->hidden, W = x->units;
    const float *const in = x->in + i % STEPS * FRAMES * GATES * W;
    float *const h = x->h + i % STEPS * FRAMES * W;

    for (int64_t unit = 0; unit < W; unit += SIMD_LANES) {
        const float *const weight = x->weight + unit * GATES * H;
        simd_f32 sum[FRAMES][GATES];
#pragma GCC unroll 8
        for (int f = 0; f < FRAMES; f++)
#pragma GCC unroll 8
            for (int n = 0; n < GATES; n++)
                sum[f][n] = simd_load_aligned(in + (f * GATES + n) * W + unit);
        for (int64_t k = 0; k < H; k += PART)
            multiply(weight + k * GATES * SIMD_LANES, before + k, W, cleave_i64_min(H - k, PART),
                     sum);
        for (int64_t f = 0; f < x->frames; f++) {
            float *const cell = x->c + f * W + unit;
            const simd_f32 kept = simd_sigmoid(sum[f][FORGET_GATE]);
            const simd_f32 open = simd_sigmoid(sum[f][INPUT_GATE]);
            const simd_f32 fresh = simd_mul(open, simd_tanh(sum[f][CELL_GATE]));
            const simd_f32 c = simd_fma(kept, simd_load_aligned(cell), fresh);
            simd_store_aligned(cell, c);
            simd_store_aligned(h + f * W + unit,
                               simd_mul(simd_sigmoid(sum[f][OUTPUT_GATE]), simd_tanh(c)));
        }
    }
}

static void run_forward(const item *x)
{
    const float *before = x->zero;

    for (int64_t begin = 0; begin < x->args->frame; begin += STEPS) {
        load_block(x, begin);
        for (int64_t i = begin; i < cleave_i64_min(begin + STEPS, x->args->frame); i++) {
            run_step(x, i, before);
            before = x->h + i % STEPS * FRAMES * x->units;
        }
        store_block(x, begin);
    }
}

static void run_backward(const item *x)
{
    const float *before = x->zero;

    for (int64_t begin = (x->args->frame - 1) / STEPS * STEPS; begin >= 0; begin -= STEPS) {
        load_block(x, begin);
        for (int64_t i = cleave_i64_min(begin + STEPS, x->args->frame) - 1; i >= begin; i--) {
            run_step(x, i, before);
            before = x->h + i % STEPS * FRAMES * x->units;
        }
        store_block(x, begin);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_lstm_args *a = args;
    const int64_t blocks = cleave_div_up(a->frames, FRAMES), W = whole_vectors(a->hidden);
    item x = {.args = a, .units = W, .in = work->scratch};

    x.h = x.in + STEPS * FRAMES * GATES * W;
    x.zero = x.h + STEPS * FRAMES * W;
    x.c = x.zero + FRAMES * W;
    /* Frames that the last item lacks are computed on zeros. */
    memset(work->scratch, 0, scratch_bytes(args));
    for (int64_t index = work->begin; index < work->end; index++) {
        x.direction = index / blocks;
        x.first = index % blocks * FRAMES;
        x.frames = cleave_i64_min(FRAMES, a->frames - x.first);
        x.weight = (const float *)work->prepared + x.direction * direction_floats(a);
        memset(x.c, 0, (size_t)(FRAMES * W) * sizeof(float));
        if (x.direction)
            run_backward(&x);
        else
            run_forward(&x);
    }
}
