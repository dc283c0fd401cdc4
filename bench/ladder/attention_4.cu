/* attention_4.cu: over attention_3, both products on tensor cores, in tf32 or bf16.
 *
 * A block has 64 queries, a warp 16 of them; 64 keys at a time. What the instruction leaves in a
 * lane of the scores, keys 8 n + 2 c and 8 n + 2 c + 1, is what the second product takes as its
 * depths, so weights never leave the registers: values are read in the same order. What is left for
 * the production kernel: copies that run beside the products, wider heads, and the local form. */
#include "kernels/attention/attention.h"
#include "bench/ladder/ladder.h"
#include "kernels/cuda_common.cuh"
#include "kernels/tensor_core.cuh"

#define TILE    64 /* queries, keys, channels */
#define THREADS 128
#define PITCH   72 /* of a row of tokens: 8 c + r are different banks */
#define FLOATS  (TILE * PITCH)

/* Channels of `head`, tokens `first` .. of `from`, zeros where there are none. */
static __device__ void load_tile(const float *from, int64_t stride, int width, int64_t first,
                                 int64_t tokens, float *to)
{
    for (int i = (int)threadIdx.x; i < TILE * TILE; i += THREADS) {
        const int c = i / TILE, t = i % TILE;
        to[c * PITCH + t] = c < width && first + t < tokens ? from[c * stride + first + t] : 0.0f;
    }
}

/* Rows r and r + 8 of the warp's 16 queries: sums of eight tiles of eight columns. */
struct warp_rows {
    float of[8][4];
};

template <class Format>
static __device__ __forceinline__ void add_scores(const float *q, const float *k, int width,
                                                  warp_rows *score)
{
    const int lane = (int)threadIdx.x % CLEAVE_WARP;
    const int query = (int)threadIdx.x / CLEAVE_WARP * 16 + lane / 4;

    for (int d = 0; d < width; d += Format::DEPTH) {
        uint32_t low[2], high[2];
        cleave_load_column<Format>(q + d * PITCH, PITCH, query, low);
        cleave_load_column<Format>(q + d * PITCH, PITCH, query + 8, high);
        const uint32_t left[4] = {low[0], high[0], low[1], high[1]};
        CLEAVE_UNROLL
        for (int n = 0; n < 8; n++) {
            uint32_t right[2];
            cleave_load_column<Format>(k + d * PITCH, PITCH, 8 * n + lane / 4, right);
            Format::multiply(score->of[n], left, right);
        }
    }
}

/* Scores to weights; what the rows have in *total is brought to the same scale. */
static __device__ __forceinline__ void weigh(const cleave_attention_args &a, int64_t first,
                                             warp_rows *score, warp_rows *total, float largest[2],
                                             float sum[2])
{
    CLEAVE_UNROLL
    for (int row = 0; row < 2; row++) {
        float most = largest[row], mine = 0;
        CLEAVE_UNROLL
        for (int i = 0; i < 16; i++) {
            float *const x = &score->of[i / 2][2 * row + i % 2];
            const int64_t key = first + i / 2 * 8 + (int)threadIdx.x % 4 * 2 + i % 2;
            *x = key < a.keys ? *x * a.scale : -INFINITY;
            most = fmaxf(most, *x);
        }
        most = fmaxf(most, cleave_shuffle_xor(most, 1));
        most = fmaxf(most, cleave_shuffle_xor(most, 2));
        const float before = expf(largest[row] - most);
        CLEAVE_UNROLL
        for (int i = 0; i < 16; i++) {
            float *const x = &score->of[i / 2][2 * row + i % 2];
            *x = expf(*x - most);
            mine += *x;
            total->of[i / 2][2 * row + i % 2] *= before;
        }
        sum[row] = cleave_fma(sum[row], before, mine);
        largest[row] = most;
    }
}

