/* conv_pack.h: points of `in` gathered into the panels that tiles of the product read; include a
 * simd header first.
 *
 * A panel is PANEL columns of the product: [depth][PANEL], in the order of the weights, with zeros
 * for what lies outside of `in`. Taps, dilation and strides end here: the product knows of none. */
#ifndef CLEAVE_KERNELS_CONV_PACK_H
#define CLEAVE_KERNELS_CONV_PACK_H

#include "kernels/conv/conv_weights.h"

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
            for (int v = 0; v < PANEL_VECTORS; v++)
                pack_border(row, points, at + v * SIMD_LANES * stride, stride, to + v * SIMD_LANES);
}

/* What the panels of one out row are gathered from: in row `row` + n row_step serves kernel row n;
 * column x and tap t read point x stride + t tap_step + shift. */
typedef struct gather {
    const float *in;
    int64_t channels, channel_stride, row_stride, points;
    int64_t row, row_step;
    int64_t taps, stride, tap_step, shift;
} gather;

/* The row of `in` for a depth. */
static const float *row_at(const gather *g, int64_t depth)
{
    const int64_t channel = depth / g->taps % g->channels;
    const int64_t row = g->row + depth / g->taps / g->channels * g->row_step;

    return g->in + channel * g->channel_stride + row * g->row_stride;
}

/* Depths [begin, end) of `panels` panels that follow each other in `to`. */
static void pack(const gather *g, int64_t begin, int64_t end, int64_t panels, float *to)
{
    const int64_t panel_floats = (end - begin) * PANEL;

    for (int64_t depth = begin; depth < end; depth++, to += PANEL) {
        const float *const from = row_at(g, depth);
        const int64_t at = depth % g->taps * g->tap_step + g->shift;

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

/* Whether all taps of a panel lie inside of their rows. */
static int panel_inside(const gather *g, int64_t panel)
{
    const int64_t at = panel * PANEL + g->shift, reach = (g->taps - 1) * g->tap_step;

    return at + cleave_i64_min(0, reach) >= 0 && at + PANEL + cleave_i64_max(0, reach) <= g->points;
}

/* Where the points of a panel lie at depths [begin, end), for stride 1; copies of those that
 * reach out of their row are made in `copies`. */
static void find_rows(const gather *g, int64_t begin, int64_t end, int64_t panel, float *copies,
                      const float *rows[])
{
    for (int64_t depth = begin; depth < end; depth++, copies += PANEL) {
        const float *const from = row_at(g, depth);
        const int64_t at = depth % g->taps * g->tap_step + g->shift + panel * PANEL;

        *rows++ = copies;
        if (at >= 0 && at + PANEL <= g->points)
            rows[-1] = from + at;
        else
            pack_row(from, g->points, at, 1, 1, 0, copies);
    }
}

#endif
