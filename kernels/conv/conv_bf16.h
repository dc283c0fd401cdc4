/* conv_bf16.h: products of bfloat16, summed in float32; include a simd header with pairs and define
 * TILE_ROWS first.
 *
 * Depths are taken in pairs, which one instruction multiplies and adds. A panel of points is
 * rounded and paired for all tiles of a call at once, whatever way its rows were found: for float32
 * that would be a copy, here it is needed anyway. */
#ifndef CLEAVE_KERNELS_CONV_BF16_H
#define CLEAVE_KERNELS_CONV_BF16_H

#define PAIRS 1

#include "kernels/conv/conv_part.h"

/* A panel of pairs: [depth / 2][PANEL] pairs. Vector v of row k lies at rows[k] + at[v]. */
static void pair_panel(const float *const *rows, const int64_t *at, int64_t depth, int64_t vectors,
                       uint16_t *to)
{
    for (int64_t k = 0; k < depth; k += 2, to += 2 * PANEL)
        for (int64_t v = 0; v < vectors; v++)
            simd_pairs_store(to + 2 * v * SIMD_LANES, simd_pair_up(simd_load(rows[k] + at[v]),
                                                                   simd_load(rows[k + 1] + at[v])));
}

/* sums[r][x] (+)= sum_k weight[k][r] points[k][x] over pairs k. */
SIMD_INLINE void multiply_pairs(const uint16_t *CLEAVE_RESTRICT weight,
                                const uint16_t *CLEAVE_RESTRICT points, int64_t pairs, int add,
                                int vectors, float *CLEAVE_RESTRICT sums)
{
    simd_f32 sum[TILE_ROWS][PANEL_VECTORS];

#pragma GCC unroll 8
    for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++)
            sum[r][v] = simd_zero();
    for (int64_t k = 0; k < pairs; k++) {
        simd_pairs x[PANEL_VECTORS];
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++)
            x[v] = simd_pairs_load(points + 2 * v * SIMD_LANES);
#pragma GCC unroll 8
        for (int r = 0; r < TILE_ROWS; r++) {
            const simd_pairs w = simd_pairs_set1(weight + 2 * r);
#pragma GCC unroll 3
            for (int v = 0; v < vectors; v++)
                sum[r][v] = simd_pairs_dot(w, x[v], sum[r][v]);
        }
        weight += 2 * TILE_ROWS;
        points += 2 * PANEL;
    }
#pragma GCC unroll 8
    for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++) {
            float *const to = sums + (r * vectors + v) * SIMD_LANES;
            simd_store_aligned(to, add ? simd_add(simd_load_aligned(to), sum[r][v]) : sum[r][v]);
        }
}

/* A function of its own, as in conv_multiply.h. */
APART static void multiply_any(const uint16_t *weight, const uint16_t *points, int64_t depth,
                               int add, int64_t vectors, float *sums)
{
    if (vectors == PANEL_VECTORS && add)
        multiply_pairs(weight, points, depth / 2, 1, PANEL_VECTORS, sums);
    else if (vectors == PANEL_VECTORS)
        multiply_pairs(weight, points, depth / 2, 0, PANEL_VECTORS, sums);
    else if (vectors == 2)
        multiply_pairs(weight, points, depth / 2, add, 2, sums);
    else
        multiply_pairs(weight, points, depth / 2, add, 1, sums);
}

/* A panel with all tiles of the block, to their end. Pairs lie in what is scratch for weights. */
static void run_panel(const block *b, const part *k, int64_t panel, const float *const *rows,
                      const int64_t *at)
{
    const uint16_t *const weight = (const uint16_t *)b->constants.weight + k->matrix;
    uint16_t *const points = (uint16_t *)b->weights;
    const int64_t depth = k->to - k->from;
    places to;

    find_places(b, panel, &to);
    pair_panel(rows, at, depth, to.vectors, points);
    for (int64_t t = 0; t < b->tiles; t++) {
        int64_t o0 = 0, o1 = 0;
        if (k->last && k->slot == b->shape.slots - 1)
            channels_of_tile(b, t, &o0, &o1);
        prefetch_out(b, &to, o0, o1);
        multiply_any(weight + (t * k->depth + k->from) * TILE_ROWS, points, depth, !k->first,
                     to.vectors, sums_of(b, k->slot, t, panel));
        finish_channels(b, &to, o0, o1);
    }
}

