/* conv_shape.cuh: a convolution as products of matrices, sums = weights x points, for the GPU.
 *
 * A row of the product is a sum: out channel, its gate, and the phases of a transposed convolution,
 * which all read the same points. A column is a place of the kernel. Depth is kernel row by in
 * channel by kernel point. A transposed convolution has a matrix of its own for each phase of its
 * rows (and of its points, where these are too many to share a tile).
 *
 * The prepared table: weights [matrix][tile][stage][depth][row] in the format of the product, what
 * follows the sum, and for each depth where its points are. */
#ifndef CLEAVE_KERNELS_CONV_SHAPE_CUH
#define CLEAVE_KERNELS_CONV_SHAPE_CUH

#include "kernels/conv/conv.h"
#include "kernels/cuda_device.cuh"

#define CONV_GROUP_MAX 16 /* sums of an out channel that share a tile */

/* Where the points of one depth are; as offsets of taps, not yet times strides. */
struct conv_depth {
    int32_t channel, row, point;
};

struct conv_shape {
    int32_t phases;                   /* of points, in one matrix */
    int32_t group;                    /* rows of an out channel: gates x phases */
    int32_t outs;                     /* out channels */
    int32_t tile_rows, tile_depth;    /* of a tile, of a stage of it */
    int32_t tile_outs, tiles;         /* out channels of a tile, tiles of a matrix */
    int32_t row_phases, point_phases; /* matrices = row_phases x point_phases */
    int32_t tap_rows, tap_points;     /* taps of a matrix, at most */
    int64_t depth, stages;            /* at most; of the table */
    int32_t format_bytes;             /* of a weight */
    /* What depends on the tensors. */
    int64_t place, places; /* first place of a row, and how many */
    int64_t rows;          /* of a matrix, at most */
    int64_t columns;
    int32_t wide; /* four neighbouring columns are 16 aligned bytes of in */
};

/* Sums, that is rows of the product, of one matrix; more than CONV_GROUP_MAX phases are apart. */
CLEAVE_INLINE int64_t conv_group(const cleave_conv_args *a)
{
    const int64_t gates = a->act == CLEAVE_CONV_GLU ? 2 : 1;
    const int64_t group = gates * cleave_conv_phases(a);

    return group <= CONV_GROUP_MAX ? group : gates;
}

CLEAVE_INLINE int64_t conv_sums(const cleave_conv_args *a)
{
    return conv_group(a) * cleave_conv_out_channels(a);
}

static inline bool conv_is_wide(const cleave_conv_args *a, const conv_shape *s)
{
    return a->kernel_points == 1 && a->stride_points == 1 && a->pad_points == 0 &&
           s->places % 4 == 0 && a->in_row_stride % 4 == 0 && a->in_channel_stride % 4 == 0 &&
           (uintptr_t)a->in % 16 == 0;
}

/* For a tile of so many rows, whose stages have such a depth, of weights of so many bytes. */
static inline conv_shape conv_shape_of(const cleave_conv_args *a, int32_t tile_rows,
                                       int32_t tile_depth, int32_t format_bytes)
{
    const int32_t gates = a->act == CLEAVE_CONV_GLU ? 2 : 1, t = a->transposed != 0;
    conv_shape s;

    s.group = (int32_t)conv_group(a);
    s.phases = s.group / gates;
    s.outs = cleave_conv_out_channels(a);
    s.tile_rows = tile_rows;
    s.tile_depth = tile_depth;
    s.tile_outs = tile_rows / s.group;
    s.tiles = (int32_t)cleave_div_up(s.outs, s.tile_outs);
    s.row_phases = t ? a->stride_rows : 1;
    s.point_phases = (int32_t)cleave_conv_phases(a) / s.phases;
    s.tap_rows = t ? (int32_t)cleave_div_up(a->kernel_rows, a->stride_rows) : a->kernel_rows;
    s.tap_points =
        t ? (int32_t)cleave_div_up(a->kernel_points, a->stride_points) : a->kernel_points;
    s.depth = (int64_t)s.tap_rows * a->in_channels * s.tap_points;
    s.stages = cleave_div_up(s.depth, tile_depth);
    s.format_bytes = format_bytes;
    s.place = t ? a->pad_points / a->stride_points : 0;
    s.places =
        t ? (a->pad_points + a->out_points - 1) / a->stride_points - s.place + 1 : a->out_points;
    s.rows = cleave_div_up(a->out_rows, s.row_phases);
    s.columns = s.rows * s.places;
    s.wide = conv_is_wide(a, &s);
    return s;
}

