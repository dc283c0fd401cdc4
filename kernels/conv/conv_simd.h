/* conv_simd.h: the body shared by the vector variants; include conv_float.h or conv_bf16.h first.
 *
 * A convolution is a product of matrices, weights times points that conv_pack.h gathers. A tile of
 * TILE_ROWS sums of PANEL columns stays in registers while weights and points stream past. The
 * weights of a tile stay in the first-level cache for all panels of a block, whose points come from
 * the second for one tile after the other. What follows the product (bias, activation, residual) is
 * done with a tile's sums at once.
 *
 * A great depth is cut into equal parts (see conv_part.h). */
#include "kernels/conv/conv_winograd.h"

/* Rows of weights that share the points of a block, as far as a call has so many; all whose sums
 * are kept are fewer. */
#define BLOCK_ROWS_ONE_BY_ONE 2048
#define BLOCK_ROWS            512

/* ---- blocks ---- */
/* The matrix of a slot. Kernel rows that meet no row of `in` for any row of the block are left out;
 * for some of them they meet zeros. */
static void run_slot(block *b, int64_t slot)
{
    gather g = gather_of(b, slot);
    part k = part_of(b, slot);
    const int64_t phase = b->shape.slots > 1 ? (slot + b->args->pad_points) % b->shape.slots : 0;
    const int64_t vectors = b->rows * row_vectors(b);
    const int64_t panels = cleave_div_up(vectors, PANEL_VECTORS);
    range all = range_of(b, &g, 0);

    g.taps = kernel_taps(b->args, phase);
    for (int64_t n = 1; n < b->rows; n++) {
        const range r = range_of(b, &g, n);
        all.begin = cleave_i64_min(all.begin, r.begin);
        all.end = cleave_i64_max(all.end, r.end);
    }
    const int64_t row_depth = g.channels * g.taps, depth = (all.end - all.begin) * row_depth;
    const int64_t parts = whole(b->args) ? 1 : cleave_i64_max(1, cleave_div_up(depth, PART_DEPTH));

    b->tile_floats = vectors * SIMD_LANES * TILE_ROWS;
    if (one_by_one(b->args, &b->shape))
        b->tile_floats = 0;
    for (int64_t i = 0; i < parts; i++) {
        k.from = all.begin * row_depth + depth * i / parts / STEP * STEP;
        k.to = all.begin * row_depth + depth * (i + 1) / parts / STEP * STEP;
        k.first = i == 0;
        k.last = i == parts - 1;
        run_part(b, &k, &g, panels);
    }
}

/* Rows [begin, end) of out: those that have the same matrices together, if they can share them. */
static void run_block(block *b, int64_t begin, int64_t end)
{
    const int64_t together = rows_split(b->args) ? end - begin : 1;

    b->formed_rows = 0;
    for (int64_t n = 0; b->shape.group && n < cleave_i64_min(b->shape.row_phases, end - begin);
         n++) {
        b->row = begin + n;
        run_forms(b, end);
    }
    if (b->shape.group)
        return;
    b->row_step = b->shape.row_phases;
    for (int64_t i = begin; i < end; i += together)
        for (int64_t n = 0; n < cleave_i64_min(b->row_step, together); n++) {
            b->row = i + n;
            b->rows = cleave_div_up(together - n, b->row_step);
            for (int64_t slot = 0; slot < b->shape.slots; slot++)
                run_slot(b, slot);
        }
}

/* Rows of weights of a block of channels. */
static int64_t block_rows(const cleave_conv_args *a, const shape *s)
{
    return cleave_conv_block_channels(a) * s->joint * TILE_ROWS / s->values;
}

/* Blocks of channels that one call takes together. */
static int64_t merged_blocks(const cleave_conv_args *a, const shape *s)
{
    const int64_t most = one_by_one(a, s) ? BLOCK_ROWS_ONE_BY_ONE : BLOCK_ROWS;

    return cleave_i64_min(cleave_i64_max(1, most / block_rows(a, s)),
                          cleave_conv_channel_blocks(a));
}

/* Floats of what a block has in scratch, in this order. */
typedef struct room {
    int64_t points, sums, weights;
} room;

