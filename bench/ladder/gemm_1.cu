/* gemm_1.cu: a thread a sum, straight from memory.
 *
 * The definition. Neighbouring threads have neighbouring columns, so that what they read of b lies
 * side by side, and all of them read the same value of a. Two loads a multiply-add: the first-level
 * cache sets the pace. */
#include "bench/ladder/gemm.cuh"

static __global__ void gemm_1_kernel(gemm_view g)
{
    const int64_t i = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const int row = (int)(i / g.n), column = (int)(i % g.n);
    float sum = 0;

    if (row >= g.m)
        return;
    for (int d = 0; d < g.k; d++)
        sum = cleave_fma(g.a[(int64_t)row * g.k + d], g.b[d * g.b_stride + column], sum);
    g.c[row * g.c_stride + column] = sum;
}

static void run(const void *args, const cleave_work *work)
{
    const gemm_view g = gemm_view_of(args);

    CLEAVE_LAUNCH(gemm_1_kernel, cleave_div_up((int64_t)g.m * g.n, CLEAVE_CUDA_THREADS),
                  CLEAVE_CUDA_THREADS, 0, work->stream, g);
}

const cleave_kernel ladder_gemm_1 = {run, NULL, NULL, NULL};