template <class Format>
static __device__ __forceinline__ void add_values(const float *v, const warp_rows &weight,
                                                  warp_rows *total)
{
    constexpr int tiles = Format::DEPTH / 8, each = Format::DEPTH / 4;
    const int lane = (int)threadIdx.x % CLEAVE_WARP;

    CLEAVE_UNROLL
    for (int step = 0; step < 8 / tiles; step++) {
        float low[each], high[each];
        CLEAVE_UNROLL
        for (int i = 0; i < each; i++) {
            low[i] = weight.of[step * tiles + i / 2][i % 2];
            high[i] = weight.of[step * tiles + i / 2][2 + i % 2];
        }
        const uint32_t left[4] = {Format::pack(low, 0), Format::pack(high, 0), Format::pack(low, 1),
                                  Format::pack(high, 1)};
        CLEAVE_UNROLL
        for (int n = 0; n < 8; n++) {
            const float *from = v + (8 * n + lane / 4) * PITCH + step * tiles * 8 + lane % 4 * 2;
            float value[each];
            CLEAVE_UNROLL
            for (int i = 0; i < each; i++)
                value[i] = from[i / 2 * 8 + i % 2];
            const uint32_t right[2] = {Format::pack(value, 0), Format::pack(value, 1)};
            Format::multiply(total->of[n], left, right);
        }
    }
}

template <class Format>
static __global__ void CLEAVE_LAUNCH_BOUNDS(THREADS) attention_4_kernel(cleave_attention_args a)
{
    CLEAVE_SHARED_DYNAMIC(float, q);
    float *const k = q + FLOATS, *const v = k + FLOATS;
    const int64_t blocks = cleave_div_up(a.queries, TILE), head = (int64_t)blockIdx.x / blocks;
    const int64_t query = (int64_t)blockIdx.x % blocks * TILE, channel = head * a.width;
    const int lane = (int)threadIdx.x % CLEAVE_WARP;
    float largest[2] = {-INFINITY, -INFINITY}, sum[2] = {0, 0};
    warp_rows total = {};

    load_tile(a.q + channel * a.q_stride, a.q_stride, a.width, query, a.queries, q);
    for (int64_t first = 0; first < a.keys; first += TILE) {
        warp_rows score = {};
        load_tile(a.k + channel * a.kv_stride, a.kv_stride, a.width, first, a.keys, k);
        load_tile(a.v + channel * a.kv_stride, a.kv_stride, a.width, first, a.keys, v);
        cleave_barrier();
        add_scores<Format>(q, k, a.width, &score);
        weigh(a, first, &score, &total, largest, sum);
        add_values<Format>(v, score, &total);
        cleave_barrier();
    }
    CLEAVE_UNROLL
    for (int row = 0; row < 2; row++) {
        sum[row] += cleave_shuffle_xor(sum[row], 1);
        sum[row] += cleave_shuffle_xor(sum[row], 2);
        CLEAVE_UNROLL
        for (int i = 0; i < 16; i++) {
            const int c = i / 2 * 8 + lane % 4 * 2 + i % 2;
            const int64_t s = query + (int)threadIdx.x / CLEAVE_WARP * 16 + lane / 4 + 8 * row;
            if (c < a.width && s < a.queries)
                a.out[(channel + c) * a.out_stride + s] =
                    total.of[i / 2][2 * row + i % 2] / sum[row];
        }
    }
}

template <class Format> static void run(const void *args, const cleave_work *work)
{
    const cleave_attention_args *a = (const cleave_attention_args *)args;
    const size_t bytes = 3 * FLOATS * sizeof(float);

    cleave_shared_allow(attention_4_kernel<Format>, bytes);
    CLEAVE_LAUNCH(attention_4_kernel<Format>, a->heads * cleave_div_up(a->queries, TILE), THREADS,
                  bytes, work->stream, *a);
}

const cleave_kernel ladder_attention_4_tf32 = {run<cleave_tf32>, NULL, NULL, NULL};
const cleave_kernel ladder_attention_4_bf16 = {run<cleave_bf16>, NULL, NULL, NULL};
