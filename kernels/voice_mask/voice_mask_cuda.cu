/* voice_mask_cuda.cu: a block of threads an item, that is 4096 points. */
#include "kernels/cuda_common.cuh"
#include "kernels/voice_mask/voice_mask.h"

static __device__ float held(float x, float limit)
{
    return fminf(fmaxf(x, -limit), limit);
}

static __global__ void voice_mask_kernel(cleave_voice_mask_args a, int64_t begin)
{
    const int64_t first = (begin + (int64_t)blockIdx.x) * CLEAVE_VOICE_MASK_BLOCK;
    const int64_t end = cleave_i64_min(first + CLEAVE_VOICE_MASK_BLOCK, a.points);
    const float floor = *a.floor;

    for (int64_t i = first + threadIdx.x; i < end; i += blockDim.x) {
        const float voice = a.parts[i] + floor, rest = a.parts[a.points + i] + floor;
        const float around = held(logf(voice) - logf(rest), a.limit);
        const float z = cleave_fma(a.near, around, a.self * held(a.odds[i], a.limit));

        a.out[i] = 1.0f / (1.0f + expf(-z));
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_voice_mask_args *a = (const cleave_voice_mask_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(voice_mask_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0,
                      work->stream, *a, work->begin);
}

const cleave_kernel cleave_voice_mask_cuda = {run, NULL, NULL, NULL};
