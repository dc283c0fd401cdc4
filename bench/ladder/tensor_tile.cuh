/* tensor_tile.cuh: a tile of 128 x 128 sums made on tensor cores by 256 threads, for the rungs of
 * gemm and conv that do it.
 *
 * The eight warps are two halves of the rows by four quarters of the columns; each has 4 x 4 tiles
 * of the instruction. Both factors lie in shared memory as floats, a as [row][depth], b as
 * [depth][column], and are rounded when they are read. Pitches spread what the lanes of a warp
 * read over all 32 banks: 20 r + c and 8 c + r are different for all r < 8, c < 4. */
#ifndef CLEAVE_BENCH_LADDER_TENSOR_TILE_CUH
#define CLEAVE_BENCH_LADDER_TENSOR_TILE_CUH

#include "kernels/tensor_core.cuh"

#define TENSOR_THREADS 256
#define TENSOR_TILE    128
#define TENSOR_DEPTH   16 /* of a stage */
#define TENSOR_STAGES  3
#define TENSOR_A_PITCH 20
#define TENSOR_B_PITCH 136
#define TENSOR_A       (TENSOR_TILE * TENSOR_A_PITCH)
#define TENSOR_STAGE   (TENSOR_A + TENSOR_DEPTH * TENSOR_B_PITCH) /* floats, a then b */
#define TENSOR_BYTES   (TENSOR_STAGES * TENSOR_STAGE * sizeof(float))

template <class Format> struct tensor_sums {
    float of[4][4][4];

    __device__ __forceinline__ void clear()
    {
        CLEAVE_UNROLL
        for (int i = 0; i < 64; i++)
            of[i / 16][i / 4 % 4][i % 4] = 0;
    }

    __device__ __forceinline__ void add(const float *stage)
    {
        const int lane = (int)threadIdx.x % CLEAVE_WARP, warp = (int)threadIdx.x / CLEAVE_WARP;
        const float *a = stage + (warp / 4 * 64 + lane / 4) * TENSOR_A_PITCH + lane % 4;
        const float *b = stage + TENSOR_A;

        CLEAVE_UNROLL
        for (int d = 0; d < TENSOR_DEPTH; d += Format::DEPTH) {
            uint32_t right[4][2];
            CLEAVE_UNROLL
            for (int c = 0; c < 4; c++)
                cleave_load_column<Format>(b + d * TENSOR_B_PITCH, TENSOR_B_PITCH,
                                           warp % 4 * 32 + c * 8 + lane / 4, right[c]);
            CLEAVE_UNROLL
            for (int h = 0; h < 4; h++) {
                float low[Format::DEPTH / 4], high[Format::DEPTH / 4];
                CLEAVE_UNROLL
                for (int i = 0; i < Format::DEPTH / 4; i++) {
                    low[i] = a[h * 16 * TENSOR_A_PITCH + d + 4 * i];
                    high[i] = a[(h * 16 + 8) * TENSOR_A_PITCH + d + 4 * i];
                }
                const uint32_t left[4] = {Format::pack(low, 0), Format::pack(high, 0),
                                          Format::pack(low, 1), Format::pack(high, 1)};
                CLEAVE_UNROLL
                for (int c = 0; c < 4; c++)
                    Format::multiply(of[h][c], left, right[c]);
            }
        }
    }

    /* Row and column of the tile of of[h][c][i]. */
    static __device__ __forceinline__ int row(int h, int i)
    {
        return (int)threadIdx.x / CLEAVE_WARP / 4 * 64 + h * 16 + i / 2 * 8 +
               (int)threadIdx.x % CLEAVE_WARP / 4;
    }
    static __device__ __forceinline__ int column(int c, int i)
    {
        return (int)threadIdx.x / CLEAVE_WARP % 4 * 32 + c * 8 + (int)threadIdx.x % 4 * 2 + i % 2;
    }
};

/* Starts the copies of the first factor, [m][k], k a multiple of 4, 16 bytes at a time. */
static __device__ __forceinline__ void tensor_copy_a(const float *from, int m, int k, int row,
                                                     int first, float *to)
{
    CLEAVE_UNROLL
    for (int j = 0; j < TENSOR_TILE * TENSOR_DEPTH / 4 / TENSOR_THREADS; j++) {
        const int i = (int)threadIdx.x + j * TENSOR_THREADS;
        const int r = i / (TENSOR_DEPTH / 4), d = i % (TENSOR_DEPTH / 4) * 4;
        const bool exists = row + r < m && first + d < k;
        cleave_copy_float4(to + r * TENSOR_A_PITCH + d,
                           exists ? from + (int64_t)(row + r) * k + first + d : from,
                           exists ? 4 : 0);
    }
}

#endif
