/* conv_winograd.h: several rows of out from fewer products (see conv.md); include conv_float.h
 * or conv_bf16.h first.
 *
 * Winograd's minimal filtering (Lavin and Gray, "Fast algorithms for convolutional neural
 * networks", 2016) along rows, where it is vectors that are combined: six rows of `in` become six
 * combinations of them, the forms, each of which has a matrix of its own, and four rows of out, for
 * kernels of three rows, are combinations of the six products instead of twelve; of kernels of two
 * rows it is five. The points at which the polynomials are taken, 0, +-A, +-B and infinity, have
 * the least error of the small fractions that were tried: 1.7 times that of the direct sum, where
 * 0, +-1, +-2 have 2.6 times. Rows that a stride passes over are parted by their residue, each
 * residue a kernel of its own whose products join the same six sums; the phases of a transposed
 * convolution are kernels of their own, too, whose rows of out are next to each other a stride
 * apart. */
#ifndef CLEAVE_KERNELS_CONV_WINOGRAD_H
#define CLEAVE_KERNELS_CONV_WINOGRAD_H

#include "kernels/conv/conv_part.h"

#define FORMS       CLEAVE_CONV_FORMS
#define FORM_ROWS   64      /* of weights that have their sums together */
#define KEPT_FLOATS 1572864 /* of the points of a block that are kept for all of its tiles */

/* Columns of the groups of a block, filled up to vectors, with `more` for each group: the most of
 * any number of columns. */
static int64_t form_width_most(int64_t more)
{
    return CLEAVE_CONV_FORM_COLUMNS + CLEAVE_CONV_FORM_GROUPS * (SIMD_LANES - 1 + more);
}

/* Points of a row of `in` that lie apart in its parts. */
static int64_t form_stride(const cleave_conv_args *a)
{
    return a->transposed ? 1 : a->stride_points;
}

/* Channels by residues of rows whose points a part has. */
static int64_t form_pairs(const cleave_conv_args *a)
{
    return PART_DEPTH / kernel_taps(a, 0) / STEP * STEP;
}

/* Floats of the points of so many of them, at the most. */
static int64_t form_points_most(const cleave_conv_args *a, int64_t pairs)
{
    return pairs * FORMS * form_stride(a) * form_width_most(split_pitch(0, CLEAVE_CONV_FORM_TAPS));
}

/* Whether the points of all parts are kept, and not combined anew for other tiles. */
static int form_points_kept(const cleave_conv_args *a, const shape *s)
{
    const int64_t pairs = form_depth(a, 0) / kernel_taps(a, 0);

    return s->slots == 1 && form_points_most(a, pairs) <= KEPT_FLOATS;
}

static int64_t form_points_floats(const cleave_conv_args *a, const shape *s)
{
    const int64_t pairs = form_depth(a, 0) / kernel_taps(a, 0);

    return form_points_most(a,
                            form_points_kept(a, s) ? pairs : cleave_i64_min(pairs, form_pairs(a)));
}

/* Tiles that have their sums together, for all slots. */
static int64_t form_tiles(const shape *s)
{
    return FORM_ROWS / TILE_ROWS / s->slots;
}

static int64_t form_sums_floats(const shape *s)
{
    return FORMS * form_tiles(s) * s->slots * TILE_ROWS * form_width_most(0);
}

/* Vectors of six rows become those of their combinations, `pitch` apart. */
SIMD_INLINE void combine(const simd_f32 d[FORMS], int64_t pitch, float *to)
{
    const simd_f32 a = simd_set1(POINT_A), b = simd_set1(POINT_B);
    const simd_f32 aa = simd_mul(a, a), bb = simd_mul(b, b);
    const simd_f32 sum = simd_add(aa, bb), product = simd_mul(aa, bb);
    const simd_f32 even_a = simd_fnma(bb, d[2], d[4]), odd_a = simd_fnma(bb, d[1], d[3]);
    const simd_f32 even_b = simd_fnma(aa, d[2], d[4]), odd_b = simd_fnma(aa, d[1], d[3]);

    simd_store_aligned(to, simd_fma(product, d[0], simd_fnma(sum, d[2], d[4])));
    simd_store_aligned(to + pitch, simd_fma(a, odd_a, even_a));
    simd_store_aligned(to + 2 * pitch, simd_fnma(a, odd_a, even_a));
    simd_store_aligned(to + 3 * pitch, simd_fma(b, odd_b, even_b));
    simd_store_aligned(to + 4 * pitch, simd_fnma(b, odd_b, even_b));
    simd_store_aligned(to + 5 * pitch, simd_fma(product, d[1], simd_fnma(sum, d[3], d[5])));
}

