/* attention_1.cu: three kernels, with the scores in memory.
 *
 * The definition: all scores, then the softmax of every row, then the sums of values. The scores of
 * a head are queries x keys floats, written once, read and written again, and read at last: more
 * bytes than all else together. */
#include "kernels/attention/attention.h"
#include "bench/ladder/ladder.h"
#include "kernels/cuda_common.cuh"

/* scores[h][s][t], a thread each. */
static __global__ void attention_1_scores_kernel(cleave_attention_args a, float *scores)
{
    const int64_t index = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const int64_t t = index % a.keys, s = index / a.keys % a.queries;
    const int64_t head = index / a.keys / a.queries;
    float sum = 0;

    if (head >= a.heads)
        return;
    for (int64_t c = head * a.width; c < (head + 1) * a.width; c++)
        sum = cleave_fma(a.q[c * a.q_stride + s], a.k[c * a.kv_stride + t], sum);
    scores[index] = sum * a.scale;
}

/* A warp a row. */
static __global__ void attention_1_softmax_kernel(cleave_attention_args a, float *scores)
{
    const int64_t row = ((int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x) / CLEAVE_WARP;
    const int lane = (int)threadIdx.x % CLEAVE_WARP;
    float *const from = scores + row * a.keys;
    float largest = -INFINITY, sum = 0;

    if (row >= a.heads * a.queries)
        return;
    for (int64_t t = lane; t < a.keys; t += CLEAVE_WARP)
        largest = fmaxf(largest, from[t]);
    for (int mask = CLEAVE_WARP / 2; mask > 0; mask /= 2)
        largest = fmaxf(largest, cleave_shuffle_xor(largest, mask));
    for (int64_t t = lane; t < a.keys; t += CLEAVE_WARP)
        sum += expf(from[t] - largest);
    for (int mask = CLEAVE_WARP / 2; mask > 0; mask /= 2)
        sum += cleave_shuffle_xor(sum, mask);
    for (int64_t t = lane; t < a.keys; t += CLEAVE_WARP)
        from[t] = expf(from[t] - largest) / sum;
}

/* out[h d + c][s], a thread each. */
static __global__ void attention_1_values_kernel(cleave_attention_args a, const float *scores)
{
    const int64_t index = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const int64_t s = index % a.queries, channel = index / a.queries;
    const float *weights = scores + (channel / a.width * a.queries + s) * a.keys;
    float sum = 0;

    if (channel >= (int64_t)a.heads * a.width)
        return;
    for (int64_t t = 0; t < a.keys; t++)
        sum = cleave_fma(weights[t], a.v[channel * a.kv_stride + t], sum);
    a.out[channel * a.out_stride + s] = sum;
}

static size_t scratch_bytes(const void *args)
{
    const cleave_attention_args *a = (const cleave_attention_args *)args;

    return (size_t)(a->heads * a->queries * a->keys) * sizeof(float);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_attention_args *a = (const cleave_attention_args *)args;
    float *const scores = (float *)work->scratch;

    CLEAVE_LAUNCH(attention_1_scores_kernel,
                  cleave_div_up(a->heads * a->queries * a->keys, CLEAVE_CUDA_THREADS),
                  CLEAVE_CUDA_THREADS, 0, work->stream, *a, scores);
    CLEAVE_LAUNCH(attention_1_softmax_kernel,
                  cleave_div_up(a->heads * a->queries * CLEAVE_WARP, CLEAVE_CUDA_THREADS),
                  CLEAVE_CUDA_THREADS, 0, work->stream, *a, scores);
    CLEAVE_LAUNCH(attention_1_values_kernel,
                  cleave_div_up((int64_t)a->heads * a->width * a->queries, CLEAVE_CUDA_THREADS),
                  CLEAVE_CUDA_THREADS, 0, work->stream, *a, scores);
}

const cleave_kernel ladder_attention_1 = {run, scratch_bytes, NULL, NULL};
