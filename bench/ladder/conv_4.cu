/* conv_4.cu: over conv_3, tensor cores, and three stages of asynchronous copies.
 *
 * The points are gathered 4 bytes at a time, 2048 of them for a stage, by copies that nobody waits
 * for. What is left for the production kernel: a table of where each depth lies instead of
 * divisions, 16 bytes at a time where strides allow, weights packed as the instruction wants them,
 * and all that follows the sums in the same pass. */
#include "bench/ladder/conv_view.cuh"
#include "bench/ladder/tensor_tile.cuh"

/* A thread gathers one column, at (i, j), and every other depth of it. */
static __device__ __forceinline__ void copy_stage(const cleave_conv_args &a, int channel, int64_t i,
                                                  int64_t j, int first, float *stage)
{
    const int depths = conv_view_depths(a), column = (int)threadIdx.x % TENSOR_TILE;

    tensor_copy_a(a.weight, a.channels, depths, channel, first, stage);
    CLEAVE_UNROLL
    for (int k = 0; k < TENSOR_DEPTH * TENSOR_TILE / TENSOR_THREADS; k++) {
        const int d = (int)threadIdx.x / TENSOR_TILE + k * (TENSOR_THREADS / TENSOR_TILE);
        const float *from = first + d < depths ? conv_view_at(a, i, j, first + d) : NULL;
        cleave_copy_float(stage + TENSOR_A + d * TENSOR_B_PITCH + column, from ? from : a.in,
                          from != NULL);
    }
}

template <class Format>
static __global__ void CLEAVE_LAUNCH_BOUNDS_OF(TENSOR_THREADS, 1) conv_4_kernel(cleave_conv_args a)
{
    CLEAVE_SHARED_DYNAMIC(float, shared);
    const int64_t columns = conv_view_columns(a), across = cleave_div_up(columns, TENSOR_TILE);
    const int channel = (int)((int64_t)blockIdx.x / across) * TENSOR_TILE;
    const int64_t column = (int64_t)blockIdx.x % across * TENSOR_TILE;
    const int64_t mine = cleave_i64_min(column + threadIdx.x % TENSOR_TILE, columns - 1);
    const int64_t i = mine / a.out_points, j = mine % a.out_points;
    const int stages = (conv_view_depths(a) + TENSOR_DEPTH - 1) / TENSOR_DEPTH;
    tensor_sums<Format> sums;

    sums.clear();
    for (int s = 0; s < TENSOR_STAGES - 1; s++) {
        if (s < stages)
            copy_stage(a, channel, i, j, s * TENSOR_DEPTH, shared + s * TENSOR_STAGE);
        cleave_copy_commit();
    }
    for (int s = 0; s < stages; s++) {
        const int next = s + TENSOR_STAGES - 1;
        cleave_copy_wait<TENSOR_STAGES - 2>();
        cleave_barrier();
        if (next < stages)
            copy_stage(a, channel, i, j, next * TENSOR_DEPTH,
                       shared + next % TENSOR_STAGES * TENSOR_STAGE);
        cleave_copy_commit();
        sums.add(shared + s % TENSOR_STAGES * TENSOR_STAGE);
    }
    CLEAVE_UNROLL
    for (int k = 0; k < 64; k++) {
        const int r = channel + sums.row(k / 16, k % 4);
        const int64_t c = column + sums.column(k / 4 % 4, k % 4);
        if (r < a.channels && c < columns)
            conv_view_put(a, r, c, sums.of[k / 16][k / 4 % 4][k % 4]);
    }
}

template <class Format> static void run(const void *args, const cleave_work *work)
{
    const cleave_conv_args *a = (const cleave_conv_args *)args;
    const int64_t tiles =
        cleave_div_up(a->channels, TENSOR_TILE) * cleave_div_up(conv_view_columns(*a), TENSOR_TILE);

    cleave_shared_allow(conv_4_kernel<Format>, TENSOR_BYTES);
    CLEAVE_LAUNCH(conv_4_kernel<Format>, tiles, TENSOR_THREADS, TENSOR_BYTES, work->stream, *a);
}

const cleave_kernel ladder_conv_4_tf32 = {run<cleave_tf32>, NULL, NULL, NULL};
const cleave_kernel ladder_conv_4_bf16 = {run<cleave_bf16>, NULL, NULL, NULL};
