/* complex_mask_cuda.cu: a block of threads an item, that is 4096 points of one stem and channel. */
#include "kernels/cuda_common.cuh"
#include "kernels/complex_mask/complex_mask.h"

static __global__ void complex_mask_kernel(cleave_complex_mask_args a, int64_t begin)
{
    const cleave_complex_mask_block k =
        cleave_complex_mask_block_of(&a, begin + (int64_t)blockIdx.x);
    const float *re = a.in + k.channel * 2 * a.points, *im = re + a.points;
    const float *mask = a.mask + k.mask_row * a.points;
    float *out_re = a.out + (k.stem * a.channels + k.channel) * 2 * a.points;
    float *out_im = out_re + a.points;

    for (int64_t i = k.begin + threadIdx.x; i < k.end; i += blockDim.x) {
        out_re[i] = mask[i] * re[i];
        out_im[i] = mask[i] * im[i];
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_complex_mask_args *a = (const cleave_complex_mask_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(complex_mask_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0,
                      work->stream, *a, work->begin);
}

const cleave_kernel cleave_complex_mask_cuda = {run, NULL, NULL, NULL};
