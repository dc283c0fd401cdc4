/* attention_cuda.cu: a block of threads 64 queries of a head and up to 64 channels of the output;
 * keys and values pass through shared memory 64 at a time, copied while others are multiplied. */
#include "kernels/attention/attention.h"
#include "kernels/attention/attention_core.cuh"
#include "kernels/cuda_common.cuh"

#define TILE       ATTENTION_TILE
#define ITEM_TILES (CLEAVE_ATTENTION_BLOCK / TILE)
#define LOG2_E     1.4426950408889634f

/* Where a block works. */
struct attention_place {
    int64_t head, query; /* first */
    int32_t chunk;       /* of 64 channels of the output */
};

/* Starts the copy of up to 64 x 64 values, zeros where there are none. */
static __device__ void copy_tile(const float *from, int64_t stride, int64_t channels,
                                 int64_t tokens, float *to)
{
    const int token = (int)threadIdx.x % TILE;

    for (int c = (int)threadIdx.x / TILE; c < TILE; c += ATTENTION_THREADS / TILE) {
        const bool exists = c < channels && token < tokens;
        cleave_copy_float(to + c * ATTENTION_PITCH + token,
                          exists ? from + c * stride + token : from, exists);
    }
}

/* Chunk `chunk` of the channels of queries, or of keys from `first` on. */
static __device__ void copy_queries(const cleave_attention_args &a, const attention_place &at,
                                    int32_t chunk, float *to)
{
    const int64_t channel = at.head * a.width + (int64_t)chunk * TILE;

    copy_tile(a.q + channel * a.q_stride + at.query, a.q_stride, a.width - (int64_t)chunk * TILE,
              a.queries - at.query, to);
}

static __device__ void copy_keys(const cleave_attention_args &a, const attention_place &at,
                                 const float *tensor, int32_t chunk, int64_t first, float *to)
{
    const int64_t channel = at.head * a.width + (int64_t)chunk * TILE;

    copy_tile(tensor + channel * a.kv_stride + first, a.kv_stride, a.width - (int64_t)chunk * TILE,
              a.keys - first, to);
}

/* slope[h][s] of the contract. */
static __device__ float slope_of(const cleave_attention_args &a, int64_t head, int64_t query)
{
    float sum = 0;

    for (int32_t f = 0; f < a.terms; f++)
        sum += (float)(f + 1) * cleave_sigmoid(a.decay[(head * a.terms + f) * a.queries + query]);
    return a.terms ? 0.5f * sum / sqrtf((float)a.terms) : 0.0f;
}

/* What a thread knows of its queries: largest score, in powers of two, the sum of its own weights,
 * and the slope. */
template <class Core> struct attention_rows {
    float largest[Core::ROWS], sum[Core::ROWS], slope[Core::ROWS];
};

/* The products of a tile become weights relative to the largest score up to now; what was there
 * before is brought to the same. A factor that all weights of a row have in common does not matter:
 * hence the rounded product with log2(e) of the largest alone. */
template <class Core>
static __device__ __forceinline__ void weights_of(const cleave_attention_args &a,
                                                  const attention_place &at, int64_t first,
                                                  Core *core, attention_rows<Core> *rows)
{
    CLEAVE_UNROLL
    for (int r = 0; r < Core::ROWS; r++) {
        const int64_t s = at.query + Core::query(r);
        float largest = rows->largest[r], sum = 0;
        CLEAVE_UNROLL
        for (int n = 0; n < Core::COLUMNS; n++) {
            const int64_t t = first + Core::key(n);
            float x = core->score[r][n] * a.scale;
            if (a.terms)
                x = cleave_fma(-rows->slope[r], (float)(t < s ? s - t : t - s), x);
            if (a.local && s == t)
                x = a.self_score;
            core->score[r][n] = t < a.keys ? x : -INFINITY;
            largest = fmaxf(largest, core->score[r][n] * LOG2_E);
        }
        CLEAVE_UNROLL
        for (int mask = Core::LANES / 2; mask > 0; mask /= 2)
            largest = fmaxf(largest, cleave_shuffle_xor(largest, mask));
        CLEAVE_UNROLL
        for (int n = 0; n < Core::COLUMNS; n++) {
            core->score[r][n] = cleave_exp2(cleave_fma(core->score[r][n], LOG2_E, -largest));
            sum += core->score[r][n];
        }
        const float before = cleave_exp2(rows->largest[r] - largest);
        rows->sum[r] = cleave_fma(rows->sum[r], before, sum);
        rows->largest[r] = largest;
        CLEAVE_UNROLL
        for (int o = 0; o < Core::OUTS; o++)
            core->total[r][o] *= before;
    }
}

/* Adds what a tile of values gives to the totals. */
template <class Core>
static __device__ __forceinline__ void add_values(Core *core, const float *v, float *p,
                                                  int channels)
{
    CLEAVE_UNROLL
    for (int i = 0; i < Core::ROWS * Core::OUTS; i++)
        core->part[i / Core::OUTS][i % Core::OUTS] = 0;
    core->weigh(v, p, channels);
    CLEAVE_UNROLL
    for (int i = 0; i < Core::ROWS * Core::OUTS; i++)
        core->total[i / Core::OUTS][i % Core::OUTS] += core->part[i / Core::OUTS][i % Core::OUTS];
}

/* The totals over the sums of weights, by way of shared memory, so that tokens are stored side by
 * side. */
