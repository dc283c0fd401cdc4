/* attention_core.cuh: the two products of a tile of 64 queries and 64 keys, for 128 threads:
 * exactly in float, or on tensor cores.
 *
 * Tiles in shared memory are [channel][token], ATTENTION_PITCH apart. A thread has scores of ROWS
 * queries and COLUMNS keys; LANES neighbouring lanes share the queries. Of the output it has the
 * same queries and OUTS channels. `score` becomes the weights of the keys, `part` what the tile
 * adds to the output, `total` that of all tiles. */
#ifndef CLEAVE_KERNELS_ATTENTION_CORE_CUH
#define CLEAVE_KERNELS_ATTENTION_CORE_CUH

#include "kernels/tensor_core.cuh"

#define ATTENTION_THREADS 128
#define ATTENTION_TILE    64 /* queries, keys and channels */
#define ATTENTION_PITCH   72 /* rows 8 banks apart, 16 bytes aligned */
#define ATTENTION_FLOATS  (ATTENTION_TILE * ATTENTION_PITCH)

struct attention_float {
    static constexpr int ROWS = 8, COLUMNS = 4, LANES = 16, OUTS = 4;
    static constexpr int BLOCKS = 3; /* that fit a multiprocessor without registers in memory */
    static constexpr int TILES = 4;  /* in shared memory: queries, keys, values, weights */

    float score[ROWS][COLUMNS], part[ROWS][OUTS], total[ROWS][OUTS];

    static __device__ __forceinline__ int lane()
    {
        return (int)threadIdx.x % LANES;
    }
    static __device__ __forceinline__ int query(int row)
    {
        return (int)threadIdx.x / LANES * ROWS + row;
    }
    static __device__ __forceinline__ int key(int column)
    {
        return lane() * COLUMNS + column;
    }
    static __device__ __forceinline__ int channel(int out)
    {
        return lane() + LANES * out;
    }

    /* Adds the products over `channels` channels of the tiles. */
    __device__ __forceinline__ void add_scores(const float *q, const float *k, int channels)
    {
        CLEAVE_UNROLL_BY(4)
        for (int c = 0; c < channels; c++) {
            float x[ROWS], y[COLUMNS];
            cleave_load_floats(q + c * ATTENTION_PITCH + query(0), x);
            cleave_load_floats(q + c * ATTENTION_PITCH + query(4), x + 4);
            cleave_load_floats(k + c * ATTENTION_PITCH + key(0), y);
            CLEAVE_UNROLL
            for (int r = 0; r < ROWS; r++) {
                CLEAVE_UNROLL
                for (int n = 0; n < COLUMNS; n++)
                    score[r][n] = cleave_fma(x[r], y[n], score[r][n]);
            }
        }
    }

    /* part = weights times values. The lanes that share queries exchange weights through `p`. */
    __device__ __forceinline__ void weigh(const float *v, float *p, int channels)
    {
        CLEAVE_UNROLL
        for (int r = 0; r < ROWS; r++)
            cleave_store_floats(p + query(r) * ATTENTION_PITCH + key(0), score[r]);
        cleave_warp_barrier();
        for (int t = 0; t < ATTENTION_TILE; t += 4) {
            float y[OUTS][4];
            CLEAVE_UNROLL
            for (int o = 0; o < OUTS; o++)
                if (LANES * o < channels)
                    cleave_load_floats(v + channel(o) * ATTENTION_PITCH + t, y[o]);
            CLEAVE_UNROLL
            for (int r = 0; r < ROWS; r++) {
                float x[4];
                cleave_load_floats(p + query(r) * ATTENTION_PITCH + t, x);
                CLEAVE_UNROLL
                for (int o = 0; o < OUTS; o++)
                    if (LANES * o < channels) {
                        CLEAVE_UNROLL
                        for (int i = 0; i < 4; i++)
                            part[r][o] = cleave_fma(x[i], y[o][i], part[r][o]);
                    }
            }
        }
    }
};

/* A warp has 16 queries. The instruction leaves in a lane the keys that it must bring as factors of
 * the second product, in whatever order: values are read in the same. */
template <class Format> struct attention_tensor {
    static constexpr int ROWS = 2, COLUMNS = 16, LANES = 4, OUTS = 16;
    static constexpr int BLOCKS = 2, TILES = 3;
    static constexpr int EACH = Format::DEPTH / 4; /* depths of a step that a lane has */

    float score[ROWS][COLUMNS], part[ROWS][OUTS], total[ROWS][OUTS];

    static __device__ __forceinline__ int group()
    {
        return (int)threadIdx.x % CLEAVE_WARP / LANES;
    }
    static __device__ __forceinline__ int lane()
    {
        return (int)threadIdx.x % LANES;
    }
    static __device__ __forceinline__ int query(int row)
    {
        return (int)threadIdx.x / CLEAVE_WARP * 16 + group() + 8 * row;
    }
    static __device__ __forceinline__ int key(int column)
    {
        return column / 2 * 8 + lane() * 2 + column % 2;
    }
    static __device__ __forceinline__ int channel(int out)
    {
        return key(out);
    }

    /* sum[.][2 n], [2 n + 1] += a b for the eight columns n of the instruction. */
    static __device__ __forceinline__ void multiply(float (*sum)[16], int n, const uint32_t a[4],
                                                    const uint32_t b[2])
    {
        float d[4] = {sum[0][2 * n], sum[0][2 * n + 1], sum[1][2 * n], sum[1][2 * n + 1]};

        Format::multiply(d, a, b);
        sum[0][2 * n] = d[0];
        sum[0][2 * n + 1] = d[1];
        sum[1][2 * n] = d[2];
        sum[1][2 * n + 1] = d[3];
    }

    __device__ __forceinline__ void add_scores(const float *q, const float *k, int channels)
    {
        for (int c = 0; c < channels; c += Format::DEPTH) {
            uint32_t low[2], high[2];
            cleave_load_column<Format>(q + c * ATTENTION_PITCH, ATTENTION_PITCH, query(0), low);
            cleave_load_column<Format>(q + c * ATTENTION_PITCH, ATTENTION_PITCH, query(1), high);
            const uint32_t a[4] = {low[0], high[0], low[1], high[1]};
            CLEAVE_UNROLL
            for (int n = 0; n < COLUMNS / 2; n++) {
                uint32_t b[2];
                cleave_load_column<Format>(k + c * ATTENTION_PITCH, ATTENTION_PITCH,
                                           n * 8 + group(), b);
                multiply(score, n, a, b);
            }
        }
    }

    __device__ __forceinline__ void weigh(const float *v, float *, int channels)
    {
        CLEAVE_UNROLL
        for (int step = 0; step < ATTENTION_TILE / Format::DEPTH; step++) {
            float low[EACH], high[EACH];
            CLEAVE_UNROLL
            for (int i = 0; i < EACH; i++) {
                low[i] = score[0][step * EACH + i];
                high[i] = score[1][step * EACH + i];
            }
            const uint32_t a[4] = {Format::pack(low, 0), Format::pack(high, 0),
                                   Format::pack(low, 1), Format::pack(high, 1)};
            CLEAVE_UNROLL
            for (int n = 0; n < OUTS / 2; n++) {
                float value[EACH];
                if (8 * n >= channels)
                    continue;
                CLEAVE_UNROLL
                for (int i = 0; i < EACH; i++)
                    value[i] = v[(n * 8 + group()) * ATTENTION_PITCH + key(step * EACH + i)];
                const uint32_t b[2] = {Format::pack(value, 0), Format::pack(value, 1)};
                multiply(part, n, a, b);
            }
        }
    }
};

#endif
