/* gram_cuda.cu: a block of threads a band times 64 columns; rows and columns pass through shared
 * memory a chunk at a time. */
#include "kernels/cuda_common.cuh"
#include "kernels/gram/gram.h"

#define COLUMNS 64
#define CHUNK   32          /* products summed up before they join the total: short sums err less */
#define STRIDE  (CHUNK + 1) /* neighbouring rows in neighbouring banks */
#define THREADS 128
#define THREAD_ROWS                                                                                \
    (CLEAVE_GRAM_BAND / (THREADS / CLEAVE_WARP)) /* each warp has rows of its own                  \
                                                  */
#define THREAD_COLUMNS (COLUMNS / CLEAVE_WARP)

/* chunk[r][p] = in[first + r][begin + p]; zero past the end of a row, and the last row again past
 * the end of the matrix. */
static __device__ void load_chunk(const cleave_gram_args &a, int64_t first, int32_t rows,
                                  int64_t begin, float *chunk)
{
    const int32_t lane = (int32_t)threadIdx.x % CLEAVE_WARP;

    for (int32_t r = (int32_t)threadIdx.x / CLEAVE_WARP; r < rows; r += THREADS / CLEAVE_WARP) {
        const float *row = a.in + cleave_i64_min(first + r, a.rows - 1) * a.points;
        chunk[r * STRIDE + lane] = begin + lane < a.points ? row[begin + lane] : 0.0f;
    }
}

static __device__ void add_chunk(const float *row, const float *column,
                                 float total[THREAD_ROWS][THREAD_COLUMNS])
{
    float sum[THREAD_ROWS][THREAD_COLUMNS] = {};

    CLEAVE_UNROLL
    for (int p = 0; p < CHUNK; p++) {
        CLEAVE_UNROLL
        for (int c = 0; c < THREAD_COLUMNS; c++) {
            const float y = column[c * CLEAVE_WARP * STRIDE + p];
            CLEAVE_UNROLL
            for (int r = 0; r < THREAD_ROWS; r++)
                sum[r][c] = cleave_fma(row[r * STRIDE + p], y, sum[r][c]);
        }
    }
    CLEAVE_UNROLL
    for (int r = 0; r < THREAD_ROWS; r++) {
        CLEAVE_UNROLL
        for (int c = 0; c < THREAD_COLUMNS; c++)
            total[r][c] += sum[r][c];
    }
}

/* The products of the band whose first row is `top` with the columns from `left` on; those below
 * the diagonal are thrown away, those above it written twice. */
static __device__ void run_tile(const cleave_gram_args &a, int64_t top, int64_t left, float *rows,
                                float *columns)
{
    const int32_t warp = (int32_t)threadIdx.x / CLEAVE_WARP;
    const int32_t lane = (int32_t)threadIdx.x % CLEAVE_WARP;
    float total[THREAD_ROWS][THREAD_COLUMNS] = {};

    for (int64_t begin = 0; begin < a.points; begin += CHUNK) {
        load_chunk(a, top, CLEAVE_GRAM_BAND, begin, rows);
        load_chunk(a, left, COLUMNS, begin, columns);
        cleave_barrier();
        add_chunk(rows + warp * THREAD_ROWS * STRIDE, columns + lane * STRIDE, total);
        cleave_barrier();
    }
    CLEAVE_UNROLL
    for (int r = 0; r < THREAD_ROWS; r++) {
        CLEAVE_UNROLL
        for (int c = 0; c < THREAD_COLUMNS; c++) {
            const int64_t i = top + warp * THREAD_ROWS + r, j = left + lane + c * CLEAVE_WARP;
            if (i <= j && j < a.rows)
                a.out[i * a.rows + j] = a.out[j * a.rows + i] = total[r][c];
        }
    }
}

CLEAVE_INLINE int64_t tiles_of_band(int64_t rows, int64_t band)
{
    return cleave_div_up(rows - band * CLEAVE_GRAM_BAND, COLUMNS);
}

/* The two bands of an item begin at rows that add up to less than the number of rows by a band at
 * most, so that they never have more tiles. */
CLEAVE_INLINE int64_t tiles_of_item(int64_t rows)
{
    return (rows + CLEAVE_GRAM_BAND + 2 * (COLUMNS - 1)) / COLUMNS;
}

static __global__ void gram_kernel(cleave_gram_args a, int64_t begin)
{
    CLEAVE_SHARED(float, rows, CLEAVE_GRAM_BAND *STRIDE);
    CLEAVE_SHARED(float, columns, COLUMNS *STRIDE);
    const int64_t bands = cleave_div_up(a.rows, CLEAVE_GRAM_BAND), slots = tiles_of_item(a.rows);
    const int64_t upper = begin + (int64_t)blockIdx.x / slots, lower = bands - 1 - upper;
    const int64_t slot = (int64_t)blockIdx.x % slots, tiles = tiles_of_band(a.rows, upper);
    const int64_t band = slot < tiles ? upper : lower;
    const int64_t tile = slot < tiles ? slot : slot - tiles;

    if (slot >= tiles && (upper == lower || tile >= tiles_of_band(a.rows, lower)))
        return;
    run_tile(a, band * CLEAVE_GRAM_BAND, band * CLEAVE_GRAM_BAND + tile * COLUMNS, rows, columns);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_gram_args *a = (const cleave_gram_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(gram_kernel, (work->end - work->begin) * tiles_of_item(a->rows), THREADS, 0,
                      work->stream, *a, work->begin);
}

const cleave_kernel cleave_gram_cuda = {run, NULL, NULL, NULL};
