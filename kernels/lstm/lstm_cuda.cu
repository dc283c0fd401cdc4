/* lstm_cuda.cu: several blocks of threads an item, that is one direction of five frames, from its
 * first step to its last. Each has some of the hidden units; after every step it waits for what the
 * others have made of theirs.
 *
 * 16 units at a time: 32 threads share the products of each, and one thread for each unit and frame
 * then adds up their sums in order and goes on to the gates. */
#include "kernels/cuda_common.cuh"
#include "kernels/lstm/lstm.h"

#define UNITS     16
#define SLICES    32
#define THREADS   (UNITS * SLICES)
#define FRAMES    CLEAVE_LSTM_FRAMES
#define PITCH     8 /* of the frames of a unit's output: two loads of 16 bytes */
#define GATES     4
#define SUMS      (SLICES * GATES * FRAMES * UNITS) /* floats */
#define PARTS_MAX 256                               /* blocks of an item */

/* Weights are [direction][k][unit][gate], units filled up with zeros. */
CLEAVE_INLINE int64_t padded(int64_t hidden)
{
    return cleave_div_up(hidden, UNITS) * UNITS;
}

/* State of an item, in scratch: for each block the steps it has done; outputs of this step and of
 * the next, [2][H][PITCH]; cells, [H][PITCH]. */
CLEAVE_INLINE int64_t state_words(const cleave_lstm_args *a)
{
    return PARTS_MAX + 3 * (int64_t)a->hidden * PITCH;
}

/* Where a block works. */
struct lstm_place {
    int64_t direction, frame; /* the first of up to FRAMES */
    int64_t unit, end;        /* its units */
};

/* sums[slice][gate][frame][unit] of 16 units from `unit` on: weights times outputs. */
static __device__ void multiply(const float *weights, const float *h, int64_t hidden, int64_t unit,
                                float *sums)
{
    const int own = (int)threadIdx.x % UNITS, slice = (int)threadIdx.x / UNITS;
    const int64_t row = padded(hidden);
    float sum[GATES][FRAMES] = {};

    CLEAVE_UNROLL_BY(4)
    for (int64_t k = slice; k < hidden; k += SLICES) {
        float w[GATES], x[PITCH];
        cleave_load_floats(weights + (k * row + unit + own) * GATES, w);
        cleave_load_floats(h + k * PITCH, x);
        cleave_load_floats(h + k * PITCH + 4, x + 4);
        CLEAVE_UNROLL
        for (int g = 0; g < GATES; g++) {
            CLEAVE_UNROLL
            for (int f = 0; f < FRAMES; f++)
                sum[g][f] = cleave_fma(w[g], x[f], sum[g][f]);
        }
    }
    CLEAVE_UNROLL
    for (int g = 0; g < GATES; g++) {
        CLEAVE_UNROLL
        for (int f = 0; f < FRAMES; f++)
            sums[((slice * GATES + g) * FRAMES + f) * UNITS + own] = sum[g][f];
    }
}

/* What the input gives to the gates of a unit at position t. */
static __device__ void input_of(const cleave_lstm_args &a, int64_t direction, int64_t unit,
                                int64_t t, float g[GATES])
{
    CLEAVE_UNROLL
    for (int n = 0; n < GATES; n++) {
        const int64_t row = (direction * GATES + n) * a.hidden + unit;
        g[n] = t < a.in_points ? a.in[row * a.in_points + t] : a.bias[row];
    }
}

/* The new output of a unit whose gates have sums g. */
static __device__ float step_unit(const float g[GATES], float *cell)
{
    *cell = cleave_sigmoid(g[1]) * *cell + cleave_sigmoid(g[0]) * tanhf(g[2]);
    return cleave_sigmoid(g[3]) * tanhf(*cell);
}

static __device__ void write_out(const cleave_lstm_args &a, int64_t direction, int64_t unit,
                                 int64_t frame, int64_t i, float value)
{
    const int64_t from = frame ? a.margin : 0;
    const int64_t to = a.frame - (frame + 1 < a.frames ? a.margin : 0);
    const int64_t place = frame * a.out_stride + i;

    if (i >= from && i < to && place < a.out_points)
        a.out[(direction * a.hidden + unit) * a.out_points + place] = value;
}

/* Position i of the frames for 16 units from `first` on. The input is asked for before the
 * products, so that it is there after them. */
static __device__ void step_units(const cleave_lstm_args &a, const lstm_place &at,
                                  const float *weights, int64_t first, int64_t i, const float *h,
                                  float *next, float *cells, float *sums)
{
    const int own = (int)threadIdx.x % UNITS, f = (int)threadIdx.x / UNITS;
    const int64_t unit = first + own, frame = at.frame + f;
    const bool finishes = f < FRAMES && frame < a.frames && unit < at.end;
    float g[GATES];

    if (finishes)
        input_of(a, at.direction, unit, frame * a.in_stride + i, g);
    multiply(weights, h, a.hidden, first, sums);
    cleave_barrier();
    if (finishes) {
        CLEAVE_UNROLL
        for (int n = 0; n < GATES; n++) {
            CLEAVE_UNROLL
            for (int slice = 0; slice < SLICES; slice++)
                g[n] += sums[((slice * GATES + n) * FRAMES + f) * UNITS + own];
        }
        const float value = step_unit(g, cells + unit * PITCH + f);
        next[unit * PITCH + f] = value;
        write_out(a, at.direction, unit, frame, i, value);
    }
    cleave_barrier();
}

