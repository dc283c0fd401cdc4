/* stft_1.cu: a thread a bin, by the sum of the definition.
 *
 * N products a bin where a fast transform has about log2(N): 4096 samples make 341 times as many.
 * Factors come from a table of N, in strides that the caches like less the higher the bin; the
 * window is applied again for every bin. */
#include "bench/ladder/stft_view.cuh"

static __global__ void stft_1_kernel(cleave_stft_args a, const stft_complex *table)
{
    const int64_t index = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const int64_t frame = index % a.frames, channel = index / a.frames / a.bins;
    const int bin = (int)(index / a.frames % a.bins);
    stft_complex sum = {0, 0};

    if (channel >= a.channels)
        return;
    for (int m = 0, k = 0; m < a.n; m++, k = (k + bin) & (a.n - 1)) {
        const float x = stft_sample(a, channel, frame, m);
        sum.re = cleave_fma(x, table[k].re, sum.re);
        sum.im = cleave_fma(x, table[k].im, sum.im);
    }
    stft_put(a, channel, frame, bin, sum);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_stft_args *a = (const cleave_stft_args *)args;

    CLEAVE_LAUNCH(stft_1_kernel,
                  cleave_div_up(a->channels * a->bins * a->frames, CLEAVE_CUDA_THREADS),
                  CLEAVE_CUDA_THREADS, 0, work->stream, *a, (const stft_complex *)work->prepared);
}

const cleave_kernel ladder_stft_1 = {run, NULL, stft_table_bytes, stft_table_prepare};
