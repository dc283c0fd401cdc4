/* interleave_cuda.cu: a block of threads a stream; neighbours take neighbouring values of the
 * interleaved side. */
#include "kernels/cuda_common.cuh"
#include "kernels/interleave/interleave.h"

static __global__ void interleave_kernel(cleave_interleave_args a, int64_t begin)
{
    CLEAVE_SHARED(double, partial, CLEAVE_CUDA_THREADS / CLEAVE_WARP);
    const int64_t s = begin + (int64_t)blockIdx.x, C = a.channels;
    const int64_t dense = s * C * a.frames_max, apart = s * C * a.stride;
    const int64_t values = a.block->frames * C;
    double replaced = 0;

    for (int64_t i = threadIdx.x; i < values; i += blockDim.x) {
        const int64_t row = apart + i % C * a.stride + i / C;
        if (a.kind == CLEAVE_INTERLEAVE_SPLIT) {
            const float x = a.in[dense + i];
            const bool is_sample = fabsf(x) < CLEAVE_SAMPLE_MAX;
            a.out[row] = is_sample ? x : 0.0f;
            replaced += is_sample ? 0 : 1;
        } else {
            a.out[dense + i] = a.in[row];
        }
    }
    if (a.kind == CLEAVE_INTERLEAVE_SPLIT) {
        replaced = cleave_block_reduce<cleave_add>(replaced, partial);
        if (threadIdx.x == 0)
            a.replaced[s] = (float)replaced;
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_interleave_args *a = (const cleave_interleave_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(interleave_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0,
                      work->stream, *a, work->begin);
}

const cleave_kernel cleave_interleave_cuda = {run, NULL, NULL, NULL};
