/* stft_2.cu: over stft_1, a fast transform: passes of radix 2 through memory.
 *
 * Stockham's self-sorting passes, each a launch that reads every frame and writes it to the other
 * of two buffers; before them a kernel that frames and windows the signal, after them one that
 * keeps the bins. log2(N) + 2 times all frames, as complex numbers, in and out: bytes set the pace.
 */
#include "bench/ladder/stft_view.cuh"

static __global__ void stft_2_frames_kernel(cleave_stft_args a, stft_complex *frames)
{
    const int64_t index = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const int64_t frame = index / a.n;

    if (frame < a.channels * a.frames)
        frames[index] = {stft_sample(a, frame / a.frames, frame % a.frames, (int)(index % a.n)), 0};
}

/* Butterflies of transforms of n / stride points, `stride` of them interleaved. */
static __global__ void stft_2_pass_kernel(const stft_complex *from, stft_complex *to,
                                          const stft_complex *table, int64_t frames, int n,
                                          int stride)
{
    const int64_t index = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const int64_t frame = index / (n / 2);
    const int j = (int)(index % (n / 2)), p = j / stride, q = j % stride;

    if (frame >= frames)
        return;
    from += frame * n;
    to += frame * n;
    stft_butterfly(from[j], from[j + n / 2], table[p * stride], &to[q + 2 * p * stride],
                   &to[q + (2 * p + 1) * stride]);
}

static __global__ void stft_2_bins_kernel(cleave_stft_args a, const stft_complex *spectra)
{
    const int64_t index = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const int64_t frame = index % a.frames, channel = index / a.frames / a.bins;
    const int bin = (int)(index / a.frames % a.bins);

    if (channel < a.channels)
        stft_put(a, channel, frame, bin, spectra[(channel * a.frames + frame) * a.n + bin]);
}

static size_t scratch_bytes(const void *args)
{
    const cleave_stft_args *a = (const cleave_stft_args *)args;

    return 2 * (size_t)(a->channels * a->frames * a->n) * sizeof(stft_complex);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_stft_args *a = (const cleave_stft_args *)args;
    const stft_complex *table = (const stft_complex *)work->prepared;
    const int64_t frames = a->channels * a->frames;
    stft_complex *from = (stft_complex *)work->scratch, *to = from + frames * a->n;

    CLEAVE_LAUNCH(stft_2_frames_kernel, cleave_div_up(frames * a->n, CLEAVE_CUDA_THREADS),
                  CLEAVE_CUDA_THREADS, 0, work->stream, *a, from);
    for (int stride = 1; stride < a->n; stride *= 2) {
        stft_complex *const swap = from;
        CLEAVE_LAUNCH(stft_2_pass_kernel, cleave_div_up(frames * a->n / 2, CLEAVE_CUDA_THREADS),
                      CLEAVE_CUDA_THREADS, 0, work->stream, from, to, table, frames, a->n, stride);
        from = to;
        to = swap;
    }
    CLEAVE_LAUNCH(stft_2_bins_kernel, cleave_div_up(frames * a->bins, CLEAVE_CUDA_THREADS),
                  CLEAVE_CUDA_THREADS, 0, work->stream, *a, from);
}

const cleave_kernel ladder_stft_2 = {run, scratch_bytes, stft_table_bytes, stft_table_prepare};
