/* mix_cuda.cu: a block of threads an item, that is 4096 samples of one output. */
#include "kernels/cuda_common.cuh"
#include "kernels/mix/mix.h"

static __global__ void mix_kernel(cleave_mix_args a, int64_t begin)
{
    const int64_t item = begin + (int64_t)blockIdx.x;
    const int64_t o = item % a.outputs, first = item / a.outputs * CLEAVE_MIX_BLOCK;
    const int64_t last = cleave_i64_min(first + CLEAVE_MIX_BLOCK, a.length);
    const float *row = a.matrix + o * a.inputs;

    for (int64_t n = first + threadIdx.x; n < last; n += blockDim.x) {
        float sum = 0;
        for (int32_t i = 0; i < a.inputs; i++)
            if (row[i] != 0)
                sum = cleave_fma(row[i], a.in[i * a.in_stride + n], sum);
        a.out[o * a.out_stride + n] = sum;
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_mix_args *a = (const cleave_mix_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(mix_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0, work->stream, *a,
                      work->begin);
}

const cleave_kernel cleave_mix_cuda = {run, NULL, NULL, NULL};