/* The points of six rows, with zeros outside of them, from point `at` on. */
static void combine_rows(const float *const row[FORMS], const int64_t points[FORMS], int64_t at,
                         int64_t pitch, float *to)
{
    for (int64_t x = 0; x < pitch; x += SIMD_LANES, at += SIMD_LANES) {
        simd_f32 d[FORMS];
#pragma GCC unroll 6
        for (int j = 0; j < FORMS; j++) {
            float border[SIMD_LANES];
            if (at >= 0 && at + SIMD_LANES <= points[j]) {
                d[j] = simd_load(row[j] + at);
                continue;
            }
            pack_border(row[j], points[j], at, 1, border);
            d[j] = simd_load(border);
        }
        combine(d, pitch, to + x);
    }
}

/* The parts of six rows that lie `pitch` apart, in their place. */
static void combine_parts(float *rows, int64_t pitch)
{
    for (int64_t x = 0; x < pitch; x += SIMD_LANES) {
        simd_f32 d[FORMS];
#pragma GCC unroll 6
        for (int j = 0; j < FORMS; j++)
            d[j] = simd_load_aligned(rows + j * pitch + x);
        combine(d, pitch, rows + x);
    }
}

/* Six sums, `plane` apart, become the rows of out, in the first planes. */
static void combine_sums(float *sums, int64_t plane, int64_t count, int64_t rows)
{
    const simd_f32 a = simd_set1(POINT_A), b = simd_set1(POINT_B);
    const simd_f32 aa = simd_mul(a, a), bb = simd_mul(b, b);

    for (int64_t x = 0; x < count; x += SIMD_LANES, sums += SIMD_LANES) {
        simd_f32 s[FORMS], out[5];
#pragma GCC unroll 6
        for (int j = 0; j < FORMS; j++)
            s[j] = simd_load_aligned(sums + j * plane);
        const simd_f32 even_a = simd_add(s[1], s[2]), even_b = simd_add(s[3], s[4]);
        const simd_f32 odd_a = simd_mul(a, simd_sub(s[1], s[2]));
        const simd_f32 odd_b = simd_mul(b, simd_sub(s[3], s[4]));
        const simd_f32 square_a = simd_mul(aa, even_a), square_b = simd_mul(bb, even_b);
        out[0] = simd_add(s[0], simd_add(even_a, even_b));
        out[1] = simd_add(odd_a, odd_b);
        out[2] = simd_add(square_a, square_b);
        out[3] = simd_fma(aa, odd_a, simd_mul(bb, odd_b));
        out[4] = simd_fma(aa, square_a, simd_mul(bb, square_b));
#pragma GCC unroll 5
        for (int j = 0; j < 5; j++)
            if (j < rows)
                simd_store_aligned(sums + j * plane,
                                   j == rows - 1 ? simd_add(out[j], s[5]) : out[j]);
    }
}

/* Row of `in` that form 0 of the first group begins with, for a residue of rows. */
static int64_t form_row(const block *b, int64_t residue)
{
    const cleave_conv_args *const a = b->args;

    if (a->transposed)
        return (b->row + a->pad_rows) / a->stride_rows + 1 -
               cleave_div_up(a->kernel_rows, a->stride_rows);
    return b->row * a->stride_rows - a->pad_rows + residue;
}

/* The points of a pair and a group: [residue of points][group][form][pitch]. */
static void form_group(const gather *g, const split *s, const float *const row[FORMS],
                       const int64_t points[FORMS], float *to)
{
    const int64_t between = s->rows * s->pitch;

    if (g->stride == 1) {
        combine_rows(row, points, s->low, s->pitch, to);
        return;
    }
    for (int64_t j = 0; j < FORMS; j++)
        if (g->stride == 2)
            split_row(row[j], points[j], s, 2, to + j * s->pitch);
        else
            split_row(row[j], points[j], s, 4, to + j * s->pitch);
    for (int64_t residue = 0; residue < g->stride; residue++)
        combine_parts(to + residue * between, s->pitch);
}

/* Those of pairs [begin, end) and all groups. */
static void form_points(const block *b, const gather *g, const split *s, int64_t begin, int64_t end,
                        float *to)
{
    const cleave_conv_args *const a = b->args;
    const int64_t step = a->transposed ? 1 : a->stride_rows;

    for (int64_t pair = begin; pair < end; pair++, to += g->stride * s->rows * s->pitch) {
        const float *const in = g->in + pair % g->channels * g->channel_stride;
        const int64_t first = form_row(b, pair / g->channels);
        for (int64_t n = 0; n < b->rows; n++) {
            const float *row[FORMS];
            int64_t points[FORMS];
            for (int64_t j = 0; j < FORMS; j++) {
                const int64_t at = first + (n * b->shape.group + j) * step;
                const int exists = at >= 0 && at < a->in_rows;
                row[j] = exists ? in + at * g->row_stride : in;
                points[j] = exists ? g->points : 0;
            }
            form_group(g, s, row, points, to + n * FORMS * s->pitch);
        }
    }
}