/* Where the rows of a panel lie that are not split. */
static void find_panel(const block *b, const part *k, const gather *g, int64_t panel,
                       const float *rows[])
{
    gather here = *g;

    if (g->stride == 1) {
        find_rows(g, k->from, k->to, panel, panel_vectors(b, panel) * SIMD_LANES, b->points, rows);
        return;
    }
    here.shift += panel * PANEL * g->stride;
    pack(&here, k->from, k->to, 1, b->points);
    for (int64_t depth = 0; depth < k->to - k->from; depth++)
        rows[depth] = b->points + depth * PANEL;
}

/* The products of a part, and what follows the last. */
static void run_part(const block *b, const part *k, const gather *g, int64_t panels)
{
    const int apart = rows_split(b->args);
    const split s = split_of(g, b->columns, b->rows);
    const int64_t share = ahead_share(b->ahead, panels);
    const float *rows[WHOLE_DEPTH];

    if (apart && k->from < k->to) {
        split_rows(g, &s, b->args->in_rows, k->from / g->taps, cleave_div_up(k->to, g->taps),
                   b->points);
        find_split_rows(g, &s, k->from, k->to, b->points, rows);
    }
    for (int64_t p = 0; p < panels; p++) {
        int64_t at[PANEL_VECTORS] = {0, SIMD_LANES, 2 * SIMD_LANES};
        place to = place_of(b, p);
        if (apart)
            for (int64_t v = 0; v < panel_vectors(b, p); v++, to = place_after(b, to))
                at[v] = to.n * s.pitch + to.x;
        else
            find_panel(b, k, g, p, rows);
        ask_ahead(b->ahead, share);
        run_panel(b, k, p, rows, at);
    }
}

/* The products of a part with the tiles of `b`. */
static void multiply_forms(const block *b, const part *k, const split *s, const float *const *rows,
                           int64_t plane)
{
    const int64_t panels = cleave_div_up(b->rows * row_vectors(b), PANEL_VECTORS);
    const int64_t matrix = b->shape.tiles * TILE_ROWS * k->depth, depth = k->to - k->from;
    const int64_t share = ahead_share(b->ahead, FORMS * panels);
    uint16_t *const points = (uint16_t *)b->weights;

    for (int64_t form = 0; form < FORMS; form++) {
        const uint16_t *const weight =
            (const uint16_t *)b->constants.weight + k->matrix + form * matrix;
        place to = place_of(b, 0);
        for (int64_t p = 0; p < panels; p++) {
            int64_t at[PANEL_VECTORS] = {0};
            const int64_t vectors = panel_vectors(b, p);
            for (int64_t v = 0; v < vectors; v++, to = place_after(b, to))
                at[v] = (to.n * FORMS + form) * s->pitch + to.x;
            ask_ahead(b->ahead, share);
            pair_panel(rows, at, depth, vectors, points);
            for (int64_t t = 0; t < b->tiles; t++)
                multiply_any(weight + ((b->tile0 + t) * k->depth + k->from) * TILE_ROWS, points,
                             depth, !k->first, vectors,
                             b->sums + form * plane + (k->slot * b->tiles + t) * b->tile_floats +
                                 p * PANEL * TILE_ROWS);
        }
    }
}

/* What the products need of scratch beside points and sums: a panel of pairs. */
static int64_t extra_floats(const cleave_conv_args *a, int64_t tiles, int64_t depth)
{
    (void)a;
    (void)tiles;
    (void)depth;
    return PART_DEPTH * PANEL / 2 + PANEL;
}

#endif
