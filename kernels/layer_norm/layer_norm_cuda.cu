/* layer_norm_cuda.cu: a block of threads a third of an item: 16 tokens side by side, whose channels
 * 16 threads each share. */
#include "kernels/cuda_common.cuh"
#include "kernels/layer_norm/layer_norm.h"

#define TOKENS 16
#define PARTS  (CLEAVE_CUDA_THREADS / TOKENS)
#define BLOCKS (CLEAVE_LAYER_NORM_BLOCK / TOKENS) /* of an item */

/* Adds the values of all parts of a token, in a tree; `sums` is [PARTS][TOKENS], part 0 has it. */
static __device__ void add_parts(double *sums, int part, int token)
{
    for (int half = PARTS / 2; half > 0; half /= 2) {
        cleave_barrier();
        if (part < half)
            sums[part * TOKENS + token] += sums[(part + half) * TOKENS + token];
    }
    cleave_barrier();
}

static __global__ void layer_norm_kernel(cleave_layer_norm_args a, int64_t begin)
{
    CLEAVE_SHARED(double, sums, PARTS *TOKENS);
    CLEAVE_SHARED(double, squares, PARTS *TOKENS);
    const int token = (int)threadIdx.x % TOKENS, part = (int)threadIdx.x / TOKENS;
    const int64_t wanted = (begin * BLOCKS + (int64_t)blockIdx.x) * TOKENS + token;
    const int64_t n = cleave_i64_min(wanted, a.tokens - 1);
    const double origin = a.in[n]; /* distances from it lose nothing to a large mean */
    double sum = 0, square = 0;

    for (int64_t d = part; d < a.channels; d += PARTS) {
        const double x = (double)a.in[d * a.tokens + n] - origin;
        sum += x;
        square += x * x;
    }
    sums[threadIdx.x] = sum;
    squares[threadIdx.x] = square;
    add_parts(sums, part, token);
    add_parts(squares, part, token);
    if (wanted >= a.tokens)
        return;
    const double shift = sums[token] / a.channels;
    const double variance = squares[token] / a.channels - shift * shift;
    const double mean = origin + shift, factor = 1 / sqrt(variance + (double)a.epsilon);
    /* x - centre is exact near the mean; what rounding took off the mean comes with the bias. */
    const float centre = (float)mean, root = (float)factor;
    const float rest = (float)(((double)centre - mean) * factor);
    for (int64_t d = part; d < a.channels; d += PARTS) {
        const int64_t at = d * a.tokens + n;
        const float distance = cleave_fma(a.in[at] - centre, root, rest);
        const float v = cleave_fma(distance, a.weight[d], a.bias[d]);
        a.out[at] = a.has_add ? v + a.add[at] : v;
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_layer_norm_args *a = (const cleave_layer_norm_args *)args;
    const int64_t last = cleave_div_up(a->tokens, TOKENS);
    const int64_t end = cleave_i64_min(work->end * BLOCKS, last);

    if (end > work->begin * BLOCKS)
        CLEAVE_LAUNCH(layer_norm_kernel, end - work->begin * BLOCKS, CLEAVE_CUDA_THREADS, 0,
                      work->stream, *a, work->begin);
}

const cleave_kernel cleave_layer_norm_cuda = {run, NULL, NULL, NULL};
