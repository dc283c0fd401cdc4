/* repetition_cuda.cu: a block of threads a frame. All look for the most like frame together, as
 * often as frames are wanted; then each finds medians of bins. The likeness is computed as on the
 * CPU, by operations that IEEE 754 rounds, so that the same frames are taken. */
#include "kernels/cuda_common.cuh"
#include "kernels/repetition/repetition.h"

#include <string.h>

#define THREADS CLEAVE_CUDA_THREADS
#define PICKS   CLEAVE_REPETITION_PICKS_MAX

/* A float in a double leaves 29 bits free, and there are at most 2^24 frames (T x T <= 2^48). */
#define INDEX_MASK (((uint64_t)1 << 29) - 1)

static_assert(CLEAVE_FLOATS_MAX <= (int64_t)1 << 48, "frames fit into the bits that are free");

/* A positive number that is the larger, the larger the likeness, and of equal ones the lower j. */
static __device__ double key_of(float likeness, int64_t j)
{
    double key = likeness;
    uint64_t bits;

    memcpy(&bits, &key, sizeof bits);
    bits |= INDEX_MASK - (uint64_t)j;
    memcpy(&key, &bits, sizeof bits);
    return key;
}

static __device__ int64_t frame_of(double key)
{
    uint64_t bits;

    memcpy(&bits, &key, sizeof bits);
    return (int64_t)(INDEX_MASK - (bits & INDEX_MASK));
}

static __device__ bool within(int64_t a, int64_t b, int64_t distance)
{
    return a - b <= distance && b - a <= distance;
}

/* Whether frame j may follow the `count` frames taken for frame t. */
static __device__ bool allowed(const cleave_repetition_args &a, int64_t t, int64_t j,
                               const int64_t *taken, int count)
{
    if (j < a.lead || j >= a.frames - a.tail || within(j, t, a.near))
        return false;
    for (int i = 0; i < count; i++)
        if (within(j, taken[i], a.spread))
            return false;
    return true;
}

/* The largest key of the block, for lane 0 of warp 0, which alone looks at those of the others. */
static __device__ double largest(const double *key)
{
    double value = 0;

    for (int i = (int)threadIdx.x; i < THREADS; i += CLEAVE_WARP)
        value = cleave_maximum::combine(value, key[i]);
    for (int delta = CLEAVE_WARP / 2; delta > 0; delta /= 2)
        value = cleave_maximum::combine(value, cleave_shuffle_down(value, delta));
    return value;
}

/* The frames taken for frame t into taken[], -1 behind the last if they are fewer than wanted;
 * returns how many to use. Every thread calls it. key[] has a place for each of them. */
static __device__ int pick(const cleave_repetition_args &a, const float *inverse, int64_t t,
                           int64_t *taken, double *key)
{
    int count = 0;

    for (; count < a.picks; count++) {
        double best = 0;

        for (int64_t j = threadIdx.x; j < a.frames; j += THREADS) {
            const float likeness = a.gram[t * a.frames + j] * inverse[j];
            if (likeness > 0 && allowed(a, t, j, taken, count))
                best = cleave_maximum::combine(best, key_of(likeness, j));
        }
        key[threadIdx.x] = best;
        cleave_barrier();
        if (threadIdx.x < CLEAVE_WARP) {
            best = largest(key);
            if (threadIdx.x == 0)
                taken[count] = best > 0 ? frame_of(best) : -1;
        }
        cleave_barrier();
        if (taken[count] < 0)
            break;
    }
    return count < CLEAVE_REPETITION_PICKS_MIN ? 0 : count - (count + 1) % 2;
}

/* Middle of 15 values, which are sorted by exchanges of neighbours (odd-even transposition). */
static __device__ float median(float *v)
{
    CLEAVE_UNROLL
    for (int round = 0; round < PICKS; round++) {
        CLEAVE_UNROLL
        for (int i = round % 2; i + 1 < PICKS; i += 2) {
            const float low = fminf(v[i], v[i + 1]), high = fmaxf(v[i], v[i + 1]);
            v[i] = low;
            v[i + 1] = high;
        }
    }
    return v[PICKS / 2];
}

/* Fewer than 15 values, an odd number, are filled up with as many zeros as infinities. */
static __device__ float median_of(const cleave_repetition_args &a, const int64_t *taken, int count,
                                  int64_t f)
{
    float v[PICKS];

    CLEAVE_UNROLL
    for (int k = 0; k < PICKS; k++)
        v[k] = k < count ? a.in[taken[k] * a.bins + f] : k % 2 ? 0.0f : INFINITY;
    return median(v);
}

/* inverse[j] = 1 / |frame j|; 0 for silence, which is like nothing. */
static __global__ void inverse_kernel(cleave_repetition_args a, float *inverse)
{
    const int64_t j = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;

    if (j < a.frames) {
        const float square = a.gram[j * a.frames + j];
        inverse[j] = square > 0 ? 1 / sqrtf(square) : 0.0f;
    }
}

static __global__ void repetition_kernel(cleave_repetition_args a, const float *inverse,
                                         int64_t begin)
{
    CLEAVE_SHARED(int64_t, taken, PICKS);
    CLEAVE_SHARED(double, key, THREADS);
    const int64_t t = begin + (int64_t)blockIdx.x;
    const int count = pick(a, inverse, t, taken, key);

    for (int64_t f = threadIdx.x; f < a.bins; f += THREADS)
        a.out[t * a.bins + f] =
            count ? median_of(a, taken, count, f) : a.alone * a.in[t * a.bins + f];
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_repetition_args *a = (const cleave_repetition_args *)args;
    float *inverse = (float *)work->scratch;

    if (work->end <= work->begin)
        return;
    CLEAVE_LAUNCH(inverse_kernel, cleave_div_up(a->frames, THREADS), THREADS, 0, work->stream, *a,
                  inverse);
    CLEAVE_LAUNCH(repetition_kernel, work->end - work->begin, THREADS, 0, work->stream, *a, inverse,
                  work->begin);
}

static size_t scratch_bytes(const void *args)
{
    return (size_t)((const cleave_repetition_args *)args)->frames * sizeof(float);
}

const cleave_kernel cleave_repetition_cuda = {run, scratch_bytes, NULL, NULL};
