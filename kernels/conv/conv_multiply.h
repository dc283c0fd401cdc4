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

/* What is multiplied: weights [depth][TILE_ROWS], and points of which vector v of depth k lies at
 * rows[k] + at[v] or, if they are packed, in a panel at `points`. */
typedef struct factors {
    const float *weight, *points;
    const float *const *rows;
    int64_t at[PANEL_VECTORS];
    int packed;
} factors;

/* The next products of `count` rows and `vectors` vectors: more of the sums or, to begin with, the
 * sums. */
SIMD_INLINE void multiply_step(factors *f, int begin, int count, int vectors,
                               simd_f32 sum[TILE_ROWS][PANEL_VECTORS])
{
    const float *const row = f->packed ? f->points : *f->rows++;
    simd_f32 x[PANEL_VECTORS];

#pragma GCC unroll 3
    for (int v = 0; v < vectors; v++)
        x[v] = simd_load(row + f->at[v]);
#pragma GCC unroll 8
    for (int r = 0; r < count; r++) {
        const simd_f32 w = simd_set1(f->weight[r]);
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++)
            sum[r][v] = begin ? simd_mul(w, x[v]) : simd_fma(w, x[v], sum[r][v]);
    }
    f->weight += TILE_ROWS;
    if (f->packed)
        f->points += PANEL;
}

/* sums[r][x] (+)= sum_k weight[k][r] points[k][x] for `count` rows r and `vectors` vectors of x, in
 * chains of `chain` products, whose sums are added. A chain begins with a product: zeros in all
 * registers to add it to would cost as much as two. No products at all, where kernel rows meet only
 * padding, are zeros. */
SIMD_INLINE void multiply(factors f, int64_t depth, int64_t chain, int add, int count, int vectors,
                          float *CLEAVE_RESTRICT sums)
{
    const int64_t chains = cleave_div_up(depth, chain);
    int64_t k = 0;

    for (int64_t i = 0; !add && depth == 0 && i < count * vectors; i++)
        simd_store_aligned(sums + i * SIMD_LANES, simd_zero());
    for (int64_t c = 0; c < chains; c++, add = 1) {
        const int64_t end = depth * (c + 1) / chains;
        simd_f32 sum[TILE_ROWS][PANEL_VECTORS];
        multiply_step(&f, 1, count, vectors, sum);
        for (k++; k < end; k++)
            multiply_step(&f, 0, count, vectors, sum);
#pragma GCC unroll 8
        for (int r = 0; r < count; r++)
#pragma GCC unroll 3
            for (int v = 0; v < vectors; v++) {
                float *const to = sums + (r * vectors + v) * SIMD_LANES;
                simd_store_aligned(to,
                                   add ? simd_add(simd_load_aligned(to), sum[r][v]) : sum[r][v]);
            }
        /* Or the sums of the chains before lie in the stack, and are copied there and back. */
        __asm__ volatile("" ::: "memory");
    }
}

/* Each product is a function of its own: in one with others the compiler spilled registers (AVX2,
 * 25 % slower) or placed the innermost loop badly (AVX-512, 8 %). */

/* The points of a panel lie together. */
SIMD_INLINE factors of_panel(const float *weight, const float *points)
{
    factors f = {.weight = weight, .points = points, .packed = 1};

    for (int v = 0; v < PANEL_VECTORS; v++)
        f.at[v] = v * SIMD_LANES;
    return f;
}

APART static void multiply_panel(const float *weight, const float *points, int64_t depth,
                                 int64_t chain, int add, float *sums)
{
    const factors f = of_panel(weight, points);

    if (add)
        multiply(f, depth, chain, 1, TILE_ROWS, PANEL_VECTORS, sums);
    else
        multiply(f, depth, chain, 0, TILE_ROWS, PANEL_VECTORS, sums);
}

/* The same for a panel of 1 vector or 2. */
APART static void multiply_panel_narrow(const float *weight, const float *points, int64_t depth,
                                        int64_t chain, int add, int64_t vectors, float *sums)
{
    const factors f = of_panel(weight, points);

    if (vectors == 1)
        multiply(f, depth, chain, add, TILE_ROWS, 1, sums);
    else
        multiply(f, depth, chain, add, TILE_ROWS, 2, sums);
}

/* They lie at rows[] + at[]. */
SIMD_INLINE factors of_rows(const float *weight, const float *const *rows, const int64_t *at,
                            int64_t vectors)
{
    factors f = {.weight = weight, .rows = rows};

    for (int64_t v = 0; v < vectors; v++)
        f.at[v] = at[v];
    return f;
}

APART static void multiply_rows(const float *weight, const float *const *rows, const int64_t *at,
                                int64_t depth, int64_t chain, int add, float *sums)
{
    const factors f = of_rows(weight, rows, at, PANEL_VECTORS);

    if (add)
        multiply(f, depth, chain, 1, TILE_ROWS, PANEL_VECTORS, sums);
    else
        multiply(f, depth, chain, 0, TILE_ROWS, PANEL_VECTORS, sums);
}

APART static void multiply_rows_narrow(const float *weight, const float *const *rows,
                                       const int64_t *at, int64_t depth, int64_t chain, int add,
                                       int64_t vectors, float *sums)
{
    const factors f = of_rows(weight, rows, at, vectors);

    if (vectors == 1)
        multiply(f, depth, chain, add, TILE_ROWS, 1, sums);
    else
        multiply(f, depth, chain, add, TILE_ROWS, 2, sums);
}

/* Only FEW_ROWS rows of the tile. */
APART static void multiply_rows_few(const float *weight, const float *const *rows,
                                    const int64_t *at, int64_t depth, int64_t chain, int add,
                                    int64_t vectors, float *sums)
{
    const factors f = of_rows(weight, rows, at, vectors);

    if (vectors == 1)
        multiply(f, depth, chain, add, FEW_ROWS, 1, sums);
    else if (vectors == 2)
        multiply(f, depth, chain, add, FEW_ROWS, 2, sums);
    else
        multiply(f, depth, chain, add, FEW_ROWS, PANEL_VECTORS, sums);
}

#endif