static __global__ void clear_kernel(uint32_t *words, int64_t count)
{
    const int64_t step = (int64_t)gridDim.x * CLEAVE_CUDA_THREADS;

    for (int64_t i = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x; i < count; i += step)
        words[i] = 0;
}

/* Waits until all blocks of the item have done so many steps. */
static __device__ void wait_for_all(uint32_t *done, int32_t part, int32_t parts, uint32_t steps)
{
    cleave_barrier();
    if (threadIdx.x == 0)
        cleave_flag_raise(done + part, steps);
    if ((int32_t)threadIdx.x < parts)
        cleave_flag_wait(done + threadIdx.x, steps);
    cleave_barrier();
}

/* Two buffers of outputs take turns: nobody writes into the one that others still read, since that
 * would be two steps ahead of them. */
static __global__ void CLEAVE_LAUNCH_BOUNDS(THREADS)
    lstm_kernel(cleave_lstm_args a, const float *prepared, uint32_t *scratch, int32_t parts,
                int64_t begin)
{
    CLEAVE_SHARED(float, sums, SUMS);
    const int64_t blocks = cleave_div_up(a.frames, FRAMES), item = begin + blockIdx.x / parts;
    const int64_t each = cleave_div_up(padded(a.hidden) / UNITS, parts) * UNITS;
    const int32_t part = (int32_t)blockIdx.x % parts;
    const lstm_place at = {item / blocks, item % blocks * FRAMES, part * each,
                           cleave_i64_min((part + 1) * each, a.hidden)};
    const float *weights = prepared + at.direction * a.hidden * padded(a.hidden) * GATES;
    const int64_t size = (int64_t)a.hidden * PITCH;
    uint32_t *const done = scratch + (int64_t)(blockIdx.x / parts) * state_words(&a);
    float *h = (float *)(done + PARTS_MAX), *next = h + size, *const cells = next + size;

    for (int64_t step = 0; step < a.frame; step++) {
        const int64_t i = at.direction ? a.frame - 1 - step : step;
        for (int64_t first = at.unit; first < at.end; first += UNITS)
            step_units(a, at, weights, first, i, h, next, cells, sums);
        wait_for_all(done, part, parts, (uint32_t)(step + 1));
        float *const last = h;
        h = next;
        next = last;
    }
}

static size_t scratch_bytes(const void *args)
{
    const cleave_lstm_args *a = (const cleave_lstm_args *)args;

    return (size_t)(cleave_lstm_op.items(a) * state_words(a)) * sizeof(uint32_t);
}

static size_t prepared_bytes(const void *args)
{
    const cleave_lstm_args *a = (const cleave_lstm_args *)args;

    return (size_t)(2 * GATES * (int64_t)a->hidden * padded(a->hidden)) * sizeof(float);
}

static void prepare(const void *args, void *prepared)
{
    const cleave_lstm_args *a = (const cleave_lstm_args *)args;
    const int64_t H = a->hidden;
    float *to = (float *)prepared;

    for (int64_t direction = 0; direction < 2; direction++)
        for (int64_t k = 0; k < H; k++)
            for (int64_t n = 0; n < padded(H) * GATES; n++) {
                const int64_t row = (direction * GATES + n % GATES) * H + n / GATES;
                *to++ = n / GATES < H ? a->weight[row * H + k] : 0;
            }
}

/* Up to as many blocks as multiprocessors wait for each other; more items come in turn. How many
 * blocks an item has changes no sum. */
static void run(const void *args, const cleave_work *work)
{
    const cleave_lstm_args *a = (const cleave_lstm_args *)args;
    const int64_t most = cleave_multiprocessors(), groups = padded(a->hidden) / UNITS;

    if (work->end <= work->begin)
        return;
    for (int64_t begin = work->begin; begin < work->end; begin += most) {
        const int64_t items = cleave_i64_min(work->end - begin, most);
        const int64_t parts =
            cleave_i64_min(cleave_i64_min(most / items, groups), (int64_t)PARTS_MAX);
        const int64_t words = items * state_words(a);
        CLEAVE_LAUNCH(clear_kernel, cleave_i64_min(cleave_div_up(words, CLEAVE_CUDA_THREADS), 1024),
                      CLEAVE_CUDA_THREADS, 0, work->stream, (uint32_t *)work->scratch, words);
        CLEAVE_LAUNCH_TOGETHER(lstm_kernel, items * parts, THREADS, 0, work->stream, *a,
                               (const float *)work->prepared, (uint32_t *)work->scratch,
                               (int32_t)parts, begin);
    }
}

const cleave_kernel cleave_lstm_cuda = {run, scratch_bytes, prepared_bytes, prepare};
