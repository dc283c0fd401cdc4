/* fft_tile.cuh: the transform of a few rows by one block of threads, for the kernels that transform
 * inside (fft, stft, istft).
 *
 * Stockham's self-sorting passes of radix 8, 5, 4, 3 and 2 (Swarztrauber, "FFT algorithms for
 * vector computers", Parallel Computing 1, 1984). In a pass every thread takes FFT_THREAD_POINTS
 * points or a few more into registers, all threads wait, and the points go back to their new
 * places: one buffer is enough, and it lies in shared memory. Rows that shared memory cannot hold
 * alternate between two buffers in global memory, by the same passes, a chunk of butterflies after
 * the other.
 *
 * Factors of a pass lie in the order of its butterflies, so that a warp reads them side by side. */
#ifndef CLEAVE_KERNELS_FFT_TILE_CUH
#define CLEAVE_KERNELS_FFT_TILE_CUH

#include "kernels/cuda_common.cuh"
#include "kernels/fft/fft_internal.h"

#define FFT_THREAD_POINTS      8
#define FFT_THREADS_MAX        1024
#define FFT_THREADS_GLOBAL     512
#define FFT_BLOCKS_GLOBAL      32 /* at once, each with its buffers in scratch */
#define FFT_THREADS(IN_SHARED) ((IN_SHARED) ? FFT_THREADS_MAX : FFT_THREADS_GLOBAL)
#define FFT_PASSES_MAX         10 /* 3^10 = 59049 */

struct alignas(8) fft_c32 {
    float re, im;
};

/* x / value by multiplication; exact while x * value <= 2^32. */
struct fft_divisor {
    uint32_t value, inverse; /* inverse = 2^32 / value rounded up; of no use for 1 */
};

struct fft_pass {
    int32_t radix, stride;         /* butterfly j = stride * p + q, q < stride */
    int32_t span;                  /* p < span */
    int32_t table;                 /* where its factors begin: [radix - 1][span] */
    fft_divisor by_row, by_stride; /* by_row: butterflies of one row */
};

/* The rows that a block transforms at once, for the passes. */
struct fft_shape {
    int32_t points, pitch, rows;
};

/* What a block transforms at once. */
struct fft_tile {
    int32_t points; /* of one row, complex */
    int32_t rows;   /* a power of two */
    int32_t pitch;  /* points from one row to the next */
    int32_t split;  /* where the factors of fft_split begin: [points / 2 + 1] */
    int32_t in_shared;
    int32_t threads;
    int32_t passes;
    fft_divisor by_points, by_rows, by_pairs; /* by_pairs: points / 2 + 1 */
    fft_pass pass[FFT_PASSES_MAX];
};

/* ---- on the host --------------------------------------------------------------------------- */

static inline fft_divisor fft_divisor_of(int32_t value)
{
    fft_divisor d;

    d.value = (uint32_t)value;
    d.inverse = (uint32_t)((((uint64_t)1 << 32) + d.value - 1) / d.value);
    return d;
}

/* Eights, but 16 as 4 times 4: no pass of radix 2 unless the length is 2 times an odd number. */
static inline int32_t fft_radix_of(int32_t left)
{
    if (left % 8 == 0 && (left % 16 != 0 || left % 32 == 0))
        return 8;
    return left % 4 == 0 ? 4 : left % 2 == 0 ? 2 : left % 5 == 0 ? 5 : 3;
}

static inline void fft_tile_passes(fft_tile *tile)
{
    int32_t stride = 1, table = 0;

    tile->passes = 0;
    for (int32_t left = tile->points; left > 1;) {
        fft_pass *pass = &tile->pass[tile->passes++];

        pass->radix = fft_radix_of(left);
        pass->stride = stride;
        pass->span = left / pass->radix;
        pass->table = table;
        pass->by_row = fft_divisor_of(tile->points / pass->radix);
        pass->by_stride = fft_divisor_of(stride);
        table += (pass->radix - 1) * pass->span;
        stride *= pass->radix;
        left = pass->span;
    }
    tile->split = table;
}

/* Where point `index` of a row lies: a gap after every 16 points spreads the strides of the passes
 * over the 32 banks, of which one point takes two. */
CLEAVE_INLINE int32_t fft_at(int32_t index)
{
    return index + index / 16;
}

/* Rows lie so that the same point of all of them is in different banks. */
static inline int32_t fft_pitch_of(int32_t points, int32_t rows)
{
    const int32_t bare = (int32_t)cleave_div_up(fft_at(points - 1) + 1, 16) * 16;

    return rows > 1 ? bare + (rows < 16 ? 16 / rows : 1) : bare;
}

