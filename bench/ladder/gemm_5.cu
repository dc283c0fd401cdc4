/* gemm_5.cu: over gemm_4, tensor cores, in tf32 or bf16, and three stages instead of two.
 *
 * An instruction of a warp makes 16 x 8 sums over 8 or 16 depths. The factors are rounded
 * between shared memory and the instruction, every time that they are read: a warp rounds four
 * times what a copy into packed form would. Two stages are on the way while one is multiplied,
 * since the products take so much less time than before. */
#include "bench/ladder/gemm.cuh"
#include "bench/ladder/tensor_tile.cuh"

static __device__ __forceinline__ void copy_stage(const gemm_view &g, int row, int column,
                                                  int first, float *stage)
{
    tensor_copy_a(g.a, g.m, g.k, row, first, stage);
    CLEAVE_UNROLL
    for (int j = 0; j < TENSOR_DEPTH * TENSOR_TILE / 4 / TENSOR_THREADS; j++) {
        const int i = (int)threadIdx.x + j * TENSOR_THREADS;
        const int d = i / (TENSOR_TILE / 4), c = i % (TENSOR_TILE / 4) * 4;
        const int rest = first + d < g.k ? g.n - column - c : 0;
        cleave_copy_float4(stage + TENSOR_A + d * TENSOR_B_PITCH + c,
                           rest > 0 ? g.b + (first + d) * g.b_stride + column + c : g.b,
                           rest < 0   ? 0
                           : rest < 4 ? rest
                                      : 4);
    }
}

template <class Format>
static __global__ void CLEAVE_LAUNCH_BOUNDS_OF(TENSOR_THREADS, 1) gemm_5_kernel(gemm_view g)
{
    CLEAVE_SHARED_DYNAMIC(float, shared);
    const int across = (g.n + TENSOR_TILE - 1) / TENSOR_TILE;
    const int row = (int)blockIdx.x / across * TENSOR_TILE;
    const int column = (int)blockIdx.x % across * TENSOR_TILE;
    const int stages = (g.k + TENSOR_DEPTH - 1) / TENSOR_DEPTH;
    tensor_sums<Format> sums;

    sums.clear();
    for (int s = 0; s < TENSOR_STAGES - 1; s++) {
        if (s < stages)
            copy_stage(g, row, column, s * TENSOR_DEPTH, shared + s * TENSOR_STAGE);
        cleave_copy_commit();
    }
    for (int s = 0; s < stages; s++) {
        const int next = s + TENSOR_STAGES - 1;
        cleave_copy_wait<TENSOR_STAGES - 2>();
        cleave_barrier();
        if (next < stages)
            copy_stage(g, row, column, next * TENSOR_DEPTH,
                       shared + next % TENSOR_STAGES * TENSOR_STAGE);
        cleave_copy_commit();
        sums.add(shared + s % TENSOR_STAGES * TENSOR_STAGE);
    }
    CLEAVE_UNROLL
    for (int i = 0; i < 64; i++) {
        const int r = row + sums.row(i / 16, i % 4), c = column + sums.column(i / 4 % 4, i % 4);
        if (r < g.m && c < g.n)
            g.c[r * g.c_stride + c] = sums.of[i / 16][i / 4 % 4][i % 4];
    }
}

template <class Format> static void run(const void *args, const cleave_work *work)
{
    const gemm_view g = gemm_view_of(args);

    cleave_shared_allow(gemm_5_kernel<Format>, TENSOR_BYTES);
    CLEAVE_LAUNCH(gemm_5_kernel<Format>, gemm_tiles(&g, TENSOR_TILE, TENSOR_TILE), TENSOR_THREADS,
                  TENSOR_BYTES, work->stream, g);
}

const cleave_kernel ladder_gemm_5_tf32 = {run<cleave_tf32>, NULL, NULL, NULL};
const cleave_kernel ladder_gemm_5_bf16 = {run<cleave_bf16>, NULL, NULL, NULL};
