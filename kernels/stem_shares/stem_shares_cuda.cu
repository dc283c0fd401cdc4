/* stem_shares_cuda.cu: a block of threads a frame. */
#include "kernels/cuda_common.cuh"
#include "kernels/stem_shares/stem_shares.h"

static __global__ void stem_shares_kernel(cleave_stem_shares_args a, int64_t begin)
{
    const int64_t t = begin + (int64_t)blockIdx.x, plane = a.frames * a.bins;
    const float half = 0.5f * *a.floor;

    for (int64_t f = threadIdx.x; f < a.bins; f += blockDim.x) {
        const int64_t i = t * a.bins + f;
        const float h = a.harmonic[i], p = a.percussive[i], g = a.bass[f];
        const float drums = cleave_fma(a.kick[f], p * p, half), rest = cleave_fma(h, h, half);
        const float unit = (1.0f - a.voice[i]) / (drums + rest), steady = unit * rest;
        float *out = a.out + i;

        if (a.wanted[CLEAVE_STEM_SHARE_DRUMS]) {
            *out = unit * drums;
            out += plane;
        }
        if (a.wanted[CLEAVE_STEM_SHARE_BASS]) {
            *out = steady * g;
            out += plane;
        }
        if (a.wanted[CLEAVE_STEM_SHARE_OTHER])
            *out = steady * (1.0f - g);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_stem_shares_args *a = (const cleave_stem_shares_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(stem_shares_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0,
                      work->stream, *a, work->begin);
}

const cleave_kernel cleave_stem_shares_cuda = {run, NULL, NULL, NULL};
