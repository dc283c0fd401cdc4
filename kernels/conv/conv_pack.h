/* conv_pack.h: points of `in` gathered into the panels that tiles of the product read; include a
 * simd header first.
 *
 * A panel is PANEL columns of the product: [depth][PANEL], in the order of the weights, with zeros
 * for what lies outside of `in`. Taps, dilation and strides end here: the product knows of none. */
#ifndef CLEAVE_KERNELS_CONV_PACK_H
#define CLEAVE_KERNELS_CONV_PACK_H

#include "kernels/conv/conv_weights.h"

#define APART         __attribute__((noinline))
#define PANEL_VECTORS 3
#define PANEL         (PANEL_VECTORS * SIMD_LANES)

/* Every stride-th point from p on; those of whole vectors are read. */
SIMD_INLINE simd_f32 load_strided(const float *p, int64_t stride)
{
    simd_f32 even[2], odd;

    if (stride == 1)
        return simd_load(p);
    simd_deinterleave(simd_load(p), simd_load(p + SIMD_LANES), &even[0], &odd);
    if (stride == 2)
        return even[0];
    simd_deinterleave(simd_load(p + 2 * SIMD_LANES), simd_load(p + 3 * SIMD_LANES), &even[1], &odd);
    simd_deinterleave(even[0], even[1], &even[0], &odd);
    return even[0];
}

/* A vector of which some points lie outside of the row, or of any stride. */
static void pack_border(const float *row, int64_t points, int64_t at, int64_t stride, float *to)
{
    const int64_t begin = cleave_i64_max(0, -at), end = cleave_i64_min(SIMD_LANES, points - at);

    simd_store(to, simd_zero());
    if (stride == 1) {
        if (begin < end)
            simd_store_first(to + begin, simd_load_first(row + at + begin, end - begin),
                             end - begin);
        return;
    }
    for (int64_t n = 0; n < SIMD_LANES; n++)
        if (at + n * stride >= 0 && at + n * stride < points)
            to[n] = row[at + n * stride];
}

/* One row of all panels: columns * stride + at of `row`. `stride` is a constant after inlining. */
SIMD_INLINE void pack_row(const float *row, int64_t points, int64_t at, int64_t stride,
                          int64_t panels, int64_t panel_floats, float *to)
{
    const int fast = stride == 1 || stride == 2 || stride == 4;

    for (int64_t p = 0; p < panels; p++, to += panel_floats, at += PANEL * stride)
        if (fast && at >= 0 && at + PANEL * stride <= points)
#pragma GCC unroll 3
            for (int v = 0; v < PANEL_VECTORS; v++)
                simd_store_aligned(to + v * SIMD_LANES,
                                   load_strided(row + at + v * SIMD_LANES * stride, stride));
        else
            for (int64_t v = 0, x = at; v < PANEL; v += SIMD_LANES, x += SIMD_LANES * stride)
                if (fast && x >= 0 && x + SIMD_LANES * stride <= points)
                    simd_store(to + v, load_strided(row + x, stride));
                else
                    pack_border(row, points, x, stride, to + v);
}

/* What the panels of out rows are gathered from: in row `row` + n row_step serves kernel row n of
 * the first out row, one that lies row_between further that of the next; column x and tap t read
 * point x stride + t tap_step + shift. */
typedef struct gather {
    const float *in;
    int64_t channels, channel_stride, row_stride, points;
    int64_t row, row_step, row_between;
    int64_t taps, stride, tap_step, shift;
} gather;

/* What a depth is gathered from: a tap of a row, which begins `at` floats after `in`. */
typedef struct source {
    int64_t at, channel, tap;
} source;

static source source_of(const gather *g, int64_t depth)
{
    const int64_t pair = depth / g->taps;
    source s = {.channel = pair % g->channels, .tap = depth - pair * g->taps};

    s.at =
        s.channel * g->channel_stride + (g->row + pair / g->channels * g->row_step) * g->row_stride;
    return s;
}

