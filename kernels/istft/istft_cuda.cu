/* istft_cuda.cu: a block of threads computes every frame that covers its part of an item, a few at
 * a time in the order of time, and adds them to samples that no other block writes. */
#include "kernels/fft/fft_tile.cuh"
#include "kernels/istft/istft.h"

#define BLOCK_POINTS 2048 /* where bins are innermost, frames that make 4 warps are enough */

/* Where a block works: samples [begin, end) of a channel and the frames that cover them. */
struct istft_part {
    int64_t channel, begin, end;
    int64_t frame_begin, frame_end; /* none if empty */
};

/* Items are cut into quarters where few frames are then computed twice, to have more blocks. */
CLEAVE_INLINE int32_t parts_of_item(const cleave_istft_args *a)
{
    return a->n <= 4 * (int64_t)a->hop ? 4 : 1;
}

static __device__ istft_part part_at(const cleave_istft_args &a, int64_t index)
{
    const int64_t parts = parts_of_item(&a), item = index / parts;
    const int64_t samples = (int64_t)CLEAVE_ISTFT_BLOCK * a.hop;
    const int64_t blocks = cleave_div_up(a.length, samples);
    const int64_t part_samples = CLEAVE_ISTFT_BLOCK / parts * a.hop;
    int64_t reach;
    istft_part part;

    part.channel = item / blocks;
    part.begin = item % blocks * samples + index % parts * part_samples;
    part.end = cleave_i64_min(part.begin + part_samples, a.length);
    /* The first frame whose last sample is begin or later, and the first that begins at end or
     * later. */
    reach = part.begin - a.start - a.n + 1;
    part.frame_begin = reach <= 0 ? 0 : cleave_div_up(reach, a.hop);
    reach = part.end - a.start;
    part.frame_end = reach <= 0 ? 0 : cleave_i64_min(cleave_div_up(reach, a.hop), a.frames);
    return part;
}

static __device__ fft_c32 load_bin(const cleave_istft_args &a, int64_t channel, int64_t frame,
                                   int32_t bin)
{
    const int64_t plane = (int64_t)a.bins * a.frames;
    const float *re = a.in + 2 * channel * plane;
    const int64_t at =
        a.layout == CLEAVE_STFT_LAYOUT_FT ? bin * a.frames + frame : frame * a.bins + bin;
    fft_c32 x = {0.0f, 0.0f};

    if (bin < a.bins)
        x = {re[at], re[plane + at]};
    return x;
}

/* Neighbouring threads take neighbouring frames or neighbouring bins, whichever are innermost. */
static __device__ void load_frames(const cleave_istft_args &a, const fft_tile &tile,
                                   const fft_c32 *table, int64_t channel, int64_t frame,
                                   int32_t count, fft_c32 *buffer)
{
    const bool frames_inner = a.layout == CLEAVE_STFT_LAYOUT_FT;
    const int32_t half = tile.points, pairs = half / 2 + 1;

    for (int32_t i = (int32_t)threadIdx.x; i < tile.rows * pairs; i += (int32_t)blockDim.x) {
        const int32_t outer = fft_divide(i, frames_inner ? tile.by_rows : tile.by_pairs);
        const int32_t inner = i - outer * (frames_inner ? tile.rows : pairs);
        const int32_t row = frames_inner ? inner : outer, k = frames_inner ? outer : inner;
        fft_c32 *points = buffer + row * tile.pitch, x, y, low, high;

        if (row >= count)
            continue;
        x = load_bin(a, channel, frame + row, k);
        y = load_bin(a, channel, frame + row, half - k);
        if (k == 0)
            x.im = y.im = 0;
        fft_join(x, y, table[tile.split + k], &low, &high);
        points[fft_at(k)] = low;
        if (k != 0 && k != half - k)
            points[fft_at(half - k)] = high;
    }
}

/* Sample m of a frame, from the conjugate of the inverse transform. */
static __device__ float sample_of(const fft_c32 *points, int32_t m)
{
    const fft_c32 x = points[fft_at(m / 2)];

    return m % 2 ? -x.im : x.re;
}

