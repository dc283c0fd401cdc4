/* fft_cuda.cu: a block of threads transforms as many rows as make it worth its while. */
#include "kernels/fft/fft_tile.cuh"

#define BLOCK_POINTS 2048 /* so that a block of short rows has 4 warps */
#define ROWS_MAX     32

/* Complex rows, and real rows of even length read as such: any row of the batch begins where the
 * one before ends. */
static __device__ void load_points(const cleave_fft_args &a, const fft_tile &tile, int64_t first,
                                   int32_t rows, fft_c32 *buffer)
{
    const fft_c32 *in = (const fft_c32 *)a.in + first * tile.points;

    for (int32_t i = (int32_t)threadIdx.x; i < rows * tile.points; i += (int32_t)blockDim.x) {
        const int32_t row = fft_divide(i, tile.by_points);
        const fft_c32 x = in[i];
        buffer[row * tile.pitch + fft_at(i - row * tile.points)] =
            a.kind == CLEAVE_FFT_COMPLEX_INVERSE ? fft_conj(x) : x;
    }
}

static __device__ void load_bins(const cleave_fft_args &a, const fft_tile &tile,
                                 const fft_c32 *table, int64_t first, int32_t rows, fft_c32 *buffer)
{
    const int32_t half = tile.points, pairs = half / 2 + 1;

    for (int32_t i = (int32_t)threadIdx.x; i < rows * pairs; i += (int32_t)blockDim.x) {
        const int32_t row = fft_divide(i, tile.by_pairs), k = i - row * pairs;
        const fft_c32 *in = (const fft_c32 *)a.in + (first + row) * (half + 1);
        fft_c32 *points = buffer + row * tile.pitch, x = in[k], y = in[half - k], low, high;

        if (k == 0)
            x.im = y.im = 0;
        fft_join(x, y, table[tile.split + k], &low, &high);
        points[fft_at(k)] = low;
        if (k != 0 && k != half - k)
            points[fft_at(half - k)] = high;
    }
}

/* Real rows of odd length, as complex rows of that length. */
static __device__ void load_odd(const cleave_fft_args &a, const fft_tile &tile, int64_t first,
                                int32_t rows, fft_c32 *buffer)
{
    const int32_t n = tile.points, bins = n / 2 + 1;

    for (int32_t i = (int32_t)threadIdx.x; i < rows * n; i += (int32_t)blockDim.x) {
        const int32_t row = fft_divide(i, tile.by_points), k = i - row * n;
        const fft_c32 *in = (const fft_c32 *)a.in + (first + row) * bins;
        fft_c32 x;

        if (a.kind == CLEAVE_FFT_REAL_FORWARD) {
            x = {a.in[first * n + i], 0.0f};
        } else {
            x = k < bins ? fft_conj(in[k]) : in[n - k];
            x.im = k == 0 ? 0.0f : x.im;
        }
        buffer[row * tile.pitch + fft_at(k)] = x;
    }
}

static __device__ void store_points(const cleave_fft_args &a, const fft_tile &tile, int64_t first,
                                    int32_t rows, const fft_c32 *buffer)
{
    fft_c32 *out = (fft_c32 *)a.out + first * tile.points;

    for (int32_t i = (int32_t)threadIdx.x; i < rows * tile.points; i += (int32_t)blockDim.x) {
        const int32_t row = fft_divide(i, tile.by_points);
        const fft_c32 x = buffer[row * tile.pitch + fft_at(i - row * tile.points)];
        out[i] = a.kind == CLEAVE_FFT_COMPLEX_FORWARD ? x : fft_conj(x);
    }
}

static __device__ void store_bins(const cleave_fft_args &a, const fft_tile &tile,
                                  const fft_c32 *table, int64_t first, int32_t rows,
                                  const fft_c32 *buffer)
{
    const int32_t half = tile.points, pairs = half / 2 + 1;

    for (int32_t i = (int32_t)threadIdx.x; i < rows * pairs; i += (int32_t)blockDim.x) {
        const int32_t row = fft_divide(i, tile.by_pairs), k = i - row * pairs;
        const fft_c32 *points = buffer + row * tile.pitch;
        fft_c32 *out = (fft_c32 *)a.out + (first + row) * (half + 1), low, high;

        fft_split(points[fft_at(k)], points[fft_at(k == 0 ? 0 : half - k)], table[tile.split + k],
                  &low, &high);
        if (k == 0)
            low.im = high.im = 0;
        out[k] = low;
        if (k != half - k)
            out[half - k] = high;
    }
}