/* That of the depth after it. Divisions for each would cost as much as its products with a tile. */
static source source_after(const gather *g, source s)
{
    if (++s.tap < g->taps)
        return s;
    s.tap = 0;
    s.at += g->channel_stride;
    if (++s.channel < g->channels)
        return s;
    s.channel = 0;
    s.at += g->row_step * g->row_stride - g->channels * g->channel_stride;
    return s;
}

/* Depths [begin, end) of `panels` panels that follow each other in `to`. */
static void pack(const gather *g, int64_t begin, int64_t end, int64_t panels, float *to)
{
    const int64_t panel_floats = (end - begin) * PANEL;
    source s = begin < end ? source_of(g, begin) : (source){0};

    for (int64_t depth = begin; depth < end; depth++, to += PANEL, s = source_after(g, s)) {
        const float *const from = g->in + s.at;
        const int64_t at = s.tap * g->tap_step + g->shift;

        if (g->stride == 1)
            pack_row(from, g->points, at, 1, panels, panel_floats, to);
        else if (g->stride == 2)
            pack_row(from, g->points, at, 2, panels, panel_floats, to);
        else if (g->stride == 4)
            pack_row(from, g->points, at, 4, panels, panel_floats, to);
        else
            pack_row(from, g->points, at, g->stride, panels, panel_floats, to);
    }
}

/* Where the first `points` of a panel lie at depths [begin, end), for stride 1; copies of those
 * that reach out of their row are made in `copies`. Its caller would leave it no registers. */
APART static void find_rows(const gather *g, int64_t begin, int64_t end, int64_t panel,
                            int64_t points, float *copies, const float *rows[])
{
    source s = begin < end ? source_of(g, begin) : (source){0};

    for (int64_t depth = begin; depth < end; depth++, copies += PANEL, s = source_after(g, s)) {
        const float *const from = g->in + s.at;
        const int64_t at = s.tap * g->tap_step + g->shift + panel * PANEL;

        *rows++ = copies;
        if (at >= 0 && at + points <= g->points)
            rows[-1] = from + at;
        else
            pack_row(from, g->points, at, 1, 1, 0, copies);
    }
}

/* ---- split rows ---- */
/* Rows of `in` whose points are parted by their residue modulo the stride, once for all taps: each
 * of those then reads points that follow each other. Depths of one kernel row and channel are a
 * pair; the parts are [pair][residue][out row][pitch]. Value y of a part is point
 * (y + low) stride + residue. */
typedef struct split {
    int64_t low, pitch, rows;
} split;

/* Values from one part to the next, for taps that read at most `reach` values beyond a column's
 * own. */
