/* rearrange_cuda.cu: a block of threads an item, that is the plane of the last two axes. */
#include "kernels/cuda_common.cuh"
#include "kernels/rearrange/rearrange.h"

static __global__ void rearrange_kernel(cleave_rearrange_args a, int64_t begin)
{
    const int64_t item = begin + (int64_t)blockIdx.x;
    const int64_t i0 = item / a.size[1], i1 = item % a.size[1];
    const float *in = a.in + i0 * a.in_stride[0] + i1 * a.in_stride[1];
    float *out = a.out + i0 * a.out_stride[0] + i1 * a.out_stride[1];

    for (int64_t i = threadIdx.x; i < a.size[2] * a.size[3]; i += blockDim.x) {
        const int64_t i2 = i / a.size[3], i3 = i % a.size[3];
        out[i2 * a.out_stride[2] + i3 * a.out_stride[3]] =
            in[i2 * a.in_stride[2] + i3 * a.in_stride[3]];
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_rearrange_args *a = (const cleave_rearrange_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(rearrange_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0,
                      work->stream, *a, work->begin);
}

const cleave_kernel cleave_rearrange_cuda = {run, NULL, NULL, NULL};