CLEAVE_INLINE size_t conv_stage_bytes(const conv_shape *s)
{
    return (size_t)s->tile_rows * (size_t)s->tile_depth * (size_t)s->format_bytes;
}

CLEAVE_INLINE size_t conv_tile_bytes(const conv_shape *s)
{
    return conv_stage_bytes(s) * (size_t)s->stages;
}

/* What follows the sum, and where the parts of the table are. */
struct conv_table {
    const unsigned char *weights;
    const conv_depth *depth;
    const float *bias, *scale, *table, *norm_scale, *norm_shift;
    size_t bytes; /* of all */
};

CLEAVE_INLINE conv_table conv_table_of(const cleave_conv_args *a, const conv_shape *s,
                                       const void *prepared)
{
    const size_t matrices = (size_t)s->row_phases * (size_t)s->point_phases;
    const size_t weights = matrices * (size_t)s->tiles * conv_tile_bytes(s);
    const int64_t M = a->channels, O = s->outs;
    conv_table k;

    k.weights = (const unsigned char *)prepared;
    k.depth = (const conv_depth *)(k.weights + weights);
    k.bias = (const float *)(k.depth + s->depth);
    k.scale = k.bias + M;
    k.table = k.scale + O;
    k.norm_scale = k.table + O * a->out_rows;
    k.norm_shift = k.norm_scale + M;
    k.bytes = weights + (size_t)s->depth * sizeof(conv_depth) +
              (size_t)(3 * M + O + O * a->out_rows) * sizeof(float);
    return k;
}

/* ---- on the host: the weights --------------------------------------------------------------- */

/* The weight of row `row` of a tile at a depth of a matrix; 0 where there is none. */
static inline float conv_weight_at(const cleave_conv_args *a, const conv_shape *s, int32_t matrix,
                                   int32_t tile, int64_t depth, int32_t row)
{
    const int32_t out = tile * s->tile_outs + row / s->group, phase = row % s->phases;
    const int64_t m = out + (int64_t)(row % s->group / s->phases) * s->outs;
    const int64_t b = depth % s->tap_points, c = depth / s->tap_points % a->in_channels;
    const int64_t r = depth / s->tap_points / a->in_channels;
    int64_t pair = m * a->in_channels + c, kernel_row = r, kernel_point = b;

    if (row >= s->tile_outs * s->group || out >= s->outs || depth >= s->depth)
        return 0;
    if (a->transposed) {
        pair = c * a->channels + m;
        kernel_row = matrix / s->point_phases + r * a->stride_rows;
        kernel_point = matrix % s->point_phases + phase + b * a->stride_points;
    }
    if (kernel_row >= a->kernel_rows || kernel_point >= a->kernel_points)
        return 0;
    return a->weight[(pair * a->kernel_rows + kernel_row) * a->kernel_points + kernel_point];
}

static inline void conv_keep(const float *to, const float *from, uint32_t used, float otherwise,
                             int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        ((float *)to)[i] = used ? from[i] : otherwise;
}

/* All of the table but the weights: what is not used becomes what changes nothing. */
static inline void conv_prepare_rest(const cleave_conv_args *a, const conv_shape *s,
                                     const conv_table *k)
{
    const int64_t M = a->channels, O = s->outs;

    for (int64_t d = 0; d < s->depth; d++)
        ((conv_depth *)k->depth)[d] = {(int32_t)(d / s->tap_points % a->in_channels),
                                       (int32_t)(d / s->tap_points / a->in_channels),
                                       (int32_t)(d % s->tap_points)};
    conv_keep(k->bias, a->bias, a->uses & CLEAVE_CONV_BIAS, 0, M);
    conv_keep(k->scale, a->scale, a->uses & CLEAVE_CONV_SCALE, 1, O);
    conv_keep(k->table, a->table, a->uses & CLEAVE_CONV_TABLE, 0, O * a->out_rows);
    conv_keep(k->norm_scale, a->norm_scale, a->uses & CLEAVE_CONV_NORM, 1, M);
    conv_keep(k->norm_shift, a->norm_shift, a->uses & CLEAVE_CONV_NORM, 0, M);
}

#endif
