/* conv_simd.h: the body shared by the vector variants; include a simd header and define TILE_ROWS
 * first.
 *
 * A convolution is a product of matrices, weights times points that conv_pack.h gathers. A tile of
 * TILE_ROWS sums of PANEL columns stays in registers while weights and points stream past. The
 * weights of a tile stay in the first-level cache for all panels of a block, whose points come from
 * the second for one tile after the other. What follows the product (bias, activation, residual) is
 * done with a tile's sums at once.
 *
 * Products are summed in chains of CHAIN, whose sums are added: with K products the error grows
 * like sqrt(CHAIN) + sqrt(K / CHAIN) instead of sqrt(K). A depth beyond DEPTH is cut into equal
 * parts, so that the points of a part fit the second-level cache. */
#include "kernels/conv/conv_finish.h"
#include "kernels/conv/conv_pack.h"

#define DEPTH         192
#define CHAIN         16
#define BLOCK_ROWS    512 /* that share the points of a block, as far as a call has so many */
#define IN_PLACE_ROWS 48  /* so few rows use points too rarely for a copy to pay */

/* ---- the product ---- */
/* sums[r][x] (+)= sum_k weight[k][r] points[k][x], where row k of the points is rows[k] + at or, if
 * rows is NULL, lies in a panel at `points`. In chains of at most CHAIN products, whose sums are
 * added. */
SIMD_INLINE void multiply(const float *CLEAVE_RESTRICT weight, const float *CLEAVE_RESTRICT points,
                          const float *const *rows, int64_t at, int64_t depth, int add,
                          float *CLEAVE_RESTRICT sums)
{
    /* One even for no products, where kernel rows meet only padding: it stores their sums, zeros.
     */
    const int64_t chains = cleave_i64_max(1, cleave_div_up(depth, CHAIN));
    int64_t k = 0;

    for (int64_t c = 0; c < chains; c++) {
        simd_f32 sum[TILE_ROWS][PANEL_VECTORS];
#pragma GCC unroll 8
        for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 3
            for (int v = 0; v < PANEL_VECTORS; v++)
                sum[r][v] = simd_zero();
        for (const int64_t end = depth * (c + 1) / chains; k < end; k++) {
            const float *const row = rows ? rows[k] + at : points + k * PANEL;
            simd_f32 x[PANEL_VECTORS];
#pragma GCC unroll 3
            for (int v = 0; v < PANEL_VECTORS; v++)
                x[v] = simd_load(row + v * SIMD_LANES);
#pragma GCC unroll 8
            for (int r = 0; r < TILE_ROWS; r++) {
                const simd_f32 w = simd_set1(weight[r]);
#pragma GCC unroll 3
                for (int v = 0; v < PANEL_VECTORS; v++)
                    sum[r][v] = simd_fma(w, x[v], sum[r][v]);
            }
            weight += TILE_ROWS;
        }
#pragma GCC unroll 8
        for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 3
            for (int v = 0; v < PANEL_VECTORS; v++) {
                float *const to = sums + r * PANEL + v * SIMD_LANES;
                simd_store_aligned(to,
                                   add ? simd_add(simd_load_aligned(to), sum[r][v]) : sum[r][v]);
            }
        add = 1;
    }
}

static void multiply_panel(const float *weight, const float *points, int64_t depth, int add,
                           float *sums)
{
    if (add)
        multiply(weight, points, NULL, 0, depth, 1, sums);
    else
        multiply(weight, points, NULL, 0, depth, 0, sums);
}

static void multiply_rows(const float *weight, const float *const *rows, int64_t at, int64_t depth,
                          int add, float *sums)
{
    if (add)
        multiply(weight, NULL, rows, at, depth, 1, sums);
    else
        multiply(weight, NULL, rows, at, depth, 0, sums);
}

