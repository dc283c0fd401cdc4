/* lstm_cuda.cu: a block of threads an item, that is one direction of five frames, from its first
 * step to its last: the state stays in shared memory, the weights come from the second-level cache.
 *
 * 64 hidden units at a time: eight threads share the products of each, and one thread for each unit
 * and frame then adds up their sums in order and goes on to the gates. */
#include "kernels/cuda_common.cuh"
#include "kernels/lstm/lstm.h"

#define UNITS   64
#define SLICES  8
#define THREADS (UNITS * SLICES)
#define FRAMES  CLEAVE_LSTM_FRAMES
#define PITCH   8 /* of the frames of a unit's output: two loads of 16 bytes */
#define GATES   4
#define SUMS    (SLICES * GATES * FRAMES * UNITS) /* floats */

/* Weights are [direction][k][unit][gate], units filled up with zeros. */
CLEAVE_INLINE int64_t padded(int64_t hidden)
{
    return cleave_div_up(hidden, UNITS) * UNITS;
}

/* State of an item: outputs of this step and of the next, [2][H][PITCH], and cells, [H][PITCH]. */
CLEAVE_INLINE int64_t state_floats(const cleave_lstm_args *a)
{
    return 3 * (int64_t)a->hidden * PITCH;
}

static size_t shared_bytes(const cleave_lstm_args *a, bool with_state)
{
    return (size_t)(SUMS + (with_state ? state_floats(a) : 0)) * sizeof(float);
}

static bool state_is_shared(const cleave_lstm_args *a)
{
    return shared_bytes(a, true) <= CLEAVE_SHARED_BYTES_MAX;
}

/* Where a block works. */
struct lstm_place {
    int64_t direction, frame; /* the first of up to FRAMES */
};

/* sums[slice][gate][frame][unit] of 64 units from `unit` on: weights times outputs. */
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

/* Position i of the frames for 64 units from `first` on. The input is asked for before the
 * products, so that it is there after them. */
static __device__ void step_units(const cleave_lstm_args &a, const lstm_place &at,
                                  const float *weights, int64_t first, int64_t i, const float *h,
                                  float *next, float *cells, float *sums)
{
    const int own = (int)threadIdx.x % UNITS, f = (int)threadIdx.x / UNITS;
    const int64_t unit = first + own, frame = at.frame + f;
    const bool finishes = f < FRAMES && frame < a.frames && unit < a.hidden;
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

static __global__ void CLEAVE_LAUNCH_BOUNDS(THREADS)
    lstm_kernel(cleave_lstm_args a, const float *prepared, float *scratch, bool shared_state,
                int64_t begin)
{
    CLEAVE_SHARED_DYNAMIC(float, sums);
    const int64_t blocks = cleave_div_up(a.frames, FRAMES), item = begin + (int64_t)blockIdx.x;
    const lstm_place at = {item / blocks, item % blocks * FRAMES};
    const float *weights = prepared + at.direction * a.hidden * padded(a.hidden) * GATES;
    const int64_t size = (int64_t)a.hidden * PITCH;
    float *h = shared_state ? sums + SUMS : scratch + (int64_t)blockIdx.x * state_floats(&a);
    float *next = h + size, *const cells = next + size;

    for (int64_t n = threadIdx.x; n < 3 * size; n += THREADS)
        h[n] = 0;
    cleave_barrier();
    for (int64_t step = 0; step < a.frame; step++) {
        const int64_t i = at.direction ? a.frame - 1 - step : step;
        for (int64_t first = 0; first < a.hidden; first += UNITS)
            step_units(a, at, weights, first, i, h, next, cells, sums);
        float *const done = h;
        h = next;
        next = done;
    }
}

static size_t scratch_bytes(const void *args)
{
    const cleave_lstm_args *a = (const cleave_lstm_args *)args;

    return state_is_shared(a) ? 0
                              : (size_t)(cleave_lstm_op.items(a) * state_floats(a)) * sizeof(float);
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

static void run(const void *args, const cleave_work *work)
{
    const cleave_lstm_args *a = (const cleave_lstm_args *)args;
    const bool shared_state = state_is_shared(a);
    const size_t bytes = shared_bytes(a, shared_state);

    if (work->end <= work->begin)
        return;
    cleave_shared_allow(lstm_kernel, bytes);
    CLEAVE_LAUNCH(lstm_kernel, work->end - work->begin, THREADS, bytes, work->stream, *a,
                  (const float *)work->prepared, (float *)work->scratch, shared_state, work->begin);
}

const cleave_kernel cleave_lstm_cuda = {run, scratch_bytes, prepared_bytes, prepare};
