/* conv_product.cuh: the tile that 256 threads multiply, exactly in float or on tensor cores.
 *
 * A product adds a stage, DEPTH depths of weights and points in shared memory, to the sums that its
 * threads keep, and puts these into shared memory in the end. BLOCKS of them fit a multiprocessor
 * without registers in memory. */
#ifndef CLEAVE_KERNELS_CONV_PRODUCT_CUH
#define CLEAVE_KERNELS_CONV_PRODUCT_CUH

#include "kernels/conv/conv_shape.cuh"
#include "kernels/tensor_core.cuh"

#define CONV_THREADS 256
#define CONV_COLUMNS 128
#define CONV_PITCH   136 /* of points and sums: rows 8 banks apart */

/* Weights [DEPTH][ROWS] of float. A warp has ROWS / 8 neighbouring rows, a lane every 32nd column.
 * 16 products make a chain of their own, so that the error of long sums grows less. */
template <int ROWS> struct conv_float {
    static constexpr int DEPTH = 16, STAGES = 4, FORMAT_BYTES = 4;
    static constexpr int OWN = ROWS / 8, BLOCKS = ROWS > 32 ? 1 : 2;

    float total[OWN][4];

    __device__ __forceinline__ void clear()
    {
        CLEAVE_UNROLL
        for (int r = 0; r < OWN; r++) {
            CLEAVE_UNROLL
            for (int c = 0; c < 4; c++)
                total[r][c] = 0;
        }
    }

    __device__ __forceinline__ void add(const float *weights, const float *points)
    {
        const float *w = weights + (int)threadIdx.x / CLEAVE_WARP * OWN;
        const float *x = points + (int)threadIdx.x % CLEAVE_WARP;
        float sum[OWN][4] = {};

        CLEAVE_UNROLL
        for (int d = 0; d < DEPTH; d++) {
            float weight[OWN];
            CLEAVE_UNROLL
            for (int r = 0; r < OWN; r += 4)
                cleave_load_floats(w + d * ROWS + r, weight + r);
            CLEAVE_UNROLL
            for (int c = 0; c < 4; c++) {
                const float value = x[d * CONV_PITCH + c * CLEAVE_WARP];
                CLEAVE_UNROLL
                for (int r = 0; r < OWN; r++)
                    sum[r][c] = cleave_fma(weight[r], value, sum[r][c]);
            }
        }
        CLEAVE_UNROLL
        for (int r = 0; r < OWN; r++) {
            CLEAVE_UNROLL
            for (int c = 0; c < 4; c++)
                total[r][c] += sum[r][c];
        }
    }

    __device__ __forceinline__ void put(float *tile) const
    {
        float *to = tile + (int)threadIdx.x / CLEAVE_WARP * OWN * CONV_PITCH +
                    (int)threadIdx.x % CLEAVE_WARP;

        CLEAVE_UNROLL
        for (int r = 0; r < OWN; r++) {
            CLEAVE_UNROLL
            for (int c = 0; c < 4; c++)
                to[r * CONV_PITCH + c * CLEAVE_WARP] = total[r][c];
        }
    }

    static inline void pack_stage(const cleave_conv_args *a, const conv_shape *s, int32_t matrix,
                                  int32_t tile, int64_t depth, void *to)
    {
        for (int32_t d = 0; d < DEPTH; d++)
            for (int32_t row = 0; row < ROWS; row++)
                ((float *)to)[d * ROWS + row] = conv_weight_at(a, s, matrix, tile, depth + d, row);
    }
};

/* Weights [step][16 rows][lane][4 registers]: a lane reads what it multiplies at once. The warps
 * are two halves of the rows by four quarters of the columns. */
template <class Format, int ROWS> struct conv_tensor {
    static constexpr int DEPTH = 2 * Format::DEPTH, STAGES = Format::DEPTH == 8 ? 4 : 3;
    static constexpr int FORMAT_BYTES = Format::DEPTH == 8 ? 4 : 2;
    static constexpr int HIGH = ROWS / 32; /* 16 rows each, of a warp */
    static constexpr int BLOCKS = ROWS > 64 ? 1 : 2;

    float total[HIGH][4][4];

    __device__ __forceinline__ void clear()
    {
        CLEAVE_UNROLL
        for (int h = 0; h < HIGH; h++) {
            CLEAVE_UNROLL
            for (int i = 0; i < 16; i++)
                total[h][i / 4][i % 4] = 0;
        }
    }

    __device__ __forceinline__ void add(const float *weights, const float *points)
    {
        const int lane = (int)threadIdx.x % CLEAVE_WARP, warp = (int)threadIdx.x / CLEAVE_WARP;
        const uint32_t *w = (const uint32_t *)weights + (warp / 4 * HIGH * CLEAVE_WARP + lane) * 4;

        CLEAVE_UNROLL
        for (int step = 0; step < DEPTH / Format::DEPTH; step++) {
            const float *x = points + step * Format::DEPTH * CONV_PITCH;
            uint32_t b[4][2], a[4];
            CLEAVE_UNROLL
            for (int c = 0; c < 4; c++)
                cleave_load_column<Format>(x, CONV_PITCH, warp % 4 * 32 + c * 8 + lane / 4, b[c]);
            CLEAVE_UNROLL
            for (int h = 0; h < HIGH; h++) {
                cleave_load_words(w + (step * (ROWS / 16) + h) * CLEAVE_WARP * 4, a);
                CLEAVE_UNROLL
                for (int c = 0; c < 4; c++)
                    Format::multiply(total[h][c], a, b[c]);
            }
        }
    }

    __device__ __forceinline__ void put(float *tile) const
    {
        const int lane = (int)threadIdx.x % CLEAVE_WARP, warp = (int)threadIdx.x / CLEAVE_WARP;
        float *to =
            tile + (warp / 4 * HIGH * 16 + lane / 4) * CONV_PITCH + warp % 4 * 32 + lane % 4 * 2;

        CLEAVE_UNROLL
        for (int h = 0; h < HIGH; h++) {
            CLEAVE_UNROLL
            for (int i = 0; i < 16; i++)
                to[(h * 16 + i / 2 % 2 * 8) * CONV_PITCH + i / 4 * 8 + i % 2] =
                    total[h][i / 4][i % 4];
        }
    }

    static inline void pack_stage(const cleave_conv_args *a, const conv_shape *s, int32_t matrix,
                                  int32_t tile, int64_t depth, void *to)
    {
        uint32_t *word = (uint32_t *)to;

        for (int32_t at = 0; at < DEPTH / Format::DEPTH * ROWS / 16 * CLEAVE_WARP * 4; at++) {
            const int32_t part = at % 4, lane = at / 4 % CLEAVE_WARP;
            const int32_t high = at / 4 / CLEAVE_WARP % (ROWS / 16);
            const int32_t step = at / 4 / CLEAVE_WARP / (ROWS / 16);
            float value[Format::DEPTH / 4];
            for (int32_t i = 0; i < Format::DEPTH / 4; i++)
                value[i] = conv_weight_at(a, s, matrix, tile,
                                          depth + step * Format::DEPTH + lane % 4 + 4 * i,
                                          high * 16 + lane / 4 + part % 2 * 8);
            word[at] = Format::packed(value, part / 2);
        }
    }
};

#endif