/* ---- blocks ---- */
/* Kernel rows [*begin, *end) of the row's phase meet rows of in; the others are left out. */
static gather gather_of(const block *b, int64_t *begin, int64_t *end)
{
    const cleave_conv_args *const a = b->args;
    gather g = {.in = a->in,
                .channels = a->in_channels,
                .channel_stride = a->in_channel_stride,
                .row_stride = a->in_row_stride,
                .points = a->in_points,
                .taps = b->shape.taps};

    if (a->transposed) {
        g.row = (b->row + a->pad_rows) / a->stride_rows;
        g.row_step = -1;
        g.stride = 1;
        g.tap_step = -1;
        g.shift = a->pad_points / a->stride_points + b->first;
        *begin = cleave_i64_max(0, g.row - a->in_rows + 1);
        *end = cleave_i64_min(kernel_rows(a, (b->row + a->pad_rows) % a->stride_rows), g.row + 1);
    } else {
        g.row = b->row * a->stride_rows - a->pad_rows;
        g.row_step = a->dilation;
        g.stride = a->stride_points;
        g.tap_step = a->dilation;
        g.shift = b->first * a->stride_points - a->pad_points;
        *begin = cleave_div_up(cleave_i64_max(0, -g.row), a->dilation);
        *end = cleave_i64_min(a->kernel_rows,
                              cleave_div_up(cleave_i64_max(0, a->in_rows - g.row), a->dilation));
    }
    if (*begin >= *end)
        *begin = *end = 0;
    return g;
}

/* Where in the table the matrix of the row's phase has the first tile of the block; its depth in
 * *depth. */
static int64_t matrix_of(const block *b, int64_t *depth)
{
    const cleave_conv_args *const a = b->args;
    const int64_t phase = a->transposed ? (b->row + a->pad_rows) % a->stride_rows : 0;
    int64_t at = 0;

    for (int64_t p = 0; p < phase; p++)
        at += b->shape.tiles * TILE_ROWS * b->shape.row_depth * kernel_rows(a, p);
    *depth = b->shape.row_depth * kernel_rows(a, phase);
    return at + b->tile0 * TILE_ROWS * *depth;
}

/* Depths [from, to) of the row's matrix, of which each tile has matrix_depth. */
typedef struct part {
    int64_t matrix; /* as matrix_of() gives it */
    int64_t matrix_depth, from, to;
    int first, last;
} part;

/* The part of a tile's weights. */
static const float *tile_weights(const block *b, const part *k, int64_t tile, float *room)
{
    return weights_at(&b->constants, k->matrix + (tile * k->matrix_depth + k->from) * TILE_ROWS,
                      (k->to - k->from) * TILE_ROWS, room);
}

/* One tile and panel, whose points are a panel's at `points` or, if rows is not NULL, lie at
 * rows[] + at. */
static void run_tile(const block *b, const part *k, int64_t tile, const float *weight,
                     int64_t panel, const float *points, const float *const *rows, int64_t at)
{
    float *const sums = b->sums + tile * b->tile_floats + panel * TILE_ROWS * PANEL;
    int64_t o0 = 0, o1 = 0;

    if (k->last)
        channels_of_tile(b, tile, &o0, &o1);
    prefetch_out(b, o0, o1, panel);
    if (rows)
        multiply_rows(weight, rows, at, k->to - k->from, !k->first, sums);
    else
        multiply_panel(weight, points, k->to - k->from, !k->first, sums);
    for (int64_t o = o0; o < o1; o++)
        finish_channel(b, o, panel);
}

/* Points are read where they lie, which pays for few tiles. */
static void run_part_in_place(const block *b, const part *k, const gather *g, int64_t panels)
{
    const float *rows[DEPTH], *weight[IN_PLACE_ROWS / TILE_ROWS];
    int64_t found = -1; /* the panel that rows[] are of */

    for (int64_t t = 0; t < b->tiles; t++)
        weight[t] = tile_weights(b, k, t, b->weights + t * (k->to - k->from) * TILE_ROWS);
    for (int64_t p = 0; p < panels; p++) {
        if (found < 0 || !panel_inside(g, found) || !panel_inside(g, p)) {
            find_rows(g, k->from, k->to, p, b->points, rows);
            found = p;
        }
        for (int64_t t = 0; t < b->tiles; t++)
            run_tile(b, k, t, weight[t], p, NULL, rows, (p - found) * PANEL);
    }
}

static void run_part(const block *b, const part *k, const gather *g, int64_t panels)
{
    pack(g, k->from, k->to, panels, b->points);
    for (int64_t t = 0; t < b->tiles; t++) {
        const float *const weight = tile_weights(b, k, t, b->weights);
        for (int64_t p = 0; p < panels; p++)
            run_tile(b, k, t, weight, p, b->points + p * (k->to - k->from) * PANEL, NULL, 0);
    }
}

