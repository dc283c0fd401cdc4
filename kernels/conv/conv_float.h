/* conv_float.h: products in float32, in the three ways that points are had (see conv.md); include a
 * simd header and define TILE_ROWS first. */
#ifndef CLEAVE_KERNELS_CONV_FLOAT_H
#define CLEAVE_KERNELS_CONV_FLOAT_H

#define PAIRS 0

#include "kernels/conv/conv_multiply.h"
#include "kernels/conv/conv_part.h"

/* `count` weights from weight `at` of the table on; those of binary16 as floats in `room`. */
static const float *weights_at(const constants *k, int64_t at, int64_t count, float *room)
{
    const uint16_t *const half = (const uint16_t *)k->weight + at;
    int64_t i = 0;

    if (!k->half)
        return (const float *)k->weight + at;
    for (; i + SIMD_LANES <= count; i += SIMD_LANES)
        simd_store(room + i, simd_load_half(half + i));
    for (; i < count; i++)
        room[i] = cleave_half_to_float(half[i]);
    return room;
}

/* The part of a tile's weights. */
static const float *tile_weights(const block *b, const part *k, int64_t tile, float *room)
{
    return weights_at(&b->constants, k->matrix + (tile * k->depth + k->from) * TILE_ROWS,
                      (k->to - k->from) * TILE_ROWS, room);
}

/* The product of a tile and a panel, whose points are a panel's at `points` or, if rows is not
 * NULL, lie at rows[] + at[]. */
static void multiply_any(const block *b, const part *k, const float *weight, const float *points,
                         const float *const *rows, const int64_t *at, int64_t vectors, float *sums)
{
    const int few = b->shape.channels * b->shape.joint <= FEW_ROWS && b->shape.values == TILE_ROWS;
    const int64_t depth = k->to - k->from;
    const int add = !k->first;

    if (rows && few)
        multiply_rows_few(weight, rows, at, depth, k->chain, add, vectors, sums);
    else if (rows && vectors == PANEL_VECTORS)
        multiply_rows(weight, rows, at, depth, k->chain, add, sums);
    else if (rows)
        multiply_rows_narrow(weight, rows, at, depth, k->chain, add, vectors, sums);
    else if (vectors == PANEL_VECTORS)
        multiply_panel(weight, points, depth, k->chain, add, sums);
    else
        multiply_panel_narrow(weight, points, depth, k->chain, add, vectors, sums);
}

/* One tile and panel, to its end. */
static void run_tile(const block *b, const part *k, int64_t tile, const float *weight,
                     int64_t panel, const float *points, const float *const *rows,
                     const int64_t *at)
{
    float *const sums = sums_of(b, k->slot, tile, panel);
    int64_t o0, o1;
    places to;

    if (!k->last || k->slot < b->shape.slots - 1) {
        multiply_any(b, k, weight, points, rows, at, panel_vectors(b, panel), sums);
        return;
    }
    find_places(b, panel, &to);
    channels_of_tile(b, tile, &o0, &o1);
    prefetch_out(b, &to, o0, o1);
    multiply_any(b, k, weight, points, rows, at, to.vectors, sums);
    finish_channels(b, &to, o0, o1);
}

/* Whether all taps of a panel, so many points of it, lie inside of their rows. */
static int panel_inside(const gather *g, int64_t panel, int64_t points)
{
    const int64_t at = panel * PANEL + g->shift, reach = (g->taps - 1) * g->tap_step;

    return at + cleave_i64_min(0, reach) >= 0 &&
           at + points + cleave_i64_max(0, reach) <= g->points;
}

/* Asks for the points that follow those of a panel: few tiles are done with a panel sooner than
 * memory delivers the next, and there are more channels than the processor foresees. */
SIMD_INLINE void prefetch_next(const part *k, const gather *g, const float *const *rows, int64_t at)
{
    const int64_t line_floats = 16;

    for (int64_t depth = 0; depth < k->to - k->from; depth += g->taps)
        for (int64_t x = PANEL; x < 2 * PANEL; x += line_floats)
            __builtin_prefetch(rows[depth] + at + x);
}

/* Points are read where they lie, which pays for few tiles. */
static void run_part_in_place(const block *b, const part *k, const gather *g, int64_t panels)
{
    const float *rows[WHOLE_DEPTH], *weight[IN_PLACE_ROWS / TILE_ROWS];
    const int64_t share = ahead_share(b->ahead, panels);
    int64_t found = -1; /* the panel that rows[] are of */

    for (int64_t t = 0; t < b->tiles; t++)
        weight[t] = tile_weights(b, k, t, b->weights + t * (k->to - k->from) * TILE_ROWS);
    for (int64_t p = 0; p < panels; p++) {
        const int64_t points = panel_vectors(b, p) * SIMD_LANES;
        int64_t at[PANEL_VECTORS];
        if (found < 0 || !panel_inside(g, found, PANEL) || !panel_inside(g, p, points)) {
            find_rows(g, k->from, k->to, p, points, b->points, rows);
            found = p;
        }
        for (int64_t v = 0; v < PANEL_VECTORS; v++)
            at[v] = (p - found) * PANEL + v * SIMD_LANES;
        prefetch_next(k, g, rows, at[0]);
        ask_ahead(b->ahead, share);
        for (int64_t t = 0; t < b->tiles; t++)
            run_tile(b, k, t, weight[t], p, NULL, rows, at);
    }
}