static inline size_t fft_tile_bytes(const fft_tile *tile)
{
    return (size_t)tile->rows * (size_t)tile->pitch * sizeof(fft_c32);
}

/* At most `rows` rows, a power of two, of `points` complex points. */
static inline fft_tile fft_tile_make(int32_t points, int32_t rows)
{
    fft_tile tile;

    tile.points = points;
    fft_tile_passes(&tile);
    for (tile.rows = rows;; tile.rows /= 2) {
        tile.pitch = fft_pitch_of(points, tile.rows);
        tile.threads = CLEAVE_WARP *
                       (int32_t)cleave_div_up(tile.rows * points, FFT_THREAD_POINTS * CLEAVE_WARP);
        tile.in_shared =
            fft_tile_bytes(&tile) <= CLEAVE_SHARED_BYTES_MAX && tile.threads <= FFT_THREADS_MAX;
        if (tile.in_shared || tile.rows == 1)
            break;
    }
    if (!tile.in_shared)
        tile.threads = FFT_THREADS_GLOBAL;
    tile.by_points = fft_divisor_of(points);
    tile.by_rows = fft_divisor_of(tile.rows);
    tile.by_pairs = fft_divisor_of(points / 2 + 1);
    return tile;
}

/* Blocks to launch for `groups` pieces of work: as many, or those that have buffers. */
static inline int64_t fft_tile_blocks(const fft_tile *tile, int64_t groups)
{
    return tile->in_shared ? groups : cleave_i64_min(groups, FFT_BLOCKS_GLOBAL);
}

static inline size_t fft_tile_scratch_bytes(const fft_tile *tile, int64_t groups)
{
    return tile->in_shared ? 0 : 2 * (size_t)fft_tile_blocks(tile, groups) * fft_tile_bytes(tile);
}

static inline size_t fft_tile_shared_bytes(const fft_tile *tile)
{
    return tile->in_shared ? fft_tile_bytes(tile) : 0;
}

/* The factors of the passes and of fft_split. */
static inline size_t fft_tile_table_bytes(const fft_tile *tile)
{
    return (size_t)(tile->split + tile->points / 2 + 1) * sizeof(fft_c32);
}

static inline void fft_tile_table_entry(fft_c32 *entry, int64_t k, int64_t n)
{
    double w[2];

    cleave_fft_twiddle(k, n, w);
    entry->re = (float)w[0];
    entry->im = (float)w[1];
}

static inline void fft_tile_prepare(const fft_tile *tile, void *prepared)
{
    fft_c32 *entry = (fft_c32 *)prepared;

    for (int32_t i = 0; i < tile->passes; i++) {
        const fft_pass *pass = &tile->pass[i];
        for (int32_t k = 1; k < pass->radix; k++)
            for (int32_t p = 0; p < pass->span; p++)
                fft_tile_table_entry(entry++, (int64_t)p * k * pass->stride, tile->points);
    }
    for (int32_t k = 0; k <= tile->points / 2; k++)
        fft_tile_table_entry(entry++, k, 2 * (int64_t)tile->points);
}

/* ---- on the device ------------------------------------------------------------------------- */

static __device__ __forceinline__ int32_t fft_divide(int32_t x, fft_divisor d)
{
    return d.value == 1 ? x : (int32_t)((uint64_t)(uint32_t)x * d.inverse >> 32);
}

static __device__ __forceinline__ fft_c32 fft_add(fft_c32 a, fft_c32 b)
{
    return {a.re + b.re, a.im + b.im};
}

static __device__ __forceinline__ fft_c32 fft_sub(fft_c32 a, fft_c32 b)
{
    return {a.re - b.re, a.im - b.im};
}

