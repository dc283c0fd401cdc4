/* conv_winograd.h: four rows of out by six products instead of twelve (see conv.md); include a simd
 * header and define TILE_ROWS first.
 *
 * Winograd's minimal filtering F(4, 3) (Lavin and Gray, "Fast algorithms for convolutional neural
 * networks", 2016) along rows, where it is vectors that are combined: six rows of `in` become six
 * combinations of them, each has a matrix of its own, and four rows of out are combinations of the
 * six products. The points at which the polynomials are taken, 0, +-A, +-B and infinity, have the
 * least error of the small fractions that were tried: 1.7 times that of the direct sum, where 0,
 * +-1, +-2 have 2.6 times. Rows that a stride passes over are parted by their residue, each residue
 * a kernel of up to three rows of its own whose products join the same six sums. */
#ifndef CLEAVE_KERNELS_CONV_WINOGRAD_H
#define CLEAVE_KERNELS_CONV_WINOGRAD_H

#include "kernels/conv/conv_finish.h"
#include "kernels/conv/conv_multiply.h"
#include "kernels/conv/conv_part.h"

#define FORMS       CLEAVE_CONV_FORMS
#define FORM_ROWS   64    /* of weights that have their sums together */
#define FORM_FLOATS 57344 /* of the points of a part, so that they stay in the second-level cache  \
                           */

/* Columns of the groups of a block, filled up to vectors, with `more` for each group. */
static int64_t form_width(const cleave_conv_args *a, int64_t more)
{
    const int64_t groups = cleave_conv_block_rows(a) / CLEAVE_CONV_QUAD;
    const int64_t columns = cleave_i64_min(cleave_conv_block_columns(a), cleave_conv_columns(a));

    return groups * (cleave_div_up(columns, SIMD_LANES) * SIMD_LANES + more);
}

/* The largest of any number of columns. */
static int64_t form_width_most(int64_t more)
{
    return CLEAVE_CONV_QUAD_COLUMNS + CLEAVE_CONV_QUAD_GROUPS * (SIMD_LANES - 1 + more);
}

/* Channels by residues of rows whose points a part has. */
static int64_t form_pairs(const cleave_conv_args *a)
{
    const int64_t pair = FORMS * a->stride_points * form_width(a, split_pitch(0, SPLIT_REACH));

    return cleave_i64_max(1, cleave_i64_min(DEPTH / a->kernel_points, FORM_FLOATS / pair));
}

static int64_t form_points_floats(const cleave_conv_args *a)
{
    const int64_t width = form_width_most(split_pitch(0, SPLIT_REACH));

    return FORM_FLOATS + FORMS * a->stride_points * width;
}

static int64_t form_sums_floats(void)
{
    return FORMS * FORM_ROWS * form_width_most(0);
}

/* Six rows, `pitch` apart, become their combinations. */
static void combine_points(float *rows, int64_t pitch)
{
    const simd_f32 a = simd_set1(CLEAVE_CONV_POINT_A), b = simd_set1(CLEAVE_CONV_POINT_B);
    const simd_f32 aa = simd_mul(a, a), bb = simd_mul(b, b);
    const simd_f32 sum = simd_add(aa, bb), product = simd_mul(aa, bb);

    for (int64_t x = 0; x < pitch; x += SIMD_LANES) {
        simd_f32 d[FORMS];
#pragma GCC unroll 6
        for (int j = 0; j < FORMS; j++)
            d[j] = simd_load_aligned(rows + j * pitch + x);
        const simd_f32 even_a = simd_fnma(bb, d[2], d[4]), odd_a = simd_fnma(bb, d[1], d[3]);
        const simd_f32 even_b = simd_fnma(aa, d[2], d[4]), odd_b = simd_fnma(aa, d[1], d[3]);
        const simd_f32 zero = simd_fma(product, d[0], simd_fnma(sum, d[2], d[4]));
        const simd_f32 infinity = simd_fma(product, d[1], simd_fnma(sum, d[3], d[5]));
        simd_store_aligned(rows + x, zero);
        simd_store_aligned(rows + pitch + x, simd_fma(a, odd_a, even_a));
        simd_store_aligned(rows + 2 * pitch + x, simd_fnma(a, odd_a, even_a));
        simd_store_aligned(rows + 3 * pitch + x, simd_fma(b, odd_b, even_b));
        simd_store_aligned(rows + 4 * pitch + x, simd_fnma(b, odd_b, even_b));
        simd_store_aligned(rows + 5 * pitch + x, infinity);
    }
}

/* Six sums, `plane` apart, become the four rows of out, in the first four planes. */
static void combine_sums(float *sums, int64_t plane, int64_t count)
{
    const simd_f32 a = simd_set1(CLEAVE_CONV_POINT_A), b = simd_set1(CLEAVE_CONV_POINT_B);
    const simd_f32 aa = simd_mul(a, a), bb = simd_mul(b, b);

    for (int64_t x = 0; x < count; x += SIMD_LANES) {
        simd_f32 s[FORMS];
#pragma GCC unroll 6
        for (int j = 0; j < FORMS; j++)
            s[j] = simd_load_aligned(sums + j * plane + x);
        const simd_f32 even_a = simd_add(s[1], s[2]), even_b = simd_add(s[3], s[4]);
        const simd_f32 odd_a = simd_mul(a, simd_sub(s[1], s[2]));
        const simd_f32 odd_b = simd_mul(b, simd_sub(s[3], s[4]));
        simd_store_aligned(sums + x, simd_add(s[0], simd_add(even_a, even_b)));
        simd_store_aligned(sums + plane + x, simd_add(odd_a, odd_b));
        simd_store_aligned(sums + 2 * plane + x, simd_fma(aa, even_a, simd_mul(bb, even_b)));
        simd_store_aligned(sums + 3 * plane + x,
                           simd_add(s[5], simd_fma(aa, odd_a, simd_mul(bb, odd_b))));
    }
}