/* Asks for a share of weight bytes [0, count): of `panels` equal ones that of panel p. */
SIMD_INLINE void prefetch_share(const void *weight, int64_t count, int64_t p, int64_t panels)
{
    const int64_t line_bytes = 64;

    for (int64_t i = count * p / panels; i < count * (p + 1) / panels; i += line_bytes)
        __builtin_prefetch((const char *)weight + i, 0, 2);
}

/* Those of the tile after this one. */
SIMD_INLINE void prefetch_weights(const block *b, const part *k, int64_t tile, int64_t p,
                                  int64_t panels)
{
    const int64_t bytes = b->constants.half ? sizeof(uint16_t) : sizeof(float);
    const int64_t at = k->matrix + ((tile + 1) * k->depth + k->from) * TILE_ROWS;

    if (tile + 1 < b->tiles)
        prefetch_share((const char *)b->constants.weight + at * bytes,
                       (k->to - k->from) * TILE_ROWS * bytes, p, panels);
}

/* Points are packed into panels. */
static void run_part_packed(const block *b, const part *k, const gather *g, int64_t panels)
{
    const int64_t share = ahead_share(b->ahead, b->tiles * panels);

    pack(g, k->from, k->to, panels, b->points);
    for (int64_t t = 0; t < b->tiles; t++) {
        const float *const weight = tile_weights(b, k, t, b->weights);
        for (int64_t p = 0; p < panels; p++) {
            prefetch_weights(b, k, t, p, panels);
            ask_ahead(b->ahead, share);
            run_tile(b, k, t, weight, p, b->points + p * (k->to - k->from) * PANEL, NULL, NULL);
        }
    }
}

/* They are read from split rows. */
static void run_part_split(const block *b, const part *k, const gather *g, int64_t panels)
{
    const split s = split_of(g, b->columns, b->rows);
    const int64_t share = ahead_share(b->ahead, b->tiles * panels);
    const float *rows[WHOLE_DEPTH];

    if (k->from < k->to) {
        split_rows(g, &s, b->args->in_rows, k->from / g->taps, cleave_div_up(k->to, g->taps),
                   b->points);
        find_split_rows(g, &s, k->from, k->to, b->points, rows);
    }
    for (int64_t t = 0; t < b->tiles; t++) {
        const float *const weight = tile_weights(b, k, t, b->weights);
        for (int64_t p = 0; p < panels; p++) {
            int64_t at[PANEL_VECTORS] = {0};
            place to = place_of(b, p);
            for (int64_t v = 0; v < panel_vectors(b, p); v++, to = place_after(b, to))
                at[v] = to.n * s.pitch + to.x;
            ask_ahead(b->ahead, share);
            run_tile(b, k, t, weight, p, NULL, rows, at);
        }
    }
}

/* The products of a part, and what follows the last. */
static void run_part(const block *b, const part *k, const gather *g, int64_t panels)
{
    if (rows_split(b->args))
        run_part_split(b, k, g, panels);
    else if (g->stride == 1 && b->tiles * TILE_ROWS <= IN_PLACE_ROWS)
        run_part_in_place(b, k, g, panels);
    else
        run_part_packed(b, k, g, panels);
}

/* The products of a part with the tiles of `b`. */
static void multiply_forms(const block *b, const part *k, const split *s, const float *const *rows,
                           int64_t plane)
{
    const int64_t panels = cleave_div_up(b->rows * row_vectors(b), PANEL_VECTORS);
    const int64_t tile = TILE_ROWS * k->depth, matrix = b->shape.tiles * tile;
    const int64_t weight_bytes = (k->to - k->from) * TILE_ROWS * (int64_t)sizeof(float);
    const int64_t count = FORMS * b->tiles, share = ahead_share(b->ahead, count);
    const float *const weights =
        (const float *)b->constants.weight + k->matrix + b->tile0 * tile + k->from * TILE_ROWS;

    for (int64_t i = 0; i < count; i++) {
        const int64_t form = i / b->tiles, t = i % b->tiles, j = cleave_i64_min(i + 1, count - 1);
        const float *const weight = weights + form * matrix + t * tile;
        const float *const next = weights + j / b->tiles * matrix + j % b->tiles * tile;
        float *const sums = b->sums + form * plane + (k->slot * b->tiles + t) * b->tile_floats;
        place to = place_of(b, 0);
        ask_ahead(b->ahead, share);
        for (int64_t p = 0; p < panels; p++) {
            int64_t at[PANEL_VECTORS] = {0};
            const int64_t vectors = panel_vectors(b, p);
            for (int64_t v = 0; v < vectors; v++, to = place_after(b, to))
                at[v] = (to.n * FORMS + form) * s->pitch + to.x;
            prefetch_share(next, weight_bytes, p, panels);
            multiply_any(b, k, weight, NULL, rows, at, vectors, sums + p * PANEL * TILE_ROWS);
        }
    }
}

/* What the products of so many tiles and depths need of scratch beside points and sums: weights of
 * binary16 as floats. The last of the blocks of a call may be the only one in place. */
static int64_t extra_floats(const cleave_conv_args *a, int64_t tiles, int64_t depth)
{
    if (!halves(a))
        return 0;
    return cleave_i64_min(tiles, IN_PLACE_ROWS / TILE_ROWS) * depth * TILE_ROWS;
}

#endif
