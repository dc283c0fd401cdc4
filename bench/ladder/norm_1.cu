/* norm_1.cu: a thread a row, in two passes.
 *
 * The definition: the mean, then the distances from it. Neighbouring threads read values that are a
 * row apart, each from a piece of memory of its own, and a handful of long rows keeps a handful of
 * threads busy. */
#include "bench/ladder/ladder.h"
#include "kernels/cuda_common.cuh"
#include "kernels/moments/moments.h"

static __global__ void norm_1_kernel(cleave_moments_args a)
{
    const int64_t r = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const float *row = a.in + r * a.in_stride;
    double mean = 0, squares = 0;

    if (r >= a.rows)
        return;
    for (int64_t i = 0; i < a.points; i++)
        mean += row[i];
    mean /= (double)a.points;
    for (int64_t i = 0; i < a.points; i++)
        squares += (row[i] - mean) * (row[i] - mean);
    a.out[2 * r] = (float)mean;
    a.out[2 * r + 1] = (float)squares;
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_moments_args *a = (const cleave_moments_args *)args;

    CLEAVE_LAUNCH(norm_1_kernel, cleave_div_up(a->rows, CLEAVE_CUDA_THREADS), CLEAVE_CUDA_THREADS,
                  0, work->stream, *a);
}

const cleave_kernel ladder_norm_1 = {run, NULL, NULL, NULL};
