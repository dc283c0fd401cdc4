/* voice_odds_cuda.cu: a block of threads a frame. */
#include "kernels/cuda_common.cuh"
#include "kernels/voice_odds/voice_odds.h"

static __device__ float held(float x, float limit)
{
    return fminf(fmaxf(x, -limit), limit);
}

/* ln(4 l r / (l + r + 2 floor)^2 + balance_floor), by quotients that cannot overflow. */
static __device__ float balance_of(const cleave_voice_odds_args &a, float floor, float l, float r)
{
    const float scale = 2.0f / (l + r + 2.0f * floor);

    return logf(cleave_fma(l * scale, r * scale, a.balance_floor));
}

static __global__ void voice_odds_kernel(cleave_voice_odds_args a, int64_t begin)
{
    const int64_t t = begin + (int64_t)blockIdx.x, plane = a.frames * a.bins;
    const float floor = *a.floor;

    for (int64_t f = threadIdx.x; f < a.bins; f += blockDim.x) {
        const int64_t i = t * a.bins + f;
        const float R = a.repeating[i], Q = a.broadband[i];
        const float power = a.magnitude[i] * a.magnitude[i], log_power = logf(power + floor);
        float z = a.prior[f];

        z = cleave_fma(a.repetition, held(log_power - logf(cleave_fma(R, R, floor)), a.limit), z);
        z = cleave_fma(a.percussive, held(log_power - logf(cleave_fma(Q, Q, floor)), a.limit), z);
        if (a.stereo)
            z = cleave_fma(a.balance, balance_of(a, floor, a.sides[i], a.sides[plane + i]), z);

        /* Both parts from exp(-|z|), so that neither is the small difference of large numbers. */
        const float small = expf(-fabsf(z));
        const float larger = power / (1.0f + small), smaller = larger * small;
        a.odds[i] = z;
        a.parts[i] = z < 0 ? smaller : larger;
        a.parts[plane + i] = z < 0 ? larger : smaller;
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_voice_odds_args *a = (const cleave_voice_odds_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(voice_odds_kernel, work->end - work->begin, CLEAVE_CUDA_THREADS, 0,
                      work->stream, *a, work->begin);
}

const cleave_kernel cleave_voice_odds_cuda = {run, NULL, NULL, NULL};