/* The rows of out that the sums are of. */
static void finish_forms(block *b, int64_t plane)
{
    const int64_t panels = cleave_div_up(b->rows * row_vectors(b), PANEL_VECTORS);
    const int64_t row = b->row, group = b->shape.group;
    float *const sums = b->sums;

    for (int64_t t = 0; t < b->tiles; t++)
        for (int64_t p = 0; p < panels; p++) {
            int64_t o0, o1;
            for (int64_t slot = 0; slot < b->shape.slots; slot++)
                combine_sums(sums_of(b, slot, t, p), plane,
                             panel_vectors(b, p) * SIMD_LANES * TILE_ROWS, group);
            channels_of_tile(b, t, &o0, &o1);
            for (int64_t k = 0; k < group; k++) {
                places to;
                b->row = row + k * b->shape.row_phases;
                b->sums = sums + k * plane;
                find_places(b, p, &to);
                finish_channels(b, &to, o0, o1);
            }
            b->row = row;
            b->sums = sums;
        }
}

/* Where in the table the forms of a phase of points begin. */
static int64_t form_matrix(const block *b, int64_t phase)
{
    const cleave_conv_args *const a = b->args;
    const int64_t row_phase = a->transposed ? (b->row + a->pad_rows) % a->stride_rows : 0;
    int64_t at = 0;

    for (int64_t p = 0; p <= row_phase; p++)
        for (int64_t q = 0; q < (p < row_phase ? b->shape.slots : phase); q++)
            at += FORMS * b->shape.tiles * TILE_ROWS * form_depth(a, q);
    return at;
}

/* The sums of a slot. Its points may be there from other tiles, or from another phase of rows. */
static void run_form_slot(block *b, int64_t slot, int64_t plane)
{
    const cleave_conv_args *const a = b->args;
    const int64_t phase = b->shape.slots > 1 ? (slot + a->pad_points) % b->shape.slots : 0;
    const int64_t depth = form_depth(a, phase), taps = kernel_taps(a, phase);
    const int64_t pairs = depth / taps, parts = cleave_div_up(pairs, form_pairs(a));
    const int kept = form_points_kept(a, &b->shape);
    const int there = kept && b->formed_rows == b->rows && b->formed == form_row(b, 0);
    const float *rows[PART_DEPTH];
    gather g = gather_of(b, slot);

    g.taps = taps;
    const split s = split_of(&g, b->columns, b->rows * FORMS);
    for (int64_t i = 0; i < parts; i++) {
        const int64_t from = pairs * i / parts / STEP * STEP;
        const int64_t to = pairs * (i + 1) / parts / STEP * STEP;
        const part k = {.slot = slot,
                        .matrix = form_matrix(b, phase),
                        .depth = depth,
                        .from = from * taps,
                        .to = to * taps,
                        .chain = chain_of(depth),
                        .first = i == 0};
        float *const points = b->points + (kept ? from * s.rows * s.pitch * g.stride : 0);
        if (!there)
            form_points(b, &g, &s, from, to, points);
        find_split_rows(&g, &s, k.from, k.to, points, rows);
        multiply_forms(b, &k, &s, rows, plane);
    }
    b->formed = form_row(b, 0);
    b->formed_rows = b->rows;
}

/* Rows of out from b->row on, a phase of them, in groups, of all tiles of the block. */
static void run_forms(block *b, int64_t end)
{
    block all = *b;
    const int64_t step = b->shape.group * b->shape.row_phases;

    b->row_step = step;
    b->rows = cleave_div_up(end - b->row, step);
    b->tile_floats = b->rows * row_vectors(b) * SIMD_LANES * TILE_ROWS;
    for (int64_t t = 0; t < all.tiles; t += form_tiles(&b->shape)) {
        b->tile0 = all.tile0 + t;
        b->tiles = cleave_i64_min(form_tiles(&b->shape), all.tiles - t);
        b->o0 = cleave_i64_max(all.o0, b->tile0 * b->shape.values);
        b->o1 = cleave_i64_min(all.o1, (b->tile0 + b->tiles) * b->shape.values);
        const int64_t plane = b->shape.slots * b->tiles * b->tile_floats;
        for (int64_t slot = 0; slot < b->shape.slots; slot++)
            run_form_slot(b, slot, plane);
        finish_forms(b, plane);
    }
    all.formed = b->formed;
    all.formed_rows = b->formed_rows;
    *b = all;
}

#endif
