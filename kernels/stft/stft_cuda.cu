/* stft_cuda.cu: a block of threads transforms a few neighbouring frames of an item at once, so that
 * it writes them side by side where frames are innermost. */
#include "kernels/fft/fft_tile.cuh"
#include "kernels/stft/stft.h"

#define BLOCK_POINTS 2048 /* where bins are innermost, frames that make 4 warps are enough */

/* Where a block works: `count` frames of a channel from `frame` on. */
struct stft_part {
    int64_t channel, frame;
    int32_t count;
};

/* Part `index` of all; an item is cut into parts of tile.rows frames. */
static __device__ stft_part part_at(const cleave_stft_args &a, const fft_tile &tile, int64_t index)
{
    const int64_t parts = CLEAVE_STFT_BLOCK / tile.rows, item = index / parts;
    const int64_t blocks = cleave_div_up(a.frames, CLEAVE_STFT_BLOCK);
    stft_part part;

    part.channel = item / blocks;
    part.frame = item % blocks * CLEAVE_STFT_BLOCK + index % parts * tile.rows;
    part.count = (int32_t)cleave_i64_min(tile.rows, a.frames - part.frame);
    return part;
}

/* Sample `at` of the signal continued by the border rule. */
static __device__ float sample(const cleave_stft_args &a, const float *in, int64_t at)
{
    if (at >= 0 && at < a.length)
        return in[at];
    if (a.pad == CLEAVE_STFT_PAD_ZERO)
        return 0.0f;
    return in[at < 0 ? -at : 2 * (a.length - 1) - at];
}

/* Two samples of a frame are a point. */
static __device__ void load_frames(const cleave_stft_args &a, const fft_tile &tile,
                                   const stft_part &part, fft_c32 *buffer)
{
    const float *in = a.in + part.channel * a.in_stride;
    const int64_t begin = a.start + a.hop * part.frame;

    for (int32_t i = (int32_t)threadIdx.x; i < part.count * tile.points; i += (int32_t)blockDim.x) {
        const int32_t row = fft_divide(i, tile.by_points), point = i - row * tile.points;
        const int64_t at = begin + (int64_t)a.hop * row + 2 * point;
        const float even = a.scale * a.window[2 * point], odd = a.scale * a.window[2 * point + 1];

        buffer[row * tile.pitch + fft_at(point)] = {even * sample(a, in, at),
                                                    odd * sample(a, in, at + 1)};
    }
}

static __device__ void store_bin(const cleave_stft_args &a, int64_t channel, int64_t frame,
                                 int32_t bin, fft_c32 x)
{
    const int64_t plane = (int64_t)a.bins * a.frames;
    float *re = a.out + 2 * channel * plane;
    const int64_t at =
        a.layout == CLEAVE_STFT_LAYOUT_FT ? bin * a.frames + frame : frame * a.bins + bin;

    if (bin < a.bins) {
        re[at] = x.re;
        re[plane + at] = x.im;
    }
}

/* Neighbouring threads take neighbouring frames or neighbouring bins, whichever are innermost. */
static __device__ void store_frames(const cleave_stft_args &a, const fft_tile &tile,
                                    const fft_c32 *table, const stft_part &part,
                                    const fft_c32 *buffer)
{
    const bool frames_inner = a.layout == CLEAVE_STFT_LAYOUT_FT;
    const int32_t half = tile.points, pairs = half / 2 + 1;

    for (int32_t i = (int32_t)threadIdx.x; i < tile.rows * pairs; i += (int32_t)blockDim.x) {
        const int32_t outer = fft_divide(i, frames_inner ? tile.by_rows : tile.by_pairs);
        const int32_t inner = i - outer * (frames_inner ? tile.rows : pairs);
        const int32_t row = frames_inner ? inner : outer, k = frames_inner ? outer : inner;
        const fft_c32 *points = buffer + row * tile.pitch;
        fft_c32 low, high;

        if (row >= part.count)
            continue;
        fft_split(points[fft_at(k)], points[fft_at(k == 0 ? 0 : half - k)], table[tile.split + k],
                  &low, &high);
        if (k == 0)
            low.im = high.im = 0;
        store_bin(a, part.channel, part.frame + row, k, low);
        if (k != half - k)
            store_bin(a, part.channel, part.frame + row, half - k, high);
    }
}

template <bool IN_SHARED>
static __global__ void CLEAVE_LAUNCH_BOUNDS(FFT_THREADS(IN_SHARED))
    stft_kernel(cleave_stft_args a, fft_tile tile, const fft_c32 *table, void *scratch,
                int64_t begin, int64_t end)
{
    fft_c32 *buffer, *spare;

    fft_buffers<IN_SHARED>(tile, scratch, &buffer, &spare);
    for (int64_t index = begin + (int64_t)blockIdx.x; index < end; index += (int64_t)gridDim.x) {
        const stft_part part = part_at(a, tile, index);
        const fft_c32 *result;

        if (part.count <= 0)
            continue;
        load_frames(a, tile, part, buffer);
        result = fft_transform(tile, table, part.count, buffer, spare);
        store_frames(a, tile, table, part, result);
        cleave_barrier();
    }
}

static fft_tile tile_of(const cleave_stft_args *a)
{
    int32_t rows = CLEAVE_STFT_BLOCK;

    if (a->layout == CLEAVE_STFT_LAYOUT_TF)
        while (rows > 1 && rows * (a->n / 2) > BLOCK_POINTS)
            rows /= 2;
    return fft_tile_make(a->n / 2, rows);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_stft_args *a = (const cleave_stft_args *)args;
    const fft_tile tile = tile_of(a);
    const fft_c32 *table = (const fft_c32 *)work->prepared;
    const int64_t parts = CLEAVE_STFT_BLOCK / tile.rows;
    const int64_t begin = work->begin * parts, end = work->end * parts;

    if (end <= begin)
        return;
    if (tile.in_shared) {
        cleave_shared_allow(stft_kernel<true>, fft_tile_shared_bytes(&tile));
        CLEAVE_LAUNCH(stft_kernel<true>, fft_tile_blocks(&tile, end - begin), tile.threads,
                      fft_tile_shared_bytes(&tile), work->stream, *a, tile, table, work->scratch,
                      begin, end);
    } else {
        CLEAVE_LAUNCH(stft_kernel<false>, fft_tile_blocks(&tile, end - begin), tile.threads, 0,
                      work->stream, *a, tile, table, work->scratch, begin, end);
    }
}

static size_t scratch_bytes(const void *args)
{
    const cleave_stft_args *a = (const cleave_stft_args *)args;
    const fft_tile tile = tile_of(a);

    return fft_tile_scratch_bytes(&tile, cleave_stft_op.items(a) * CLEAVE_STFT_BLOCK / tile.rows);
}

static size_t prepared_bytes(const void *args)
{
    const fft_tile tile = tile_of((const cleave_stft_args *)args);

    return fft_tile_table_bytes(&tile);
}

static void prepare(const void *args, void *prepared)
{
    const fft_tile tile = tile_of((const cleave_stft_args *)args);

    fft_tile_prepare(&tile, prepared);
}

const cleave_kernel cleave_stft_cuda = {run, scratch_bytes, prepared_bytes, prepare};
