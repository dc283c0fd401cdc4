/* softmax_cuda.cu: a block of threads an item, that is 1024 points of all planes. */
#include "kernels/cuda_common.cuh"
#include "kernels/softmax/softmax.h"

/* A thread has a point to itself. It computes the exponentials again for the output, rather than
 * keep as many as there are planes: their inputs are in the cache. */
static __global__ void softmax_kernel(cleave_softmax_args a, int64_t begin)
{
    const int64_t first = (begin + (int64_t)blockIdx.x) * CLEAVE_SOFTMAX_BLOCK;
    const int64_t last = cleave_i64_min(first + CLEAVE_SOFTMAX_BLOCK, a.points);

    for (int64_t n = first + threadIdx.x; n < last; n += blockDim.x) {
        const float *in = a.in + n;
        float largest = in[0], sum = 0;

        for (int64_t k = 1; k < a.planes; k++)
            largest = fmaxf(largest, in[k * a.points]);
        for (int64_t k = 0; k < a.planes; k++)
            sum += expf(in[k * a.points] - largest);
        const float scale = a.factor[n] / sum;
        for (int64_t k = 0; k < a.planes; k++)
            a.out[k * a.points + n] = scale * expf(in[k * a.points] - largest);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_softmax_args *a = (const cleave_softmax_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(softmax_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0, work->stream,
                      *a, work->begin);
}

const cleave_kernel cleave_softmax_cuda = {run, NULL, NULL, NULL};