/* A plan for shorter rows takes the scratch of one for longer rows, so these count blocks of any
 * number of columns up to that of `a`: narrower ones may have more rows, and only of several rows
 * are there blocks wider than those of longer rows. */
static int64_t most_columns(const cleave_conv_args *a)
{
    const int64_t widest = a->out_rows > 1 ? CLEAVE_CONV_COLUMNS_MAX : cleave_conv_block_columns(a);

    return cleave_i64_min(widest, cleave_conv_columns(a));
}

/* Columns of all rows of a block, filled up to vectors, with `more` for each row. */
static int64_t most_width(const cleave_conv_args *a, const shape *s, int64_t more)
{
    const int64_t rows =
        cleave_i64_min(cleave_div_up(a->out_rows, s->row_phases), CLEAVE_CONV_ROWS_MAX);
    const int64_t one = cleave_div_up(most_columns(a), SIMD_LANES) * SIMD_LANES + more;

    if (rows == 1 || !splittable(a))
        return one;
    return cleave_i64_max(one, CLEAVE_CONV_COLUMNS_MAX + rows * (SIMD_LANES - 1 + more));
}

static int64_t points_floats(const cleave_conv_args *a, const shape *s)
{
    const int64_t panels = cleave_div_up(most_columns(a), PANEL);
    const int64_t width = most_width(a, s, split_pitch(0, SPLIT_REACH));
    const int64_t stride = a->transposed ? 1 : a->stride_points;
    int64_t most = 0;

    for (int64_t phase = 0; phase < s->slots; phase++) {
        const int64_t taps = kernel_taps(a, phase);
        const int64_t depth = part_depth(a, phase);
        /* A part may begin and end within a pair. */
        const int64_t pairs = taps && splittable(a) ? depth / taps + 2 : 0;
        most = cleave_i64_max(most, panels * PANEL * depth);
        most = cleave_i64_max(most, pairs * stride * width);
    }
    return most;
}

static room room_of(const cleave_conv_args *a, const shape *s)
{
    /* A block may begin and end within a tile. */
    const int64_t most = cleave_i64_max(BLOCK_ROWS, block_rows(a, s)) / TILE_ROWS + 2;
    const int64_t tiles = cleave_i64_min(s->tiles, most);
    const int64_t extra = extra_floats(a, tiles, part_depth(a, 0));
    const int64_t kept = one_by_one(a, s) ? 1 : s->slots * tiles;

    if (s->group)
        return (room){aligned(form_points_floats(a, s)), aligned(form_sums_floats(s)), extra};
    return (room){aligned(points_floats(a, s)), kept * TILE_ROWS * aligned(most_width(a, s, 0)),
                  extra};
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
    const int64_t channels = cleave_conv_block_channels(a), rows = cleave_conv_block_rows(a);
    const int64_t width = cleave_conv_block_columns(a);
    block b = {.args = a, .shape = shape_of(a), .lead = cleave_conv_lead(a)};
    const room r = room_of(a, &b.shape);
    const int64_t merged = merged_blocks(a, &b.shape);
    int64_t taken;

    b.constants = constants_of(a, &b.shape, work->prepared);
    b.points = work->scratch;
    b.sums = b.points + r.points;
    b.weights = b.sums + r.sums;
    for (int64_t item = work->begin; item < work->end; item += taken) {
        const int64_t row = item / blocks / parts * rows;
        taken = cleave_i64_min(merged, work->end - item);
        taken = cleave_i64_min(taken, blocks - item % blocks);
        b.o0 = item % blocks * channels;
        b.o1 = cleave_i64_min(b.o0 + taken * channels, b.shape.channels);
        b.tile0 = b.o0 * b.shape.joint / b.shape.values;
        b.tiles = cleave_div_up(b.o1 * b.shape.joint, b.shape.values) - b.tile0;
        b.first = item / blocks % parts * width;
        b.columns = cleave_i64_min(width, cleave_conv_columns(a) - b.first);
        const int64_t next = (item + taken) / blocks;
        ahead n = {.channels = 0};
        if (item + taken < work->end && next > item / blocks)
            n = ahead_of(a, next / parts * rows, rows, next % parts * width, width);
        b.ahead = &n;
        run_block(&b, row, cleave_i64_min(row + rows, a->out_rows));
    }
}
