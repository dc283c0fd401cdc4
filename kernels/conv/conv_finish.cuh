/* conv_finish.cuh: from the sums of a tile in shared memory to out: bias, norm, activation, scale,
 * table, residual or factor; for the points of out that lie side by side. */
#ifndef CLEAVE_KERNELS_CONV_FINISH_CUH
#define CLEAVE_KERNELS_CONV_FINISH_CUH

#include "kernels/conv/conv_shape.cuh"
#include "kernels/cuda_common.cuh"

/* The items of a call. Tiles are not cut as items are: a call that has not all of them leaves the
 * values of the others unwritten. */
struct conv_items {
    int64_t begin, end;
    int64_t block_channels, channel_blocks, block_rows, block_columns, column_blocks, phases, lead;
    bool all;
};

static inline conv_items conv_items_of(const cleave_conv_args *a, const cleave_work *work)
{
    conv_items w;

    w.begin = work->begin;
    w.end = work->end;
    w.block_channels = cleave_conv_block_channels(a);
    w.channel_blocks = cleave_conv_channel_blocks(a);
    w.block_rows = cleave_conv_block_rows(a);
    w.block_columns = cleave_conv_block_columns(a);
    w.column_blocks = cleave_conv_column_blocks(a);
    w.phases = cleave_conv_phases(a);
    w.lead = cleave_conv_lead(a);
    w.all = work->begin == 0 && work->end == cleave_conv_op.items(a);
    return w;
}

static __device__ bool conv_has(const conv_items &w, int64_t o, int64_t i, int64_t j)
{
    const int64_t column = (j - w.lead) / w.phases / w.block_columns;
    const int64_t item =
        (i / w.block_rows * w.column_blocks + column) * w.channel_blocks + o / w.block_channels;

    return item >= w.begin && item < w.end;
}

/* A column of a matrix: row of out, and place of the kernel in it. */
struct conv_place {
    int64_t row, place;
    bool exists;
};

static __device__ conv_place conv_place_of(const cleave_conv_args &a, const conv_shape &s,
                                           int32_t matrix, int64_t column)
{
    const int64_t n = column / s.places, phase = matrix / s.point_phases;
    const int64_t behind = a.transposed ? (a.pad_rows - phase) % s.row_phases : 0;
    const int64_t first = behind > 0 ? s.row_phases - behind : -behind;
    conv_place p;

    p.row = first + n * s.row_phases;
    p.place = s.place + (column - n * s.places);
    p.exists = column < s.columns && p.row < a.out_rows;
    return p;
}

static __device__ float conv_activate(cleave_conv_act act, float u, float gate)
{
    switch (act) {
    case CLEAVE_CONV_GELU:
        return cleave_gelu(u);
    case CLEAVE_CONV_GLU:
        return u * cleave_sigmoid(gate);
    case CLEAVE_CONV_RELU:
        return u < 0 ? 0 : u;
    case CLEAVE_CONV_LEAKY_RELU:
        return u < 0 ? 0.2f * u : u;
    case CLEAVE_CONV_ELU:
        return u < 0 ? expm1f(u) : u;
    case CLEAVE_CONV_SIGMOID:
        return cleave_sigmoid(u);
    default:
        return u;
    }
}

/* One value of out. */
static __device__ void conv_put(const cleave_conv_args &a, const conv_table &k, int64_t o,
                                int64_t i, int64_t j, float value, float gate)
{
    const int64_t at = o * a.out_channel_stride + i * a.out_row_stride + j;
    const bool rows = a.uses & CLEAVE_CONV_ROW_NORM;
    const float *const scale = rows ? a.row_norm + i * 2 * a.channels : k.norm_scale;
    const float *const shift = rows ? scale + a.channels : k.norm_shift;

    value += k.bias[o];
    if (a.uses & CLEAVE_CONV_RAW)
        a.raw[at] = value;
    if (a.uses & (CLEAVE_CONV_NORM | CLEAVE_CONV_ROW_NORM))
        value = cleave_fma(value, scale[o], shift[o]);
    if (a.act == CLEAVE_CONV_GLU) {
        const int64_t m = a.channels / 2 + o;
        gate = cleave_fma(gate + k.bias[m], scale[m], shift[m]);
    }
    float v = conv_activate(a.act, value, gate) * k.scale[o];
    if (a.uses & CLEAVE_CONV_TABLE)
        v += k.table[o * a.out_rows + i];
    if (a.uses & CLEAVE_CONV_RESIDUAL)
        v += a.residual[at];
    if (a.uses & CLEAVE_CONV_FACTOR)
        v *= a.factor[at];
    a.out[at] = v;
}

/* Where a block works. */
struct conv_block {
    int32_t matrix, tile;
    int64_t column; /* first */
};

static __device__ conv_block conv_block_of(const conv_shape &s, int32_t width)
{
    const int64_t index = blockIdx.x, parts = cleave_div_up(s.columns, width);
    conv_block b;

    b.tile = (int32_t)(index % s.tiles);
    b.column = index / s.tiles % parts * width;
    b.matrix = (int32_t)(index / s.tiles / parts);
    return b;
}

static inline int64_t conv_blocks(const conv_shape *s, int32_t width)
{
    return (int64_t)s->row_phases * s->point_phases * s->tiles * cleave_div_up(s->columns, width);
}

/* Taps of a matrix outside of the kernel are not in its depth, but for those of its points. */
static __device__ int64_t conv_depth_of(const cleave_conv_args &a, const conv_shape &s,
                                        int32_t matrix)
{
    const int64_t phase = matrix / s.point_phases;

    if (!a.transposed)
        return s.depth;
    const int64_t taps = (a.kernel_rows - phase + a.stride_rows - 1) / a.stride_rows;
    return cleave_i64_max(taps, 0) * a.in_channels * s.tap_points;
}

/* `sums` is [tile_rows][pitch], of `width` columns. All threads of the block take part. */
static __device__ void conv_finish(const cleave_conv_args &a, const conv_shape &s,
                                   const conv_table &k, const conv_items &w, const conv_block &b,
                                   const float *sums, int32_t pitch, int32_t width)
{
    const int32_t threads = (int32_t)blockDim.x, span = width * s.phases;
    const int32_t groups = span < threads ? threads / span : 1;
    const int32_t outs =
        (int32_t)cleave_i64_min(s.tile_outs, (int64_t)s.outs - (int64_t)b.tile * s.tile_outs);

    for (int32_t at = (int32_t)threadIdx.x; at < span * groups; at += threads) {
        const int32_t point = at % span, column = point / s.phases;
        const int32_t phase = point - column * s.phases;
        const conv_place p = conv_place_of(a, s, b.matrix, b.column + column);
        int64_t j = p.place;

        if (a.transposed)
            j = j * a.stride_points + b.matrix % s.point_phases + phase - a.pad_points;
        if (!p.exists || j < 0 || j >= a.out_points)
            continue;
        for (int32_t n = at / span; n < outs; n += groups) {
            const int64_t o = (int64_t)b.tile * s.tile_outs + n;
            const float *sum = sums + (n * s.group + phase) * pitch + column;
            if (w.all || conv_has(w, o, p.row, j))
                conv_put(a, k, o, p.row, j, *sum,
                         s.group > s.phases ? sum[s.phases * pitch] : 0.0f);
        }
    }
}

#endif
