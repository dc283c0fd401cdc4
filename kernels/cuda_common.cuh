/* cuda_common.cuh: what CUDA kernels share: launch shapes and reductions. */
#ifndef CLEAVE_KERNELS_CUDA_COMMON_CUH
#define CLEAVE_KERNELS_CUDA_COMMON_CUH

#include "kernels/base.h"
#include "kernels/cuda_device.cuh"

#define CLEAVE_CUDA_THREADS                                                                        \
    256 /* of a block, for kernels that have no reason for another number                          \
         */

/* Sums and maxima are combined with these. */
struct cleave_add {
    static __device__ double combine(double a, double b)
    {
        return a + b;
    }
};

struct cleave_maximum {
    static __device__ double combine(double a, double b)
    {
        return a > b ? a : b;
    }
};

/* Combines one value of every lane of a warp; lane 0 has the result. */
template <typename Op> static __device__ double cleave_warp_reduce(double value)
{
    for (int delta = CLEAVE_WARP / 2; delta > 0; delta /= 2)
        value = Op::combine(value, cleave_shuffle_down(value, delta));
    return value;
}

/* Combines one value of every thread of a block of CLEAVE_CUDA_THREADS; thread 0 has the result.
 * The tree has a fixed shape, so the result is the same bits every time. `partial` holds one double
 * a warp. */
template <typename Op> static __device__ double cleave_block_reduce(double value, double *partial)
{
    const int lane = (int)threadIdx.x % CLEAVE_WARP, warp = (int)threadIdx.x / CLEAVE_WARP;

    value = cleave_warp_reduce<Op>(value);
    if (lane == 0)
        partial[warp] = value;
    cleave_barrier();
    if (threadIdx.x == 0)
        for (int w = 1; w < CLEAVE_CUDA_THREADS / CLEAVE_WARP; w++)
            value = Op::combine(value, partial[w]);
    cleave_barrier();
    return value;
}

/* 1 / (1 + e^-x). */
static __device__ __forceinline__ float cleave_sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

/* x Phi(x), Phi the normal distribution function. */
static __device__ __forceinline__ float cleave_gelu(float x)
{
    return 0.5f * x * (1 + erff(x * 0.70710678118654752f));
}

#endif
