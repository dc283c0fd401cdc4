/* conv_part.h: where the points of a matrix lie, and parts of its depth; include a simd header and
 * define TILE_ROWS and PAIRS first. */
#ifndef CLEAVE_KERNELS_CONV_PART_H
#define CLEAVE_KERNELS_CONV_PART_H

#include "kernels/conv/conv_finish.h"

/* Matrices of up to WHOLE_DEPTH products a sum are one part, whose sums never leave the first-level
 * cache; deeper ones are cut into parts of up to PART_DEPTH, so that sums and points of a block fit
 * the second. */
#define PART_DEPTH  192
#define WHOLE_DEPTH (PAIRS ? PART_DEPTH : 512)
#define FORMS       CLEAVE_CONV_FORMS
#define STEP        (1 + PAIRS) /* of the depth, of which a part has a whole number */
/* Sums of many products have errors of many, which chains of LONG_CHAIN do not add to as much as
 * they save: a chain's end costs a load, a sum and a store for each of its registers. */
#define CHAIN         16
#define LONG_DEPTH    256
#define LONG_CHAIN    64
#define IN_PLACE_ROWS 64 /* so few rows use points too rarely for a copy to pay */
#define SPLIT_REACH   16 /* values that the taps of a split row may lie apart */

typedef struct range {
    int64_t begin, end;
} range;

/* ---- the way to the points ---- */
/* Whether points are read where they lie. */
static int in_place(const cleave_conv_args *a)
{
    const int64_t joint = cleave_conv_apart(a) ? 1 : cleave_conv_phases(a);

    return (a->transposed || a->stride_points == 1) && a->channels * joint <= IN_PLACE_ROWS;
}

/* Whether rows can be split (see conv_pack.h), whatever their number of points. */
static int splittable(const cleave_conv_args *a)
{
    const int64_t stride = a->transposed ? 1 : a->stride_points;
    const int64_t tap_step = a->transposed ? 1 : a->dilation, taps = kernel_taps(a, 0);

    return (stride == 1 || stride == 2 || stride == 4) && taps >= stride && !in_place(a) &&
           cleave_div_up((taps - 1) * tap_step, stride) <= SPLIT_REACH;
}

/* Whether they are: where the points of a tap lie strides apart, and where rows share the weights
 * of a tile. */
static int rows_split(const cleave_conv_args *a)
{
    const int strided = !a->transposed && a->stride_points > 1;

    return splittable(a) && (strided || cleave_conv_block_rows(a) > 1);
}

/* What serves the matrix of a slot. */
static gather gather_of(const block *b, int64_t slot)
{
    const cleave_conv_args *const a = b->args;
    gather g = {.in = a->in,
                .channels = a->in_channels,
                .channel_stride = a->in_channel_stride,
                .row_stride = a->in_row_stride,
                .points = a->in_points};

    if (a->transposed) {
        g.row = (b->row + a->pad_rows) / a->stride_rows;
        g.row_step = -1;
        g.row_between = 1;
        g.stride = 1;
        g.tap_step = -1;
        g.shift = (slot + a->pad_points) / a->stride_points + b->first;
    } else {
        g.row = b->row * a->stride_rows - a->pad_rows;
        g.row_step = a->dilation;
        g.row_between = a->stride_rows;
        g.stride = a->stride_points;
        g.tap_step = a->dilation;
        g.shift = b->first * a->stride_points - a->pad_points;
    }
    return g;
}

/* Kernel rows that meet rows of in, for row n of the block. */
static range range_of(const block *b, const gather *g, int64_t n)
{
    const cleave_conv_args *const a = b->args;
    const int64_t row = g->row + n * g->row_between;
    const int64_t phase = a->transposed ? (b->row + a->pad_rows) % a->stride_rows : 0;
    range r;

    if (a->transposed) {
        r.begin = cleave_i64_max(0, row - a->in_rows + 1);
        r.end = row + 1;
    } else {
        r.begin = cleave_div_up(cleave_i64_max(0, -row), a->dilation);
        r.end = cleave_div_up(cleave_i64_max(0, a->in_rows - row), a->dilation);
    }
    r.end = cleave_i64_min(r.end, kernel_rows(a, phase));
    return r.begin < r.end ? r : (range){0, 0};
}

/* ---- what the next block reads ---- */
#define AHEAD_FLOATS 131072 /* no more than half of a second-level cache of 1 MB */