static __device__ __forceinline__ fft_c32 fft_mul(fft_c32 a, fft_c32 b)
{
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static __device__ __forceinline__ fft_c32 fft_scale(fft_c32 a, float s)
{
    return {a.re * s, a.im * s};
}

static __device__ __forceinline__ fft_c32 fft_conj(fft_c32 a)
{
    return {a.re, -a.im};
}

static __device__ __forceinline__ fft_c32 fft_mul_i(fft_c32 a)
{
    return {-a.im, a.re};
}

/* Transforms of R points in registers, forward. */
template <int R> static __device__ __forceinline__ void fft_dft(fft_c32 *x);

template <> __device__ __forceinline__ void fft_dft<2>(fft_c32 *x)
{
    const fft_c32 a = x[0];

    x[0] = fft_add(a, x[1]);
    x[1] = fft_sub(a, x[1]);
}

template <> __device__ __forceinline__ void fft_dft<3>(fft_c32 *x)
{
    const fft_c32 sum = fft_add(x[1], x[2]);
    const fft_c32 turned = fft_mul_i(fft_scale(fft_sub(x[1], x[2]), 0.86602540378443865f));
    const fft_c32 middle = fft_sub(x[0], fft_scale(sum, 0.5f));

    x[0] = fft_add(x[0], sum);
    x[1] = fft_sub(middle, turned);
    x[2] = fft_add(middle, turned);
}

template <> __device__ __forceinline__ void fft_dft<4>(fft_c32 *x)
{
    const fft_c32 a = fft_add(x[0], x[2]), b = fft_sub(x[0], x[2]);
    const fft_c32 c = fft_add(x[1], x[3]), d = fft_mul_i(fft_sub(x[1], x[3]));

    x[0] = fft_add(a, c);
    x[1] = fft_sub(b, d);
    x[2] = fft_sub(a, c);
    x[3] = fft_add(b, d);
}

template <> __device__ __forceinline__ void fft_dft<5>(fft_c32 *x)
{
    const float c1 = 0.30901699437494742f, c2 = -0.80901699437494742f; /* cos(2 pi / 5), twice */
    const float s1 = 0.95105651629515357f, s2 = 0.58778525229247313f;  /* sin of the same */
    const fft_c32 sum14 = fft_add(x[1], x[4]), diff14 = fft_sub(x[1], x[4]);
    const fft_c32 sum23 = fft_add(x[2], x[3]), diff23 = fft_sub(x[2], x[3]);
    const fft_c32 m1 = fft_add(x[0], fft_add(fft_scale(sum14, c1), fft_scale(sum23, c2)));
    const fft_c32 m2 = fft_add(x[0], fft_add(fft_scale(sum14, c2), fft_scale(sum23, c1)));
    const fft_c32 t1 = fft_mul_i(fft_add(fft_scale(diff14, s1), fft_scale(diff23, s2)));
    const fft_c32 t2 = fft_mul_i(fft_sub(fft_scale(diff14, s2), fft_scale(diff23, s1)));

    x[0] = fft_add(x[0], fft_add(sum14, sum23));
    x[1] = fft_sub(m1, t1);
    x[2] = fft_sub(m2, t2);
    x[3] = fft_add(m2, t2);
    x[4] = fft_add(m1, t1);
}

template <> __device__ __forceinline__ void fft_dft<8>(fft_c32 *x)
{
    const float h = 0.70710678118654752f;
    fft_c32 even[4] = {x[0], x[2], x[4], x[6]};
    fft_c32 odd[4] = {x[1], x[3], x[5], x[7]};

    fft_dft<4>(even);
    fft_dft<4>(odd);
    odd[1] = {h * (odd[1].re + odd[1].im), h * (odd[1].im - odd[1].re)};
    odd[2] = {odd[2].im, -odd[2].re};
    odd[3] = {h * (odd[3].im - odd[3].re), -h * (odd[3].re + odd[3].im)};
    CLEAVE_UNROLL
    for (int k = 0; k < 4; k++) {
        x[k] = fft_add(even[k], odd[k]);
        x[k + 4] = fft_sub(even[k], odd[k]);
    }
}

/* One butterfly: its points into registers, transformed, turned by the factors of the pass. */
template <int R>
static __device__ __forceinline__ void fft_butterfly(const fft_shape &shape, const fft_pass &pass,
                                                     const fft_c32 *table, const fft_c32 *buffer,
                                                     int32_t j, fft_c32 *x)
{
    const int32_t butterflies = (int32_t)pass.by_row.value;
    const int32_t row = fft_divide(j, pass.by_row), i = j - row * butterflies;
    const int32_t p = fft_divide(i, pass.by_stride);

    CLEAVE_UNROLL
    for (int k = 0; k < R; k++)
        x[k] = buffer[row * shape.pitch + fft_at(i + k * butterflies)];
    fft_dft<R>(x);
    if (pass.span > 1) {
        CLEAVE_UNROLL
        for (int k = 1; k < R; k++)
            x[k] = fft_mul(x[k], table[pass.table + (k - 1) * pass.span + p]);
    }
}

template <int R>
static __device__ __forceinline__ void fft_put(const fft_shape &shape, const fft_pass &pass,
                                               fft_c32 *buffer, int32_t j, const fft_c32 *x)
{
    const int32_t row = fft_divide(j, pass.by_row), i = j - row * ((int32_t)pass.by_row.value);
    const int32_t p = fft_divide(i, pass.by_stride), q = i - p * pass.stride;

    CLEAVE_UNROLL
    for (int k = 0; k < R; k++)
        buffer[row * shape.pitch + fft_at(q + pass.stride * (R * p + k))] = x[k];
}

/* One pass over all rows. In shared memory `from` and `to` are the same buffer, and the loop runs
 * once. */
template <int R>
static __device__ __forceinline__ void
fft_run_pass(fft_shape shape, fft_pass pass, const fft_c32 *table, const fft_c32 *from, fft_c32 *to)
{
    constexpr int each = (FFT_THREAD_POINTS + R - 1) / R; /* butterflies of a thread */
    const int32_t butterflies = shape.rows * ((int32_t)pass.by_row.value),
                  threads = (int32_t)blockDim.x;

    for (int32_t first = 0; first < butterflies; first += each * threads) {
        fft_c32 x[each][R];

        /* Threads past the end repeat the last butterfly: a register that only some of them set
         * would have to be kept from one pass to the next. */
        CLEAVE_UNROLL
        for (int b = 0; b < each; b++) {
            const int32_t j = first + b * threads + (int32_t)threadIdx.x;
            fft_butterfly<R>(shape, pass, table, from, j < butterflies ? j : butterflies - 1, x[b]);
        }
        cleave_barrier();
        CLEAVE_UNROLL
        for (int b = 0; b < each; b++) {
            const int32_t j = first + b * threads + (int32_t)threadIdx.x;
            if (j < butterflies)
                fft_put<R>(shape, pass, to, j, x[b]);
        }
    }
    cleave_barrier();
}

/* Forward transforms of the first `rows` rows of the tile in `buffer`, once all its points are
 * there; all threads of the block take part. `spare` is the other buffer, or `buffer` again in
 * shared memory. Returns the one that has the result, which all threads may then read. */
static __device__ __forceinline__ const fft_c32 *fft_transform(const fft_tile &tile,
                                                               const fft_c32 *table, int32_t rows,
                                                               fft_c32 *buffer, fft_c32 *spare)
{
    const fft_shape shape = {tile.points, tile.pitch, rows};

    cleave_barrier();
    for (int32_t i = 0; i < tile.passes; i++) {
        const fft_pass &pass = tile.pass[i];
        fft_c32 *swap = buffer;

        switch (pass.radix) {
        case 2:
            fft_run_pass<2>(shape, pass, table, buffer, spare);
            break;
        case 3:
            fft_run_pass<3>(shape, pass, table, buffer, spare);
            break;
        case 4:
            fft_run_pass<4>(shape, pass, table, buffer, spare);
            break;
        case 5:
            fft_run_pass<5>(shape, pass, table, buffer, spare);
            break;
        default:
            fft_run_pass<8>(shape, pass, table, buffer, spare);
        }
        buffer = spare;
        spare = swap;
    }
    return buffer;
}

/* The buffers of a block: one in shared memory, or two in scratch. */
template <bool IN_SHARED>
static __device__ __forceinline__ void fft_buffers(const fft_tile &tile, void *scratch,
                                                   fft_c32 **buffer, fft_c32 **spare)
{
    CLEAVE_SHARED_DYNAMIC(fft_c32, shared);
    const int64_t points = (int64_t)tile.rows * tile.pitch;

    *buffer = IN_SHARED ? shared : (fft_c32 *)scratch + 2 * points * (int64_t)blockIdx.x;
    *spare = IN_SHARED ? shared : *buffer + points;
}

/* A real row of even length N is transformed as N/2 complex points, z[i] = x[2i] + i x[2i+1]. These
 * two go from the points k and N/2 - k of that transform (point N/2 is point 0) to the bins of the
 * same numbers, and back to the conjugates of the points of the unscaled inverse. `factor` is
 * exp(-2 pi i k / N). */
static __device__ __forceinline__ void fft_split(fft_c32 low, fft_c32 high, fft_c32 factor,
                                                 fft_c32 *low_bin, fft_c32 *high_bin)
{
    const fft_c32 even = fft_scale(fft_add(low, fft_conj(high)), 0.5f);
    const fft_c32 odd = fft_mul_i(fft_scale(fft_sub(fft_conj(high), low), 0.5f));
    const fft_c32 turned = fft_mul(odd, factor);

    *low_bin = fft_add(even, turned);
    *high_bin = fft_conj(fft_sub(even, turned));
}

static __device__ __forceinline__ void fft_join(fft_c32 low_bin, fft_c32 high_bin, fft_c32 factor,
                                                fft_c32 *low, fft_c32 *high)
{
    const fft_c32 even = fft_add(low_bin, fft_conj(high_bin));
    const fft_c32 odd = fft_mul(fft_sub(low_bin, fft_conj(high_bin)), fft_conj(factor));
    const fft_c32 turned = fft_mul_i(odd);

    *low = fft_conj(fft_add(even, turned));
    *high = fft_sub(even, turned);
}

#endif
