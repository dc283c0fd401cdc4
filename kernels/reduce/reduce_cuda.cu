/* reduce_cuda.cu: a block of threads a row, sums in double, a tree of fixed shape. */
#include "kernels/cuda_common.cuh"
#include "kernels/reduce/reduce.h"

static __device__ double value_of(cleave_reduce_kind kind, float x)
{
    switch (kind) {
    case CLEAVE_REDUCE_MAX_ABS:
        return fabsf(x);
    case CLEAVE_REDUCE_SQUARES:
        return (double)x * (double)x;
    default:
        return x;
    }
}

/* Unbiased deviation about the mean, which every thread reads from shared memory: a second pass
 * over the row loses no digits where sum(x^2) - n mean^2 would. */
static __device__ void mean_std(const float *row, int64_t points, double sum, double *partial,
                                double *mean, float *out)
{
    double squares = 0;

    if (threadIdx.x == 0)
        *mean = sum / (double)points;
    cleave_barrier();
    for (int64_t i = threadIdx.x; i < points; i += blockDim.x)
        squares += (row[i] - *mean) * (row[i] - *mean);
    squares = cleave_block_reduce<cleave_add>(squares, partial);
    if (threadIdx.x == 0) {
        out[0] = (float)*mean;
        out[1] = points > 1 ? (float)sqrt(squares / (double)(points - 1)) : 0.0f;
    }
}

static __global__ void reduce_kernel(cleave_reduce_args a, int64_t begin)
{
    CLEAVE_SHARED(double, partial, CLEAVE_CUDA_THREADS / CLEAVE_WARP);
    CLEAVE_SHARED(double, mean, 1);
    const int64_t r = begin + (int64_t)blockIdx.x;
    const float *row = a.in + r * a.in_stride;
    const bool maximum = a.kind == CLEAVE_REDUCE_MAX || a.kind == CLEAVE_REDUCE_MAX_ABS;
    double value = maximum ? value_of(a.kind, row[0]) : 0.0;

    for (int64_t i = threadIdx.x; i < a.points; i += blockDim.x) {
        const double x = value_of(a.kind, row[i]);
        value = maximum ? cleave_maximum::combine(value, x) : value + x;
    }
    value = maximum ? cleave_block_reduce<cleave_maximum>(value, partial)
                    : cleave_block_reduce<cleave_add>(value, partial);
    if (a.kind == CLEAVE_REDUCE_MEAN_STD)
        mean_std(row, a.points, value, partial, mean, a.out + 2 * r);
    else if (threadIdx.x == 0)
        a.out[r] = (float)(a.kind == CLEAVE_REDUCE_MEAN ? value / (double)a.points : value);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_reduce_args *a = (const cleave_reduce_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(reduce_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0, work->stream,
                      *a, work->begin);
}

const cleave_kernel cleave_reduce_cuda = {run, NULL, NULL, NULL};
