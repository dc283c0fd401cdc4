/* pair_sums_cuda.cu: a block of threads a row, sums in double, trees of fixed shape. */
#include "kernels/cuda_common.cuh"
#include "kernels/pair_sums/pair_sums.h"

static __device__ void put(float *out, cleave_pair_sum sum, double value)
{
    if (threadIdx.x != 0)
        return;
    out[2 * sum] = (float)value;
    out[2 * sum + 1] = (float)(value - (double)out[2 * sum]);
}

static __global__ void pair_sums_kernel(cleave_pair_sums_args a, int64_t begin)
{
    CLEAVE_SHARED(double, partial, CLEAVE_CUDA_THREADS / CLEAVE_WARP);
    const int64_t r = begin + (int64_t)blockIdx.x;
    const float *rx = a.x + r * a.x_stride, *ry = a.y + r * a.y_stride;
    double sum[CLEAVE_PAIR_PEAK] = {}, peak = 0;

    for (int64_t i = threadIdx.x; i < a.points; i += CLEAVE_CUDA_THREADS) {
        const double x = rx[i], y = ry[i], d = y - x;
        sum[CLEAVE_PAIR_X] += x;
        sum[CLEAVE_PAIR_Y] += y;
        sum[CLEAVE_PAIR_XX] += x * x;
        sum[CLEAVE_PAIR_YY] += y * y;
        sum[CLEAVE_PAIR_XD] += x * d;
        sum[CLEAVE_PAIR_DD] += d * d;
        peak = fmax(peak, fabs(d));
    }
    float *out = a.out + r * CLEAVE_PAIR_SUMS * 2;
    CLEAVE_UNROLL
    for (int k = 0; k < CLEAVE_PAIR_PEAK; k++)
        put(out, (cleave_pair_sum)k, cleave_block_reduce<cleave_add>(sum[k], partial));
    peak = cleave_block_reduce<cleave_maximum>(peak, partial);
    put(out, CLEAVE_PAIR_PEAK, (double)(float)peak);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_pair_sums_args *a = (const cleave_pair_sums_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(pair_sums_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0,
                      work->stream, *a, work->begin);
}

const cleave_kernel cleave_pair_sums_cuda = {run, NULL, NULL, NULL};