/* The points of pairs [begin, end): [pair][residue of points][group][form][pitch]. */
static void form_points(const block *b, const gather *g, const split *s, int64_t begin, int64_t end)
{
    const cleave_conv_args *const a = b->args;
    float *to = b->points;

    for (int64_t pair = begin; pair < end; pair++) {
        const float *const in = g->in + pair % g->channels * g->channel_stride;
        const int64_t first = b->row * a->stride_rows - a->pad_rows + pair / g->channels;
        for (int64_t n = 0; n < s->rows; n++) {
            const int64_t group = n / FORMS;
            const int64_t row = first + (group * CLEAVE_CONV_QUAD + n % FORMS) * a->stride_rows;
            const int exists = row >= 0 && row < a->in_rows;
            const float *const from = exists ? in + row * g->row_stride : in;
            const int64_t points = exists ? g->points : 0;
            if (g->stride == 1)
                split_row(from, points, s, 1, to + n * s->pitch);
            else if (g->stride == 2)
                split_row(from, points, s, 2, to + n * s->pitch);
            else
                split_row(from, points, s, 4, to + n * s->pitch);
        }
        for (int64_t n = 0; n < g->stride * s->rows; n += FORMS)
            combine_points(to + n * s->pitch, s->pitch);
        to += g->stride * s->rows * s->pitch;
    }
}

/* The products of a part with the tiles of `b`. */
static void multiply_forms(const block *b, const part *k, const split *s, const float *const *rows,
                           int64_t plane)
{
    const int64_t panels = cleave_div_up(b->rows * row_vectors(b), PANEL_VECTORS);
    const int64_t matrix = b->shape.tiles * TILE_ROWS * k->depth;

    for (int64_t form = 0; form < FORMS; form++)
        for (int64_t t = 0; t < b->tiles; t++) {
            const float *const weight = (const float *)b->constants.weight + form * matrix +
                                        ((b->tile0 + t) * k->depth + k->from) * TILE_ROWS;
            float *const sums = b->sums + form * plane + t * b->tile_floats;
            place to = place_of(b, 0);
            for (int64_t p = 0; p < panels; p++) {
                int64_t at[PANEL_VECTORS] = {0};
                const int64_t vectors = panel_vectors(b, p);
                for (int64_t v = 0; v < vectors; v++, to = place_after(b, to))
                    at[v] = (to.n * FORMS + form) * s->pitch + to.x;
                multiply_any(b, k, weight, NULL, rows, at, vectors, sums + p * PANEL * TILE_ROWS);
            }
        }
}

/* The rows of out that the sums are of. */
static void finish_forms(block *b, int64_t plane)
{
    const int64_t panels = cleave_div_up(b->rows * row_vectors(b), PANEL_VECTORS);
    const int64_t row = b->row;
    float *const sums = b->sums;

    for (int64_t t = 0; t < b->tiles; t++)
        for (int64_t p = 0; p < panels; p++) {
            const int64_t at = t * b->tile_floats + p * PANEL * TILE_ROWS;
            int64_t o0, o1;
            combine_sums(sums + at, plane, panel_vectors(b, p) * SIMD_LANES * TILE_ROWS);
            channels_of_tile(b, t, &o0, &o1);
            for (int64_t k = 0; k < CLEAVE_CONV_QUAD; k++) {
                places to;
                b->row = row + k;
                b->sums = sums + k * plane;
                find_places(b, p, &to);
                finish_channels(b, &to, o0, o1);
            }
        }
    b->row = row;
    b->sums = sums;
}

/* Rows of out from `begin` on, in groups of four, of all tiles of the block. */
static void run_forms(block *b, int64_t begin, int64_t end)
{
    const cleave_conv_args *const a = b->args;
    const int64_t taps = a->kernel_points, pairs = a->in_channels * a->stride_rows;
    const int64_t parts = cleave_div_up(pairs, form_pairs(a));
    const int64_t tile0 = b->tile0, tiles = b->tiles, o1 = b->o1;
    const float *rows[DEPTH];

    b->row = begin;
    b->row_step = CLEAVE_CONV_QUAD;
    b->rows = cleave_div_up(end - begin, CLEAVE_CONV_QUAD);
    b->tile_floats = b->rows * row_vectors(b) * SIMD_LANES * TILE_ROWS;
    gather g = gather_of(b, 0);
    g.taps = taps;
    const split s = split_of(&g, b->columns, b->rows * FORMS);
    for (int64_t t = 0; t < tiles; t += FORM_ROWS / TILE_ROWS) {
        b->tile0 = tile0 + t;
        b->tiles = cleave_i64_min(FORM_ROWS / TILE_ROWS, tiles - t);
        b->o0 = b->tile0 * b->shape.values;
        b->o1 = cleave_i64_min(o1, (b->tile0 + b->tiles) * b->shape.values);
        const int64_t plane = b->tiles * b->tile_floats;
        for (int64_t i = 0; i < parts; i++) {
            const int64_t from = pairs * i / parts, to = pairs * (i + 1) / parts;
            const part k = {.depth = pairs * taps,
                            .from = from * taps,
                            .to = to * taps,
                            .chain = chain_of(pairs * taps),
                            .first = i == 0};
            if (parts > 1 || t == 0) {
                form_points(b, &g, &s, from, to);
                find_split_rows(&g, &s, k.from, k.to, b->points, rows);
            }
            multiply_forms(b, &k, &s, rows, plane);
        }
        finish_forms(b, plane);
    }
}

#endif
