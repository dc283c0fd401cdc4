/* gram_simd.h: the body shared by the vector variants; include a simd header and define TILE_ROWS
 * first.
 *
 * A tile of TILE_ROWS x TILE_COLUMNS sums stays in registers while its rows stream past: a vector
 * loaded serves several products. A column group is used by all tiles of a band while the
 * first-level cache has it. The band's own rows stay in the second, copied to where no vector
 * crosses a cache line, since rows of an odd length make all of theirs do so. */
#include "kernels/gram/gram.h"

#include <string.h>

#define TILE_COLUMNS 4

_Static_assert(CLEAVE_GRAM_BAND % TILE_ROWS == 0, "a band is a whole number of tiles");

/* Rows that a tile takes; at the lower and right edges the last one is repeated. */
typedef struct tile {
    const float *row[TILE_ROWS], *column[TILE_COLUMNS];
} tile;

/* Floats from one copied row to the next: whole cache lines. */
static int64_t copy_stride(const cleave_gram_args *a)
{
    return cleave_div_up(a->points, 16) * 16;
}

static size_t scratch_bytes(const void *args)
{
    return (size_t)(CLEAVE_GRAM_BAND * copy_stride(args)) * sizeof(float);
}

static void multiply(const tile *t, int64_t points, float sums[TILE_ROWS][TILE_COLUMNS])
{
    simd_f32 sum[TILE_ROWS][TILE_COLUMNS];
    int64_t p = 0;

#pragma GCC unroll 4
    for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 4
        for (int c = 0; c < TILE_COLUMNS; c++)
            sum[r][c] = simd_zero();
    for (; p + SIMD_LANES <= points; p += SIMD_LANES) {
        simd_f32 row[TILE_ROWS];
#pragma GCC unroll 4
        for (int r = 0; r < TILE_ROWS; r++)
            row[r] = simd_load_aligned(t->row[r] + p);
#pragma GCC unroll 4
        for (int c = 0; c < TILE_COLUMNS; c++) {
            const simd_f32 column = simd_load(t->column[c] + p);
#pragma GCC unroll 4
            for (int r = 0; r < TILE_ROWS; r++)
                sum[r][c] = simd_fma(row[r], column, sum[r][c]);
        }
    }
#pragma GCC unroll 4
    for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 4
        for (int c = 0; c < TILE_COLUMNS; c++) {
            const int64_t rest = points - p;
            const simd_f32 last = simd_mul(simd_load_first(t->row[r] + p, rest),
                                           simd_load_first(t->column[c] + p, rest));
            sums[r][c] = simd_sum(simd_add(sum[r][c], last));
        }
}

/* The tile whose first sum is (i, j) of the band from row `begin` on; what lies outside the matrix
 * or below its diagonal is thrown away. */
static void run_tile(const cleave_gram_args *a, const float *copy, int64_t begin, int64_t i,
                     int64_t j)
{
    float sums[TILE_ROWS][TILE_COLUMNS];
    tile t;

    for (int r = 0; r < TILE_ROWS; r++)
        t.row[r] = copy + (cleave_i64_min(i + r, a->rows - 1) - begin) * copy_stride(a);
    for (int c = 0; c < TILE_COLUMNS; c++)
        t.column[c] = a->in + cleave_i64_min(j + c, a->rows - 1) * a->points;
    multiply(&t, a->points, sums);
    for (int64_t r = i; r < cleave_i64_min(i + TILE_ROWS, a->rows); r++)
        for (int64_t c = cleave_i64_max(j, r); c < cleave_i64_min(j + TILE_COLUMNS, a->rows); c++)
            a->out[r * a->rows + c] = a->out[c * a->rows + r] = sums[r - i][c - j];
}

static void run_band(const cleave_gram_args *a, int64_t band, float *copy)
{
    const int64_t begin = band * CLEAVE_GRAM_BAND;
    const int64_t end = cleave_i64_min(begin + CLEAVE_GRAM_BAND, a->rows);

    for (int64_t r = begin; r < end; r++)
        memcpy(copy + (r - begin) * copy_stride(a), a->in + r * a->points,
               (size_t)a->points * sizeof(float));
    for (int64_t j = begin; j < a->rows; j += TILE_COLUMNS)
        for (int64_t i = begin; i < end && i < j + TILE_COLUMNS; i += TILE_ROWS)
            run_tile(a, copy, begin, i, j);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_gram_args *a = args;
    const int64_t bands = cleave_div_up(a->rows, CLEAVE_GRAM_BAND);

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t other = bands - 1 - item;

        run_band(a, item, work->scratch);
        if (other != item)
            run_band(a, other, work->scratch);
    }
}