template <class Core>
static __device__ void store(const cleave_attention_args &a, const attention_place &at,
                             const Core &core, const attention_rows<Core> &rows, float *tile)
{
    const int64_t channel = at.head * a.width + (int64_t)at.chunk * TILE;
    const int64_t channels = a.width - (int64_t)at.chunk * TILE;
    const int token = (int)threadIdx.x % TILE;

    CLEAVE_UNROLL
    for (int r = 0; r < Core::ROWS; r++) {
        float sum = rows.sum[r];
        CLEAVE_UNROLL
        for (int mask = Core::LANES / 2; mask > 0; mask /= 2)
            sum += cleave_shuffle_xor(sum, mask);
        CLEAVE_UNROLL
        for (int o = 0; o < Core::OUTS; o++)
            tile[Core::channel(o) * ATTENTION_PITCH + Core::query(r)] = core.total[r][o] / sum;
    }
    cleave_barrier();
    for (int c = (int)threadIdx.x / TILE; c < TILE; c += ATTENTION_THREADS / TILE)
        if (c < channels && token < a.queries - at.query)
            a.out[(channel + c) * a.out_stride + at.query + token] =
                tile[c * ATTENTION_PITCH + token];
}

/* Scores of wide heads are made of chunks of 64 channels, whose queries and keys come one after the
 * other; the next keys are on their way while weights and values are dealt with. */
template <class Core>
static __device__ void run_block(const cleave_attention_args &a, const attention_place &at,
                                 float *shared)
{
    float *const q = shared, *const k = q + ATTENTION_FLOATS, *const v = k + ATTENTION_FLOATS;
    float *const p = v + ATTENTION_FLOATS; /* there if Core::TILES is 4 */
    const int32_t chunks = (int32_t)cleave_div_up(a.width, TILE);
    const int outs = (int)cleave_i64_min(TILE, a.width - (int64_t)at.chunk * TILE);
    attention_rows<Core> rows;
    Core core = {};

    CLEAVE_UNROLL
    for (int r = 0; r < Core::ROWS; r++) {
        const int64_t s = cleave_i64_min(at.query + Core::query(r), a.queries - 1);
        rows.largest[r] = -INFINITY;
        rows.sum[r] = 0;
        rows.slope[r] = slope_of(a, at.head, s);
    }
    copy_queries(a, at, 0, q);
    copy_keys(a, at, a.k, 0, 0, k);
    cleave_copy_commit();
    for (int64_t first = 0; first < a.keys; first += TILE) {
        copy_keys(a, at, a.v, at.chunk, first, v);
        cleave_copy_commit();
        CLEAVE_UNROLL
        for (int i = 0; i < Core::ROWS * Core::COLUMNS; i++)
            core.score[i / Core::COLUMNS][i % Core::COLUMNS] = 0;
        for (int32_t chunk = 0; chunk < chunks; chunk++) {
            const int32_t next = chunk + 1 < chunks ? chunk + 1 : 0;
            const int64_t keys = next ? first : first + TILE;
            if (chunk == 0)
                cleave_copy_wait<1>();
            else
                cleave_copy_wait<0>();
            cleave_barrier();
            core.add_scores(q, k, (int)cleave_i64_min(TILE, a.width - (int64_t)chunk * TILE));
            cleave_barrier();
            if (chunks > 1)
                copy_queries(a, at, next, q);
            if (keys < a.keys)
                copy_keys(a, at, a.k, next, keys, k);
            cleave_copy_commit();
        }
        weights_of(a, at, first, &core, &rows);
        cleave_copy_wait<1>();
        cleave_barrier();
        add_values(&core, v, p, outs);
        cleave_barrier();
    }
    cleave_copy_wait<0>();
    cleave_barrier();
    store(a, at, core, rows, q);
}

template <class Core>
static __global__ void CLEAVE_LAUNCH_BOUNDS_OF(ATTENTION_THREADS, Core::BLOCKS)
    attention_kernel(cleave_attention_args a, int64_t begin)
{
    CLEAVE_SHARED_DYNAMIC(float, shared);
    const int64_t chunks = cleave_div_up(a.width, TILE), index = blockIdx.x;
    const int64_t blocks = cleave_div_up(a.queries, CLEAVE_ATTENTION_BLOCK);
    const int64_t item = begin + index / chunks / ITEM_TILES;
    attention_place at;

    at.chunk = (int32_t)(index % chunks);
    at.head = item / blocks;
    at.query = item % blocks * CLEAVE_ATTENTION_BLOCK + index / chunks % ITEM_TILES * TILE;
    if (at.query < a.queries)
        run_block<Core>(a, at, shared);
}

template <class Core> static void run(const void *args, const cleave_work *work)
{
    const cleave_attention_args *a = (const cleave_attention_args *)args;
    const int64_t blocks =
        (work->end - work->begin) * ITEM_TILES * cleave_div_up(a->width, ATTENTION_TILE);
    const size_t bytes = (size_t)Core::TILES * ATTENTION_FLOATS * sizeof(float);

    if (blocks <= 0)
        return;
    cleave_shared_allow(attention_kernel<Core>, bytes);
    CLEAVE_LAUNCH(attention_kernel<Core>, blocks, ATTENTION_THREADS, bytes, work->stream, *a,
                  work->begin);
}

const cleave_kernel cleave_attention_cuda = {run<attention_float>, NULL, NULL, NULL};
const cleave_kernel cleave_attention_cuda_tf32 = {run<attention_tensor<cleave_tf32>>, NULL, NULL,
                                                  NULL};
const cleave_kernel cleave_attention_cuda_bf16 = {run<attention_tensor<cleave_bf16>>, NULL, NULL,
                                                  NULL};
const cleave_kernel cleave_attention_cuda_fp16 = {run<attention_tensor<cleave_fp16>>, NULL, NULL,
                                                  NULL};
