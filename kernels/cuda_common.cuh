/* cuda_common.cuh: what CUDA kernels share: launch shapes and reductions. */
#ifndef CLEAVE_KERNELS_CUDA_COMMON_CUH
#define CLEAVE_KERNELS_CUDA_COMMON_CUH

#include "kernels/base.h"
#include "kernels/cuda_device.cuh"

#define CLEAVE_CUDA_THREADS 256 /* of a block, for kernels that have no reason for another number  \
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

/* Combines one value of every thread of a block of CLEAVE_CUDA_THREADS; thread 0 has the result.
 * The tree has a fixed shape, so the result is the same bits every time. `partial` holds one double
 * a warp. */
template <typename Op> static __device__ double cleave_block_reduce(double value, double *partial)
{
    const int lane = (int)threadIdx.x % CLEAVE_WARP, warp = (int)threadIdx.x / CLEAVE_WARP;

    for (int delta = CLEAVE_WARP / 2; delta > 0; delta /= 2)
        value = Op::combine(value, cleave_shuffle_down(value, delta));
    if (lane == 0)
        partial[warp] = value;
    cleave_barrier();
    if (threadIdx.x == 0)
        for (int w = 1; w < CLEAVE_CUDA_THREADS / CLEAVE_WARP; w++)
            value = Op::combine(value, partial[w]);
    cleave_barrier();
    return value;
}

#endif
