/* complex_mask_cuda.cu: a block of threads an item, that is 4096 points of one stem and channel. */
#include "kernels/cuda_common.cuh"
#include "kernels/complex_mask/complex_mask.h"

static __global__ void complex_mask_kernel(cleave_complex_mask_args a, int64_t begin)
{
    const int64_t blocks = (a.points + CLEAVE_COMPLEX_MASK_BLOCK - 1) / CLEAVE_COMPLEX_MASK_BLOCK;
    const int64_t item = begin + (int64_t)blockIdx.x;
    const int64_t pair = item / blocks, first = item % blocks * CLEAVE_COMPLEX_MASK_BLOCK;
    const int64_t last = cleave_i64_min(first + CLEAVE_COMPLEX_MASK_BLOCK, a.points);
    const int64_t s = pair / a.channels, c = pair % a.channels;
    const float *re = a.in + c * 2 * a.points, *im = re + a.points;
    const float *mask = a.mask + (a.mask_channels == 1 ? s : pair) * a.points;
    float *out_re = a.out + pair * 2 * a.points, *out_im = out_re + a.points;

    for (int64_t i = first + threadIdx.x; i < last; i += blockDim.x) {
        out_re[i] = mask[i] * re[i];
        out_im[i] = mask[i] * im[i];
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_complex_mask_args *a = (const cleave_complex_mask_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(complex_mask_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0, work->stream,
                      *a, work->begin);
}

const cleave_kernel cleave_complex_mask_cuda = {run, NULL, NULL, NULL};
