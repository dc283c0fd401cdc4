/* attention_3.cu: over attention_2, keys and values by tiles in shared memory.
 *
 * 32 keys at a time are turned into [key][channel], so that a load brings four channels, for four
 * multiply-adds; the largest score is looked for, and the output rescaled, once a tile instead of
 * once a key (Dao et al., "FlashAttention", 2022). The scores of a tile are in registers. Every
 * thread still reads all of every tile: on tensor cores a warp would read it once. */
#include "kernels/attention/attention.h"
#include "bench/ladder/ladder.h"
#include "kernels/cuda_common.cuh"

#define WIDTH_MAX 64
#define KEYS      32
#define THREADS   64
#define PITCH     68

/* Keys `first` .. of `from` [channel][key] to [key][channel], zeros where there are none. */
static __device__ void load_tile(const cleave_attention_args &a, const float *from, int64_t first,
                                 float *to)
{
    for (int i = (int)threadIdx.x; i < KEYS * WIDTH_MAX; i += THREADS) {
        const int c = i / KEYS, t = i % KEYS;
        to[t * PITCH + c] =
            c < a.width && first + t < a.keys ? from[c * a.kv_stride + first + t] : 0.0f;
    }
}

static __global__ void CLEAVE_LAUNCH_BOUNDS(THREADS) attention_3_kernel(cleave_attention_args a)
{
    CLEAVE_SHARED(float, k, KEYS *PITCH);
    CLEAVE_SHARED(float, v, KEYS *PITCH);
    const int64_t blocks = cleave_div_up(a.queries, THREADS), head = (int64_t)blockIdx.x / blocks;
    const int64_t s = (int64_t)blockIdx.x % blocks * THREADS + threadIdx.x;
    const int64_t from = head * a.width * a.kv_stride;
    float q[WIDTH_MAX], total[WIDTH_MAX], score[KEYS], largest = -INFINITY, sum = 0;

    CLEAVE_UNROLL
    for (int c = 0; c < WIDTH_MAX; c++) {
        const int64_t at = (head * a.width + c) * a.q_stride + cleave_i64_min(s, a.queries - 1);
        q[c] = c < a.width ? a.q[at] * a.scale : 0;
        total[c] = 0;
    }
    for (int64_t first = 0; first < a.keys; first += KEYS) {
        load_tile(a, a.k + from, first, k);
        load_tile(a, a.v + from, first, v);
        cleave_barrier();
        float most = largest;
        CLEAVE_UNROLL
        for (int t = 0; t < KEYS; t++) {
            score[t] = 0;
            CLEAVE_UNROLL
            for (int c = 0; c < WIDTH_MAX; c += 4) {
                float key[4];
                cleave_load_floats(k + t * PITCH + c, key);
                CLEAVE_UNROLL
                for (int i = 0; i < 4; i++)
                    score[t] = cleave_fma(q[c + i], key[i], score[t]);
            }
            score[t] = first + t < a.keys ? score[t] : -INFINITY;
            most = fmaxf(most, score[t]);
        }
        const float before = expf(largest - most);
        largest = most;
        sum *= before;
        CLEAVE_UNROLL
        for (int c = 0; c < WIDTH_MAX; c++)
            total[c] *= before;
        CLEAVE_UNROLL
        for (int t = 0; t < KEYS; t++) {
            const float weight = expf(score[t] - largest);
            sum += weight;
            CLEAVE_UNROLL
            for (int c = 0; c < WIDTH_MAX; c += 4) {
                float value[4];
                cleave_load_floats(v + t * PITCH + c, value);
                CLEAVE_UNROLL
                for (int i = 0; i < 4; i++)
                    total[c + i] = cleave_fma(weight, value[i], total[c + i]);
            }
        }
        cleave_barrier();
    }
    CLEAVE_UNROLL
    for (int c = 0; c < WIDTH_MAX; c++)
        if (c < a.width && s < a.queries)
            a.out[(head * a.width + c) * a.out_stride + s] = total[c] / sum;
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_attention_args *a = (const cleave_attention_args *)args;

    CLEAVE_LAUNCH(attention_3_kernel, a->heads * cleave_div_up(a->queries, THREADS), THREADS, 0,
                  work->stream, *a);
}

const cleave_kernel ladder_attention_3 = {run, NULL, NULL, NULL};
