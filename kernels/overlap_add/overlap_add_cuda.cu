/* overlap_add_cuda.cu: a block of threads an item, that is 4096 samples of one row. */
#include "kernels/cuda_common.cuh"
#include "kernels/overlap_add/overlap_add.h"

static __global__ void overlap_add_kernel(cleave_overlap_add_args a, int64_t begin)
{
    const int64_t blocks = (a.length + CLEAVE_OVERLAP_ADD_BLOCK - 1) / CLEAVE_OVERLAP_ADD_BLOCK;
    const int64_t item = begin + (int64_t)blockIdx.x;
    const int64_t r = item / blocks, first = item % blocks * CLEAVE_OVERLAP_ADD_BLOCK;
    const int64_t last = cleave_i64_min(first + CLEAVE_OVERLAP_ADD_BLOCK, a.length);
    const float *in = a.in + r * a.in_stride;
    float *mean = a.mean + r * a.mean_stride;

    for (int64_t n = first + threadIdx.x; n < last; n += blockDim.x)
        mean[n] = cleave_fma(a.gain[n], in[n] - mean[n], mean[n]);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_overlap_add_args *a = (const cleave_overlap_add_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(overlap_add_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0,
                      work->stream, *a, work->begin);
}

const cleave_kernel cleave_overlap_add_cuda = {run, NULL, NULL, NULL};