static int64_t split_pitch(int64_t columns, int64_t reach)
{
    return cleave_div_up(columns, SIMD_LANES) * SIMD_LANES +
           cleave_div_up(reach, SIMD_LANES) * SIMD_LANES;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

static split split_of(const gather *g, int64_t columns, int64_t rows)
{
    const int64_t one = floor_div(g->shift, g->stride);
    const int64_t other = floor_div(g->shift + (g->taps - 1) * g->tap_step, g->stride);
    split s = {.low = cleave_i64_min(one, other), .rows = rows};

    s.pitch = split_pitch(columns, cleave_i64_max(one, other) - s.low);
    return s;
}

/* `stride` vectors that follow each other at `from`, parted into vectors that lie `between` apart.
 */
SIMD_INLINE void split_vectors(const float *from, int64_t stride, int64_t between, float *to)
{
    simd_f32 v[4], even[2], odd[2];

#pragma GCC unroll 4
    for (int64_t i = 0; i < stride; i++)
        v[i] = simd_load(from + i * SIMD_LANES);
    if (stride == 2) {
        simd_deinterleave(v[0], v[1], &v[0], &v[1]);
    } else if (stride == 4) {
        simd_deinterleave(v[0], v[1], &even[0], &odd[0]);
        simd_deinterleave(v[2], v[3], &even[1], &odd[1]);
        simd_deinterleave(even[0], even[1], &v[0], &v[2]);
        simd_deinterleave(odd[0], odd[1], &v[1], &v[3]);
    }
#pragma GCC unroll 4
    for (int64_t i = 0; i < stride; i++)
        simd_store(to + i * between, v[i]);
}

/* The last points of a row, fewer than `stride` vectors, and the first `values` of their parts. */
SIMD_INLINE void split_tail(const float *from, int64_t points, int64_t stride, int64_t between,
                            int64_t values, float *to)
{
    float room[4 * SIMD_LANES], parts[4 * SIMD_LANES];

    if (stride == 1) {
        simd_store_first(to, simd_load_first(from, values), values);
        return;
    }
    for (int64_t i = 0; i < stride; i++, points -= SIMD_LANES) {
        const int64_t count = cleave_i64_min(cleave_i64_max(points, 0), SIMD_LANES);
        simd_store(room + i * SIMD_LANES, simd_load_first(from + i * SIMD_LANES, count));
    }
    split_vectors(room, stride, SIMD_LANES, parts);
    for (int64_t i = 0; i < stride; i++)
        simd_store_first(to + i * between, simd_load(parts + i * SIMD_LANES), values);
}

/* The parts of one row: zeros before its first point and after its last, of which the vectors of
 * points between them overwrite some. `stride` is a constant after inlining. */
SIMD_INLINE void split_row(const float *row, int64_t points, const split *s, int64_t stride,
                           float *to)
{
    const int64_t between = s->rows * s->pitch, all = cleave_div_up(points, stride);
    const int64_t begin = cleave_i64_min(cleave_i64_max(0, -s->low), s->pitch);
    const int64_t end = cleave_i64_max(begin, cleave_i64_min(all - s->low, s->pitch));
    int64_t y;

    for (int64_t i = 0; i < stride; i++) {
        for (y = 0; y < begin; y += SIMD_LANES)
            simd_store(to + i * between + y, simd_zero());
        for (y = end / SIMD_LANES * SIMD_LANES; y < s->pitch; y += SIMD_LANES)
            simd_store(to + i * between + y, simd_zero());
    }
    row += (s->low + begin) * stride;
    points -= (s->low + begin) * stride;
    for (y = begin; y + SIMD_LANES <= end && points >= stride * SIMD_LANES; y += SIMD_LANES) {
        split_vectors(row, stride, between, to + y);
        row += stride * SIMD_LANES;
        points -= stride * SIMD_LANES;
    }
    if (y < end)
        split_tail(row, points, stride, between, end - y, to + y);
}

/* The rows that pairs [begin, end) need; those outside of in_rows are zeros. */
static void split_rows(const gather *g, const split *s, int64_t in_rows, int64_t begin, int64_t end,
                       float *to)
{
    int64_t channel = begin % g->channels, first_row = g->row + begin / g->channels * g->row_step;

    for (int64_t pair = begin; pair < end; pair++, to += g->stride * s->rows * s->pitch) {
        const float *const in = g->in + channel * g->channel_stride;
        int64_t row = first_row;

        for (int64_t n = 0; n < s->rows; n++, row += g->row_between) {
            const int exists = row >= 0 && row < in_rows;
            const float *const from = exists ? in + row * g->row_stride : in;
            const int64_t points = exists ? g->points : 0;
            if (g->stride == 1)
                split_row(from, points, s, 1, to + n * s->pitch);
            else if (g->stride == 2)
                split_row(from, points, s, 2, to + n * s->pitch);
            else
                split_row(from, points, s, 4, to + n * s->pitch);
        }
        if (++channel == g->channels) {
            channel = 0;
            first_row += g->row_step;
        }
    }
}

/* Where depths [begin, end) of the first out row begin in the parts of pairs from begin / taps on.
 */
static void find_split_rows(const gather *g, const split *s, int64_t begin, int64_t end,
                            const float *parts, const float *rows[])
{
    const int64_t part = s->rows * s->pitch, first = begin / g->taps * g->taps;

    for (int64_t tap = 0; tap < g->taps; tap++) {
        const int64_t at = tap * g->tap_step + g->shift;
        const int64_t value = floor_div(at, g->stride), residue = at - value * g->stride;
        const float *from = parts + residue * part + (value - s->low);

        for (int64_t depth = first + tap; depth < end; depth += g->taps, from += g->stride * part)
            if (depth >= begin)
                rows[depth - begin] = from;
    }
}

#endif