static void run_block(block *b)
{
    int64_t begin, end;
    const gather g = gather_of(b, &begin, &end);
    const int64_t k0 = begin * b->shape.row_depth;
    const int64_t depth = (end - begin) * b->shape.row_depth;
    const int64_t parts = cleave_i64_max(1, cleave_div_up(depth, DEPTH));
    const int64_t panels = cleave_div_up(b->columns, PANEL);
    const int in_place = g.stride == 1 && b->tiles * TILE_ROWS <= IN_PLACE_ROWS;
    part k;

    k.matrix = matrix_of(b, &k.matrix_depth);
    b->tile_floats = panels * PANEL * TILE_ROWS;
    if (parts == 1 && b->shape.values % b->shape.phases == 0)
        b->tile_floats = 0;
    for (int64_t i = 0; i < parts; i++) {
        k.from = k0 + depth * i / parts;
        k.to = k0 + depth * (i + 1) / parts;
        k.first = i == 0;
        k.last = i == parts - 1;
        if (in_place)
            run_part_in_place(b, &k, &g, panels);
        else
            run_part(b, &k, &g, panels);
    }
}

/* Blocks of channels that one call takes together. */
static int64_t merged_blocks(const cleave_conv_args *a, const shape *s)
{
    const int64_t rows = cleave_conv_block_channels(a) * s->phases * TILE_ROWS / s->values;

    return cleave_i64_min(cleave_i64_max(1, BLOCK_ROWS / rows), cleave_conv_channel_blocks(a));
}

static int64_t points_floats(const cleave_conv_args *a)
{
    const int64_t columns = cleave_i64_min(cleave_conv_block_columns(a), cleave_conv_columns(a));

    return cleave_div_up(columns, PANEL) * PANEL;
}

/* Floats of what a block has in scratch, in this order. */
typedef struct room {
    int64_t points, sums, weights;
} room;

static room room_of(const cleave_conv_args *a, const shape *s)
{
    const int64_t channels = merged_blocks(a, s) * cleave_conv_block_channels(a);
    /* A block may begin and end within a tile. */
    const int64_t tiles = cleave_i64_min(s->tiles, channels * s->phases / s->values + 2);
    const int64_t depth = cleave_i64_min(DEPTH, s->row_depth * a->kernel_rows);
    room r = {.points = points_floats(a) * depth, .sums = points_floats(a) * tiles * TILE_ROWS};

    /* The last of the blocks may be the only one in place. */
    if (a->uses & CLEAVE_CONV_HALF)
        r.weights = cleave_i64_min(tiles, IN_PLACE_ROWS / TILE_ROWS) * depth * TILE_ROWS;
    return r;
}

static size_t scratch_bytes(const void *args)
{
    const cleave_conv_args *a = args;
    const shape s = shape_of(a);
    const room r = room_of(a, &s);

    return (size_t)(r.points + r.sums + r.weights) * sizeof(float);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_conv_args *a = args;
    const int64_t blocks = cleave_conv_channel_blocks(a), parts = cleave_conv_column_blocks(a);
    const int64_t channels = cleave_conv_block_channels(a);
    const int64_t width = cleave_conv_block_columns(a);
    block b = {.args = a, .shape = shape_of(a)};
    const room r = room_of(a, &b.shape);
    const int64_t merged = merged_blocks(a, &b.shape);
    int64_t taken;

    b.constants = constants_of(a, &b.shape, work->prepared);
    b.points = work->scratch;
    b.sums = b.points + r.points;
    b.weights = b.sums + r.sums;
    for (int64_t item = work->begin; item < work->end; item += taken) {
        taken = cleave_i64_min(merged, work->end - item);
        taken = cleave_i64_min(taken, blocks - item % blocks);
        b.row = item / blocks / parts;
        b.o0 = item % blocks * channels;
        b.o1 = cleave_i64_min(b.o0 + taken * channels, b.shape.channels);
        b.tile0 = b.o0 * b.shape.phases / b.shape.values;
        b.tiles = cleave_div_up(b.o1 * b.shape.phases, b.shape.values) - b.tile0;
        b.first = item / blocks % parts * width;
        b.columns = cleave_i64_min(width, cleave_conv_columns(a) - b.first);
        run_block(&b);
    }
}
