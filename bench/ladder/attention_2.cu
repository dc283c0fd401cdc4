/* attention_2.cu: over attention_1, a running maximum and sum: no scores in memory.
 *
 * A thread has a query and its output in registers and goes through the keys once (Milakov and
 * Gimelshein, 2018): where a score is larger than all before, what is there is brought to the new
 * scale. All threads of a warp read the same key at the same time, a value a load: a load for each
 * multiply-add, from the first-level cache, and hardly any threads to hide them. Up to 64 channels
 * a head, for which the registers do not quite suffice: some are put away. */
#include "kernels/attention/attention.h"
#include "bench/ladder/ladder.h"
#include "kernels/cuda_common.cuh"

#define WIDTH_MAX 64
#define THREADS   64

static __global__ void CLEAVE_LAUNCH_BOUNDS(THREADS) attention_2_kernel(cleave_attention_args a)
{
    const int64_t blocks = cleave_div_up(a.queries, THREADS), head = (int64_t)blockIdx.x / blocks;
    const int64_t s = (int64_t)blockIdx.x % blocks * THREADS + threadIdx.x;
    const float *k = a.k + head * a.width * a.kv_stride, *v = a.v + head * a.width * a.kv_stride;
    float q[WIDTH_MAX], total[WIDTH_MAX], largest = -INFINITY, sum = 0;

    if (s >= a.queries)
        return;
    CLEAVE_UNROLL
    for (int c = 0; c < WIDTH_MAX; c++) {
        q[c] = c < a.width ? a.q[(head * a.width + c) * a.q_stride + s] * a.scale : 0;
        total[c] = 0;
    }
    for (int64_t t = 0; t < a.keys; t++) {
        float score = 0;
        CLEAVE_UNROLL
        for (int c = 0; c < WIDTH_MAX; c++)
            if (c < a.width)
                score = cleave_fma(q[c], k[c * a.kv_stride + t], score);
        if (score > largest) {
            const float before = expf(largest - score);
            sum *= before;
            CLEAVE_UNROLL
            for (int c = 0; c < WIDTH_MAX; c++)
                total[c] *= before;
            largest = score;
        }
        const float weight = expf(score - largest);
        sum += weight;
        CLEAVE_UNROLL
        for (int c = 0; c < WIDTH_MAX; c++)
            if (c < a.width)
                total[c] = cleave_fma(weight, v[c * a.kv_stride + t], total[c]);
    }
    CLEAVE_UNROLL
    for (int c = 0; c < WIDTH_MAX; c++)
        if (c < a.width)
            a.out[(head * a.width + c) * a.out_stride + s] = total[c] / sum;
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_attention_args *a = (const cleave_attention_args *)args;

    CLEAVE_LAUNCH(attention_2_kernel, a->heads * cleave_div_up(a->queries, THREADS), THREADS, 0,
                  work->stream, *a);
}

const cleave_kernel ladder_attention_2 = {run, NULL, NULL, NULL};
