/* conv_multiply.h: the product of a tile of weights and a panel of points; include a simd header
 * and define TILE_ROWS first.
 *
 * Products are summed in chains of `chain`, whose sums are added: with K products the error grows
 * like sqrt(chain) + sqrt(K / chain) instead of sqrt(K). */
#ifndef CLEAVE_KERNELS_CONV_MULTIPLY_H
#define CLEAVE_KERNELS_CONV_MULTIPLY_H

#include "kernels/conv/conv_pack.h"

#define FEW_ROWS                                                                                   \
    2 /* a matrix of so few rows fills a tile too little for the whole to be computed */

/* sums[r][x] (+)= sum_k weight[k][r] points[k][x] for `count` rows r and `vectors` vectors of x,
 * where vector v of row k of the points lies at rows[k] + at[v] or, if rows is NULL, in a panel at
 * `points`. In chains of at most `chain` products, whose sums are added. */
SIMD_INLINE void multiply(const float *CLEAVE_RESTRICT weight, const float *CLEAVE_RESTRICT points,
                          const float *const *rows, const int64_t *at, int64_t depth, int64_t chain,
                          int add, int count, int vectors, float *CLEAVE_RESTRICT sums)
{
    /* One even for no products, where kernel rows meet only padding: it stores their sums, zeros.
     */
    const int64_t chains = cleave_i64_max(1, cleave_div_up(depth, chain));
    int64_t base[PANEL_VECTORS] = {0}, k = 0;

#pragma GCC unroll 3
    for (int v = 0; rows && v < vectors; v++)
        base[v] = at[v];
    for (int64_t c = 0; c < chains; c++) {
        simd_f32 sum[TILE_ROWS][PANEL_VECTORS];
#pragma GCC unroll 8
        for (int r = 0; r < count; r++)
#pragma GCC unroll 3
            for (int v = 0; v < vectors; v++)
                sum[r][v] = simd_zero();
        for (const int64_t end = depth * (c + 1) / chains; k < end; k++) {
            const float *const row = rows ? rows[k] : points + k * PANEL;
            simd_f32 x[PANEL_VECTORS];
#pragma GCC unroll 3
            for (int v = 0; v < vectors; v++)
                x[v] = simd_load(row + (rows ? base[v] : v * SIMD_LANES));
#pragma GCC unroll 8
            for (int r = 0; r < count; r++) {
                const simd_f32 w = simd_set1(weight[r]);
#pragma GCC unroll 3
                for (int v = 0; v < vectors; v++)
                    sum[r][v] = simd_fma(w, x[v], sum[r][v]);
            }
            weight += TILE_ROWS;
        }
#pragma GCC unroll 8
        for (int r = 0; r < count; r++)
#pragma GCC unroll 3
            for (int v = 0; v < vectors; v++) {
                float *const to = sums + (r * vectors + v) * SIMD_LANES;
                simd_store_aligned(to,
                                   add ? simd_add(simd_load_aligned(to), sum[r][v]) : sum[r][v]);
            }
        add = 1;
    }
}

/* Each product is a function of its own: in one with others the compiler spilled registers (AVX2,
 * 25 % slower) or placed the innermost loop badly (AVX-512, 8 %). */

/* The points of a panel lie together. */
APART static void multiply_panel(const float *weight, const float *points, int64_t depth,
                                 int64_t chain, int add, float *sums)
{
    if (add)
        multiply(weight, points, NULL, NULL, depth, chain, 1, TILE_ROWS, PANEL_VECTORS, sums);
    else
        multiply(weight, points, NULL, NULL, depth, chain, 0, TILE_ROWS, PANEL_VECTORS, sums);
}

/* The same for a panel of 1 vector or 2. */
APART static void multiply_panel_narrow(const float *weight, const float *points, int64_t depth,
                                        int64_t chain, int add, int64_t vectors, float *sums)
{
    if (vectors == 1)
        multiply(weight, points, NULL, NULL, depth, chain, add, TILE_ROWS, 1, sums);
    else
        multiply(weight, points, NULL, NULL, depth, chain, add, TILE_ROWS, 2, sums);
}

/* The points of a panel lie at rows[] + at[]. */
APART static void multiply_rows(const float *weight, const float *const *rows, const int64_t *at,
                                int64_t depth, int64_t chain, int add, float *sums)
{
    if (add)
        multiply(weight, NULL, rows, at, depth, chain, 1, TILE_ROWS, PANEL_VECTORS, sums);
    else
        multiply(weight, NULL, rows, at, depth, chain, 0, TILE_ROWS, PANEL_VECTORS, sums);
}

APART static void multiply_rows_narrow(const float *weight, const float *const *rows,
                                       const int64_t *at, int64_t depth, int64_t chain, int add,
                                       int64_t vectors, float *sums)
{
    if (vectors == 1)
        multiply(weight, NULL, rows, at, depth, chain, add, TILE_ROWS, 1, sums);
    else
        multiply(weight, NULL, rows, at, depth, chain, add, TILE_ROWS, 2, sums);
}

/* Only FEW_ROWS rows of the tile. */
APART static void multiply_rows_few(const float *weight, const float *const *rows,
                                    const int64_t *at, int64_t depth, int64_t chain, int add,
                                    int64_t vectors, float *sums)
{
    if (vectors == 1)
        multiply(weight, NULL, rows, at, depth, chain, add, FEW_ROWS, 1, sums);
    else if (vectors == 2)
        multiply(weight, NULL, rows, at, depth, chain, add, FEW_ROWS, 2, sums);
    else
        multiply(weight, NULL, rows, at, depth, chain, add, FEW_ROWS, PANEL_VECTORS, sums);
}

#endif
