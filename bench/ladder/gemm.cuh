/* gemm.cuh: what the rungs of gemm take from the arguments of a linear layer, and the product that
 * two of them have in common. */
#ifndef CLEAVE_BENCH_LADDER_GEMM_CUH
#define CLEAVE_BENCH_LADDER_GEMM_CUH

#include "bench/ladder/ladder.h"
#include "kernels/conv/conv.h"
#include "kernels/cuda_common.cuh"

/* c = a b. */
struct gemm_view {
    const float *a; /* [m][k] */
    const float *b; /* [k][b_stride], n of each row */
    float *c;       /* [m][c_stride] */
    int m, n, k;
    int64_t b_stride, c_stride;
};

static inline gemm_view gemm_view_of(const void *args)
{
    const cleave_conv_args *a = (const cleave_conv_args *)args;

    return {a->weight,
            a->in,
            a->out,
            a->channels,
            (int)a->out_points,
            a->in_channels,
            a->in_channel_stride,
            a->out_channel_stride};
}

/* Tiles of `rows` x `columns` that cover c. */
static inline int64_t gemm_tiles(const gemm_view *g, int rows, int columns)
{
    return cleave_div_up(g->m, rows) * cleave_div_up(g->n, columns);
}

/* A tile of 128 x 128 sums for 256 threads, each 8 x 8 of them: rows 8 y .., columns 4 x .. and
 * 64 + 4 x .., so that a quarter of a warp reads 16 floats of b side by side. */
#define GEMM_TILE 128
#define GEMM_PITCH                                                                                 \
    132 /* of rows of depth: 16 bytes aligned, and turned copies meet fewer banks                  \
         */

struct gemm_sums {
    float of[8][8];

    __device__ __forceinline__ void clear()
    {
        CLEAVE_UNROLL
        for (int i = 0; i < 64; i++)
            of[i / 8][i % 8] = 0;
    }

    /* Adds DEPTH depths of a [DEPTH][GEMM_PITCH] and b [DEPTH][GEMM_PITCH]. */
    template <int DEPTH> __device__ __forceinline__ void add(const float *a, const float *b)
    {
        const int x = (int)threadIdx.x % 16, y = (int)threadIdx.x / 16;

        CLEAVE_UNROLL
        for (int d = 0; d < DEPTH; d++) {
            float left[8], right[8];
            cleave_load_floats(a + d * GEMM_PITCH + 8 * y, left);
            cleave_load_floats(a + d * GEMM_PITCH + 8 * y + 4, left + 4);
            cleave_load_floats(b + d * GEMM_PITCH + 4 * x, right);
            cleave_load_floats(b + d * GEMM_PITCH + 64 + 4 * x, right + 4);
            CLEAVE_UNROLL
            for (int i = 0; i < 64; i++)
                of[i / 8][i % 8] = cleave_fma(left[i / 8], right[i % 8], of[i / 8][i % 8]);
        }
    }

    /* Into the tile of c that begins at (row, column), as far as c goes. */
    __device__ __forceinline__ void store(const gemm_view &g, int row, int column) const
    {
        const int x = (int)threadIdx.x % 16, y = (int)threadIdx.x / 16;

        CLEAVE_UNROLL
        for (int i = 0; i < 64; i++) {
            const int r = row + 8 * y + i / 8, c = column + i % 8 / 4 * 64 + 4 * x + i % 4;
            if (r < g.m && c < g.n)
                g.c[r * g.c_stride + c] = of[i / 8][i % 8];
        }
    }
};

#endif
