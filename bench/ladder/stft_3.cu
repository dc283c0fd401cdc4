/* stft_3.cu: over stft_2, all passes in shared memory.
 *
 * A block has a frame, in two buffers between which the passes alternate with a barrier each. The
 * frames are still written by a kernel of their own, as floats now. Each frame is written as a
 * column of the output: every value a piece of memory of its own. What is left for the production
 * kernel: frames and window while loading, real frames as half as many complex points, passes of
 * radix 8 in registers, 16 frames a block where they are innermost. */
#include "bench/ladder/stft_view.cuh"

#define THREADS 256

static __global__ void stft_3_frames_kernel(cleave_stft_args a, float *frames)
{
    const int64_t index = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const int64_t frame = index / a.n;

    if (frame < a.channels * a.frames)
        frames[index] = stft_sample(a, frame / a.frames, frame % a.frames, (int)(index % a.n));
}

static __global__ void stft_3_kernel(cleave_stft_args a, const float *frames,
                                     const stft_complex *table)
{
    CLEAVE_SHARED_DYNAMIC(stft_complex, shared);
    const int64_t frame = blockIdx.x;
    stft_complex *from = shared, *to = shared + a.n;

    for (int m = (int)threadIdx.x; m < a.n; m += THREADS)
        from[m] = {frames[frame * a.n + m], 0};
    for (int stride = 1; stride < a.n; stride *= 2) {
        stft_complex *const swap = from;
        cleave_barrier();
        for (int j = (int)threadIdx.x; j < a.n / 2; j += THREADS) {
            const int p = j / stride, q = j % stride;
            stft_butterfly(from[j], from[j + a.n / 2], table[p * stride], &to[q + 2 * p * stride],
                           &to[q + (2 * p + 1) * stride]);
        }
        from = to;
        to = swap;
    }
    cleave_barrier();
    for (int bin = (int)threadIdx.x; bin < a.bins; bin += THREADS)
        stft_put(a, frame / a.frames, frame % a.frames, bin, from[bin]);
}

static size_t scratch_bytes(const void *args)
{
    const cleave_stft_args *a = (const cleave_stft_args *)args;

    return (size_t)(a->channels * a->frames * a->n) * sizeof(float);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_stft_args *a = (const cleave_stft_args *)args;
    const int64_t frames = a->channels * a->frames;
    const size_t bytes = 2 * (size_t)a->n * sizeof(stft_complex);
    float *const scratch = (float *)work->scratch;

    CLEAVE_LAUNCH(stft_3_frames_kernel, cleave_div_up(frames * a->n, CLEAVE_CUDA_THREADS),
                  CLEAVE_CUDA_THREADS, 0, work->stream, *a, scratch);
    cleave_shared_allow(stft_3_kernel, bytes);
    CLEAVE_LAUNCH(stft_3_kernel, frames, THREADS, bytes, work->stream, *a, scratch,
                  (const stft_complex *)work->prepared);
}

const cleave_kernel ladder_stft_3 = {run, scratch_bytes, stft_table_bytes, stft_table_prepare};
