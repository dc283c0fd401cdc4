/* norm_2.cu: over norm_1, a block a row.
 *
 * 256 threads read side by side, and their sums are added in a tree of a fixed shape. Still two
 * passes over memory, unless the row stays in a cache, and no more blocks than rows: 48 rows leave
 * most of a GPU idle. Short rows leave most of a block idle. */
#include "bench/ladder/ladder.h"
#include "kernels/cuda_common.cuh"
#include "kernels/moments/moments.h"

static __global__ void norm_2_kernel(cleave_moments_args a)
{
    CLEAVE_SHARED(double, partial, CLEAVE_CUDA_THREADS / CLEAVE_WARP);
    CLEAVE_SHARED(double, all, 1);
    const float *row = a.in + (int64_t)blockIdx.x * a.in_stride;
    double sum = 0, squares = 0;

    for (int64_t i = threadIdx.x; i < a.points; i += CLEAVE_CUDA_THREADS)
        sum += row[i];
    sum = cleave_block_reduce<cleave_add>(sum, partial);
    if (threadIdx.x == 0)
        all[0] = sum / (double)a.points;
    cleave_barrier();
    const double mean = all[0];
    for (int64_t i = threadIdx.x; i < a.points; i += CLEAVE_CUDA_THREADS)
        squares += (row[i] - mean) * (row[i] - mean);
    squares = cleave_block_reduce<cleave_add>(squares, partial);
    if (threadIdx.x == 0) {
        a.out[2 * (int64_t)blockIdx.x] = (float)mean;
        a.out[2 * (int64_t)blockIdx.x + 1] = (float)squares;
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_moments_args *a = (const cleave_moments_args *)args;

    CLEAVE_LAUNCH(norm_2_kernel, a->rows, CLEAVE_CUDA_THREADS, 0, work->stream, *a);
}

const cleave_kernel ladder_norm_2 = {run, NULL, NULL, NULL};