/* Rows of `in` that those of out in [row, row + rows) meet. */
static range rows_met(const cleave_conv_args *a, int64_t row, int64_t rows)
{
    const int64_t reach = a->transposed ? cleave_div_up(a->kernel_rows, a->stride_rows) - 1
                                        : (a->kernel_rows - 1) * a->dilation;
    const int64_t first = a->transposed ? (row + a->pad_rows) / a->stride_rows - reach
                                        : row * a->stride_rows - a->pad_rows;
    const int64_t steps =
        a->transposed ? cleave_div_up(rows, a->stride_rows) : (rows - 1) * a->stride_rows + 1;

    return (range){cleave_i64_max(0, first), cleave_i64_min(first + steps + reach, a->in_rows)};
}

/* Points of each that columns [first, first + columns) meet, but for those beyond a transposed
 * kernel's own. */
static range points_met(const cleave_conv_args *a, int64_t first, int64_t columns)
{
    const int64_t stride = a->transposed ? 1 : a->stride_points;
    const int64_t reach = a->transposed ? 0 : (a->kernel_points - 1) * a->dilation;
    const int64_t at = first * stride - (a->transposed ? 0 : a->pad_points);

    return (range){cleave_i64_max(0, at),
                   cleave_i64_min(at + (columns - 1) * stride + reach + 1, a->in_points)};
}

/* What the block from `row` and column `first` on reads, unless it is too much. */
static ahead ahead_of(const cleave_conv_args *a, int64_t row, int64_t rows, int64_t first,
                      int64_t columns)
{
    const range r = rows_met(a, row, rows), p = points_met(a, first, columns);
    const int64_t rows_there = r.end - r.begin, points = p.end - p.begin;

    if (rows_there <= 0 || points <= 0 || rows_there * points * a->in_channels > AHEAD_FLOATS)
        return (ahead){.channels = 0};
    return (ahead){.in = a->in + r.begin * a->in_row_stride + p.begin,
                   .channel_stride = a->in_channel_stride,
                   .row_stride = a->in_row_stride,
                   .rows = rows_there,
                   .points = points,
                   .channels = a->in_channels};
}

/* Asks for so many of its rows. */
static void ask_ahead(ahead *n, int64_t rows)
{
    const int64_t line_floats = 16;

    for (; rows > 0 && n->channel < n->channels; rows--) {
        const float *const from = n->in + n->channel * n->channel_stride + n->row * n->row_stride;
        for (int64_t x = 0; x < n->points; x += line_floats)
            __builtin_prefetch(from + x, 0, 2);
        if (++n->row == n->rows) {
            n->row = 0;
            n->channel++;
        }
    }
}

/* The share of one of so many steps. */
static int64_t ahead_share(const ahead *n, int64_t steps)
{
    return cleave_div_up(n->channels * n->rows, cleave_i64_max(1, steps));
}

/* ---- parts of the depth ---- */
/* The first matrix has the greatest depth. What is read in place comes from the first-level cache
 * for the second tile of a panel only if there is not too much of it. */
static int whole(const cleave_conv_args *a)
{
    return matrix_depth(a, 0, 0) <= (in_place(a) ? PART_DEPTH : WHOLE_DEPTH);
}

/* The most that a part has of the matrices of a phase of points. */
static int64_t part_depth(const cleave_conv_args *a, int64_t phase)
{
    const int64_t depth = matrix_depth(a, 0, phase);

    return whole(a) ? depth : cleave_i64_min(depth, PART_DEPTH);
}

/* Whether a tile's sums are complete before the next tile's are begun. */
static int one_by_one(const cleave_conv_args *a, const shape *s)
{
    return whole(a) && s->slots == 1 && s->values % s->joint == 0;
}

/* Depths [from, to) of the matrix of a slot, of which each tile has `depth`. */
typedef struct part {
    int64_t slot, matrix; /* where in the table the first tile of the block lies */
    int64_t depth, from, to;
    int64_t chain; /* products that are summed in a register */
    int first, last;
} part;

static int64_t chain_of(int64_t depth)
{
    return depth < LONG_DEPTH ? CHAIN : LONG_CHAIN;
}

/* The matrix of a slot, and nothing of its depth. */
static part part_of(const block *b, int64_t slot)
{
    const cleave_conv_args *const a = b->args;
    const int64_t row_phase = a->transposed ? (b->row + a->pad_rows) % a->stride_rows : 0;
    const int64_t phase = b->shape.slots > 1 ? (slot + a->pad_points) % a->stride_points : 0;
    part k = {.slot = slot, .depth = matrix_depth(a, row_phase, phase)};

    k.chain = chain_of(k.depth);

    for (int64_t p = 0; p <= row_phase; p++)
        for (int64_t q = 0; q < (p < row_phase ? b->shape.slots : phase); q++)
            k.matrix += b->shape.tiles * TILE_ROWS * matrix_depth(a, p, q);
    k.matrix += b->tile0 * TILE_ROWS * k.depth;
    return k;
}

#endif