/* Sample n of the part is always added to by the same thread. */
static __device__ void add_frames(const cleave_istft_args &a, const fft_tile &tile,
                                  const istft_part &part, int64_t frame, int32_t count,
                                  const fft_c32 *buffer)
{
    const float scale = (float)((double)a.scale / a.n);
    const int64_t start = a.start + a.hop * frame;
    const int64_t first = cleave_i64_max(part.begin, start), threads = (int64_t)blockDim.x;
    const int64_t end = cleave_i64_min(part.end, start + (int64_t)a.hop * (count - 1) + a.n);
    float *out = a.out + part.channel * a.out_stride;
    int64_t n = part.begin + (first - part.begin) / threads * threads + (int64_t)threadIdx.x;

    for (n += n < first ? threads : 0; n < end; n += threads) {
        float sum = 0.0f;

        for (int32_t row = 0; row < count; row++) {
            const int64_t m = n - start - (int64_t)a.hop * row;
            if (m >= 0 && m < a.n)
                sum += a.window[m] * sample_of(buffer + row * tile.pitch, (int32_t)m);
        }
        out[n] += scale * sum;
    }
}

static __device__ void compute_part(const cleave_istft_args &a, const fft_tile &tile,
                                    const fft_c32 *table, const istft_part &part, fft_c32 *buffer,
                                    fft_c32 *spare)
{
    float *out = a.out + part.channel * a.out_stride;

    for (int64_t n = part.begin + (int64_t)threadIdx.x; n < part.end; n += blockDim.x)
        out[n] = 0.0f;
    for (int64_t t = part.frame_begin; t < part.frame_end; t += tile.rows) {
        const int32_t count = (int32_t)cleave_i64_min(tile.rows, part.frame_end - t);
        const fft_c32 *result;

        load_frames(a, tile, table, part.channel, t, count, buffer);
        result = fft_transform(tile, table, count, buffer, spare);
        add_frames(a, tile, part, t, count, result);
        cleave_barrier();
    }
}

/* In shared memory there is a block for every part, and no register for a next one. */
template <bool IN_SHARED>
static __global__ void CLEAVE_LAUNCH_BOUNDS(FFT_THREADS(IN_SHARED))
    istft_kernel(cleave_istft_args a, fft_tile tile, const fft_c32 *table, void *scratch,
                 int64_t begin, int64_t end)
{
    fft_c32 *buffer, *spare;
    int64_t index = begin + (int64_t)blockIdx.x;

    fft_buffers<IN_SHARED>(tile, scratch, &buffer, &spare);
    if (IN_SHARED)
        compute_part(a, tile, table, part_at(a, index), buffer, spare);
    for (; !IN_SHARED && index < end; index += (int64_t)gridDim.x)
        compute_part(a, tile, table, part_at(a, index), buffer, spare);
}

static fft_tile tile_of(const cleave_istft_args *a)
{
    int32_t rows = CLEAVE_STFT_BLOCK;

    if (a->layout == CLEAVE_STFT_LAYOUT_TF)
        while (rows > 1 && rows * (a->n / 2) > BLOCK_POINTS)
            rows /= 2;
    return fft_tile_make(a->n / 2, rows);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_istft_args *a = (const cleave_istft_args *)args;
    const fft_tile tile = tile_of(a);
    const fft_c32 *table = (const fft_c32 *)work->prepared;
    const int64_t begin = work->begin * parts_of_item(a), end = work->end * parts_of_item(a);

    if (end <= begin)
        return;
    if (tile.in_shared) {
        cleave_shared_allow(istft_kernel<true>, fft_tile_shared_bytes(&tile));
        CLEAVE_LAUNCH(istft_kernel<true>, fft_tile_blocks(&tile, end - begin), tile.threads,
                      fft_tile_shared_bytes(&tile), work->stream, *a, tile, table, work->scratch,
                      begin, end);
    } else {
        CLEAVE_LAUNCH(istft_kernel<false>, fft_tile_blocks(&tile, end - begin), tile.threads, 0,
                      work->stream, *a, tile, table, work->scratch, begin, end);
    }
}

static size_t scratch_bytes(const void *args)
{
    const cleave_istft_args *a = (const cleave_istft_args *)args;
    const fft_tile tile = tile_of(a);

    return fft_tile_scratch_bytes(&tile, cleave_istft_op.items(a) * parts_of_item(a));
}

static size_t prepared_bytes(const void *args)
{
    const fft_tile tile = tile_of((const cleave_istft_args *)args);

    return fft_tile_table_bytes(&tile);
}

static void prepare(const void *args, void *prepared)
{
    const fft_tile tile = tile_of((const cleave_istft_args *)args);

    fft_tile_prepare(&tile, prepared);
}

const cleave_kernel cleave_istft_cuda = {run, scratch_bytes, prepared_bytes, prepare};