static __device__ void store_odd(const cleave_fft_args &a, const fft_tile &tile, int64_t first,
                                 int32_t rows, const fft_c32 *buffer)
{
    const int32_t n = tile.points, bins = n / 2 + 1;

    for (int32_t i = (int32_t)threadIdx.x; i < rows * n; i += (int32_t)blockDim.x) {
        const int32_t row = fft_divide(i, tile.by_points), k = i - row * n;
        const fft_c32 x = buffer[row * tile.pitch + fft_at(k)];

        if (a.kind == CLEAVE_FFT_REAL_INVERSE)
            a.out[first * n + i] = x.re;
        else if (k < bins)
            ((fft_c32 *)a.out)[(first + row) * bins + k] = x;
    }
}

template <bool IN_SHARED>
static __global__ void CLEAVE_LAUNCH_BOUNDS(FFT_THREADS(IN_SHARED))
    fft_kernel(cleave_fft_args a, fft_tile tile, const fft_c32 *table, void *scratch, int64_t begin,
               int64_t end)
{
    const bool real = a.kind == CLEAVE_FFT_REAL_FORWARD || a.kind == CLEAVE_FFT_REAL_INVERSE;
    const bool odd = real && a.n % 2 == 1;
    fft_c32 *buffer, *spare;

    fft_buffers<IN_SHARED>(tile, scratch, &buffer, &spare);
    for (int64_t first = begin + (int64_t)blockIdx.x * tile.rows; first < end;
         first += (int64_t)gridDim.x * tile.rows) {
        const int32_t rows = (int32_t)cleave_i64_min(tile.rows, end - first);
        const fft_c32 *result;

        if (odd)
            load_odd(a, tile, first, rows, buffer);
        else if (a.kind == CLEAVE_FFT_REAL_INVERSE)
            load_bins(a, tile, table, first, rows, buffer);
        else
            load_points(a, tile, first, rows, buffer);
        result = fft_transform(tile, table, rows, buffer, spare);
        if (odd)
            store_odd(a, tile, first, rows, result);
        else if (a.kind == CLEAVE_FFT_REAL_FORWARD)
            store_bins(a, tile, table, first, rows, result);
        else
            store_points(a, tile, first, rows, result);
        cleave_barrier();
    }
}

static fft_tile tile_of(const cleave_fft_args *a)
{
    const bool real = a->kind == CLEAVE_FFT_REAL_FORWARD || a->kind == CLEAVE_FFT_REAL_INVERSE;
    const int32_t points = real && a->n % 2 == 0 ? a->n / 2 : a->n;
    int32_t rows = 1;

    while (rows < ROWS_MAX && 2 * rows * points <= BLOCK_POINTS)
        rows *= 2;
    return fft_tile_make(points, rows);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_fft_args *a = (const cleave_fft_args *)args;
    const fft_tile tile = tile_of(a);
    const fft_c32 *table = (const fft_c32 *)work->prepared;
    const int64_t groups = cleave_div_up(work->end - work->begin, tile.rows);

    if (groups <= 0)
        return;
    if (tile.in_shared) {
        cleave_shared_allow(fft_kernel<true>, fft_tile_shared_bytes(&tile));
        CLEAVE_LAUNCH(fft_kernel<true>, fft_tile_blocks(&tile, groups), tile.threads,
                      fft_tile_shared_bytes(&tile), work->stream, *a, tile, table, work->scratch,
                      work->begin, work->end);
    } else {
        CLEAVE_LAUNCH(fft_kernel<false>, fft_tile_blocks(&tile, groups), tile.threads, 0,
                      work->stream, *a, tile, table, work->scratch, work->begin, work->end);
    }
}

static size_t scratch_bytes(const void *args)
{
    const cleave_fft_args *a = (const cleave_fft_args *)args;
    const fft_tile tile = tile_of(a);

    return fft_tile_scratch_bytes(&tile, cleave_div_up(a->batch, tile.rows));
}

static size_t prepared_bytes(const void *args)
{
    const fft_tile tile = tile_of((const cleave_fft_args *)args);

    return fft_tile_table_bytes(&tile);
}

static void prepare(const void *args, void *prepared)
{
    const fft_tile tile = tile_of((const cleave_fft_args *)args);

    fft_tile_prepare(&tile, prepared);
}

const cleave_kernel cleave_fft_cuda = {run, scratch_bytes, prepared_bytes, prepare};
