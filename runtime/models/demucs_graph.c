/* demucs_graph.c: tensors, weights and the steps that all parts of Demucs are made of. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernels/elementwise/elementwise.h"
#include "kernels/linear_norm/linear_norm.h"
#include "kernels/moments/moments.h"
#include "kernels/rearrange/rearrange.h"
#include "runtime/models/demucs.h"

#define PARTS_MAX 4

static const cleave_plane none = {.tensor = -1};

/* What the fill functions get: where values lie in the file. */
typedef struct source {
    const void *data[PARTS_MAX];
    uint32_t count[PARTS_MAX];
    uint8_t type[PARTS_MAX];
} source;

typedef struct part_source {
    const void *data;
    int64_t first;
    uint32_t type;
} part_source;

typedef struct spread_source {
    const void *data;
    double factor;
    int64_t channels, rows, points;
    uint32_t type;
} spread_source;

typedef struct stems_source {
    const void *data;
    uint32_t type;
    int32_t sources, stem_count;
    uint32_t inner;
    uint8_t stem[CLEAVE_STEMS_MAX];
} stems_source;

_Static_assert(sizeof(source) <= sizeof((cleave_graph_tensor *)0)->fill_context &&
                   sizeof(stems_source) <= sizeof((cleave_graph_tensor *)0)->fill_context,
               "a graph keeps this much for a constant");

cleave_demucs_name cleave_demucs_name_of(const char *format, ...)
{
    cleave_demucs_name name;
    va_list list;

    va_start(list, format);
    vsnprintf(name.text, sizeof name.text, format, list);
    va_end(list);
    return name;
}

/* ---- planes ---- */
static cleave_demucs_name labelled(const cleave_demucs_net *n, const char *label)
{
    return cleave_demucs_name_of("%s%s", n->prefix, label);
}

cleave_plane cleave_demucs_plane(const cleave_demucs_net *n, const char *label, int64_t channels,
                                 int64_t rows, int64_t points)
{
    const cleave_tensor tensor = cleave_graph_tensor_add(
        n->graph, labelled(n, label).text, channels * rows * points, CLEAVE_TENSOR_TEMPORARY);

    return (cleave_plane){tensor, 0, channels, rows, points, 0, 0};
}

cleave_plane cleave_plane_flat(cleave_plane plane)
{
    plane.points *= plane.rows;
    plane.rows = 1;
    return plane;
}

cleave_plane cleave_plane_channels(cleave_plane plane, int64_t first, int64_t count)
{
    plane.floats += first * plane.rows * plane.points;
    plane.channels = count;
    return plane;
}

/* From one row to the next, from one channel to the next. */
static int64_t pitch_of(cleave_plane plane)
{
    return plane.pitch ? plane.pitch : plane.points;
}

static int64_t stride_of(cleave_plane plane)
{
    return plane.stride ? plane.stride : plane.rows * pitch_of(plane);
}

cleave_plane cleave_plane_rows(cleave_plane plane, int64_t first, int64_t count)
{
    plane.stride = stride_of(plane);
    plane.floats += first * pitch_of(plane);
    plane.rows = count;
    return plane;
}

static cleave_view view_of(cleave_plane plane)
{
    return (cleave_view){plane.tensor, plane.floats};
}

/* ---- weights ---- */
static void read_values(const void *data, uint32_t type, int64_t first, int64_t count, float *out)
{
    const cleave_table_tensor tensor = {
        .type = (cleave_weights_type)type, .count = first + count, .data = data};

    cleave_table_read(&tensor, first, count, out);
}

/* Finds a tensor that has `count` values; else latches an error. */
static int find(const cleave_demucs_net *n, const char *name, int64_t count,
                cleave_table_tensor *tensor)
{
    if (!cleave_table_find(n->table, name, tensor)) {
        cleave_graph_fail(n->graph, CLEAVE_INVALID, "tensor \"%.100s\" is not in the weight file",
                          name);
        return 0;
    }
    if (tensor->count != count) {
        cleave_graph_fail(n->graph, CLEAVE_INVALID,
                          "tensor \"%.100s\" has %lld values; its place has %lld", name,
                          (long long)tensor->count, (long long)count);
        return 0;
    }
    return 1;
}

static cleave_tensor constant(const cleave_demucs_net *n, const char *name, int64_t count,
                              void (*fill)(void *, size_t, const void *), const void *context,
                              size_t bytes)
{
    return cleave_graph_constant(n->graph, labelled(n, name).text, count, fill, context, bytes);
}

static void fill_part(void *data, size_t bytes, const void *context)
{
    const part_source *const from = context;

    read_values(from->data, from->type, from->first, (int64_t)(bytes / sizeof(float)), data);
}

cleave_tensor cleave_demucs_weight(const cleave_demucs_net *n, const char *name, int64_t count)
{
    cleave_table_tensor tensor;

    if (!find(n, name, count, &tensor))
        return -1;
    const part_source from = {tensor.data, 0, tensor.type};
    return constant(n, name, count, fill_part, &from, sizeof from);
}

cleave_tensor cleave_demucs_weight_part(const cleave_demucs_net *n, const char *name, int64_t all,
                                        int64_t first, int64_t count)
{
    cleave_table_tensor tensor;

    if (!find(n, name, all, &tensor))
        return -1;
    const part_source from = {tensor.data, first, tensor.type};
    return constant(n, name, count, fill_part, &from, sizeof from);
}

/* The tensors of these names, whatever their sizes; 0 if one is not there. */
static int find_parts(const cleave_demucs_net *n, const cleave_demucs_name *names, int32_t parts,
                      source *from, int64_t *count)
{
    *count = 0;
    for (int32_t i = 0; i < parts; i++) {
        cleave_table_tensor tensor;
        if (!cleave_table_find(n->table, names[i].text, &tensor) || tensor.count > UINT32_MAX) {
            cleave_graph_fail(n->graph, CLEAVE_INVALID,
                              "tensor \"%.100s\" is not in the weight file", names[i].text);
            return 0;
        }
        from->data[i] = tensor.data;
        from->count[i] = (uint32_t)tensor.count;
        from->type[i] = (uint8_t)tensor.type;
        *count += tensor.count;
    }
    return 1;
}

static void fill_join(void *data, size_t bytes, const void *context)
{
    const source *const from = context;
    float *out = data;

    for (int i = 0; i < PARTS_MAX && out < (float *)data + bytes / sizeof(float); i++) {
        read_values(from->data[i], from->type[i], 0, from->count[i], out);
        out += from->count[i];
    }
}

cleave_tensor cleave_demucs_weight_join(const cleave_demucs_net *n, const cleave_demucs_name *names,
                                        int32_t parts, int64_t count)
{
    source from = {0};
    int64_t all;

    if (!find_parts(n, names, parts, &from, &all))
        return -1;
    if (all != count)
        cleave_graph_fail(n->graph, CLEAVE_INVALID,
                          "tensor \"%.100s\" and those it is joined with have %lld values; their "
                          "place has %lld",
                          names[0].text, (long long)all, (long long)count);
    return constant(n, names[0].text, count, fill_join, &from, sizeof from);
}

static void fill_sums(void *data, size_t bytes, const void *context)
{
    const source *const from = context;
    const int64_t half = (int64_t)(bytes / sizeof(float) / 2);
    float *const out = data;

    for (int i = 0; i < 2; i++) {
        const int a = 2 * i, b = a + 1;
        for (int64_t k = 0; k < half; k++) {
            float x, y;
            read_values(from->data[a], from->type[a], k, 1, &x);
            read_values(from->data[b], from->type[b], k, 1, &y);
            out[i * half + k] = x + y;
        }
    }
}

cleave_tensor cleave_demucs_weight_sums(const cleave_demucs_net *n,
                                        const cleave_demucs_name names[4], int64_t count)
{
    source from = {0};
    int64_t all;

    if (!find_parts(n, names, 4, &from, &all))
        return -1;
    for (int i = 0; i < 4; i++)
        if (2 * (int64_t)from.count[i] != count)
            cleave_graph_fail(n->graph, CLEAVE_INVALID,
                              "tensor \"%.100s\" has %u values; its place has %lld", names[i].text,
                              (unsigned)from.count[i], (long long)(count / 2));
    return constant(n, names[0].text, count, fill_sums, &from, sizeof from);
}

static void fill_stems(void *data, size_t bytes, const void *context)
{
    const stems_source *const from = context;
    float *out = data;

    for (int64_t o = 0; out < (float *)data + bytes / sizeof(float); o++)
        for (int32_t s = 0; s < from->stem_count; s++, out += from->inner)
            read_values(from->data, from->type, (o * from->sources + from->stem[s]) * from->inner,
                        from->inner, out);
}

cleave_tensor cleave_demucs_weight_stems(const cleave_demucs_net *n, const char *name,
                                         int64_t outer, int64_t inner)
{
    stems_source from = {
        .sources = (int32_t)n->a.sources, .stem_count = n->stem_count, .inner = (uint32_t)inner};
    cleave_table_tensor tensor;

    if (!find(n, name, outer * n->a.sources * inner, &tensor))
        return -1;
    from.data = tensor.data;
    from.type = tensor.type;
    for (int32_t s = 0; s < n->stem_count; s++)
        from.stem[s] = (uint8_t)n->stem[s];
    return constant(n, name, outer * n->stem_count * inner, fill_stems, &from, sizeof from);
}

static void fill_spread(void *data, size_t bytes, const void *context)
{
    const spread_source *const from = context;
    const int64_t count = (int64_t)(bytes / sizeof(float));
    float *const out = data;
    float value;

    for (int64_t i = 0; i < count; i += from->points) {
        const int64_t row = i / from->points % from->rows, channel = i / from->points / from->rows;
        read_values(from->data, from->type, row * from->channels + channel, 1, &value);
        for (int64_t p = 0; p < from->points; p++)
            out[i + p] = (float)(from->factor * (double)value);
    }
}

cleave_tensor cleave_demucs_weight_spread(const cleave_demucs_net *n, const char *name,
                                          int64_t channels, int64_t rows, int64_t points,
                                          double factor)
{
    spread_source from = {.factor = factor, .channels = channels, .rows = rows, .points = points};
    cleave_table_tensor tensor;

    if (!find(n, name, channels * rows, &tensor))
        return -1;
    from.data = tensor.data;
    from.type = tensor.type;
    return constant(n, name, channels * rows * points, fill_spread, &from, sizeof from);
}

/* Whether a constant is values of the file as they are there, of binary16. */
static int is_half(const cleave_demucs_net *n, cleave_tensor constant)
{
    if (constant < 0)
        return 0;
    const cleave_graph_tensor *const tensor = &n->graph->tensor[constant];
    const void *const context = tensor->fill_context;
    if (tensor->fill == fill_part)
        return ((const part_source *)context)->type == CLEAVE_WEIGHTS_F16;
    if (tensor->fill == fill_stems)
        return ((const stems_source *)context)->type == CLEAVE_WEIGHTS_F16;
    if (tensor->fill != fill_join)
        return 0;
    const source *const from = context;
    for (int i = 0; i < PARTS_MAX; i++)
        if (from->count[i] && from->type[i] != CLEAVE_WEIGHTS_F16)
            return 0;
    return 1;
}

cleave_demucs_operands cleave_demucs_module(const cleave_demucs_net *n, const char *module,
                                            int64_t channels, int64_t count)
{
    return (cleave_demucs_operands){
        .weight = cleave_demucs_weight(n, cleave_demucs_name_of("%s.weight", module).text, count),
        .bias = cleave_demucs_weight(n, cleave_demucs_name_of("%s.bias", module).text, channels),
        .scale = -1,
        .table = -1,
        .row_norm = none,
        .residual = none,
    };
}

/* ---- steps ---- */
void cleave_demucs_step(const cleave_demucs_net *n, const char *label, int32_t op, const void *args,
                        const cleave_view *operands, int32_t count)
{
    cleave_graph_add(n->graph, labelled(n, label).text, op, args, operands, count);
}

static int32_t or_one(int32_t x)
{
    return x ? x : 1;
}

/* Into `out` if it has a tensor, else a new one. */
static cleave_plane conv(const cleave_demucs_net *n, const char *label, cleave_plane in,
                         cleave_conv_args args, cleave_demucs_operands operands, cleave_plane out)
{
    const struct {
        uint32_t use;
        cleave_view view;
    } optional[] = {
        {CLEAVE_CONV_BIAS, {operands.bias, 0}},
        {CLEAVE_CONV_SCALE, {operands.scale, 0}},
        {CLEAVE_CONV_TABLE, {operands.table, 0}},
        {CLEAVE_CONV_ROW_NORM, view_of(operands.row_norm)},
        {CLEAVE_CONV_RESIDUAL, view_of(operands.residual)},
    };
    cleave_view views[8] = {view_of(in), {operands.weight, 0}};
    int32_t count = 2;

    args.in_channels = (int32_t)in.channels;
    args.in_rows = in.rows;
    args.in_points = in.points;
    args.in_row_stride = pitch_of(in);
    args.in_channel_stride = stride_of(in);
    args.out_rows = args.out_rows ? args.out_rows : in.rows;
    args.out_points = args.out_points ? args.out_points : in.points;
    args.kernel_rows = or_one(args.kernel_rows);
    args.kernel_points = or_one(args.kernel_points);
    args.stride_rows = or_one(args.stride_rows);
    args.stride_points = or_one(args.stride_points);
    args.dilation = or_one(args.dilation);
    args.uses = is_half(n, operands.weight) ? CLEAVE_CONV_HALF : 0;
    if (out.tensor < 0)
        out = cleave_demucs_plane(n, label, cleave_conv_out_channels(&args), args.out_rows,
                                  args.out_points);
    args.out_row_stride = pitch_of(out);
    args.out_channel_stride = stride_of(out);
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++)
        if (optional[i].view.tensor >= 0) {
            args.uses |= optional[i].use;
            views[count++] = optional[i].view;
        }
    views[count++] = view_of(out);
    cleave_demucs_step(n, label, CLEAVE_OP_CONV, &args, views, count);
    return out;
}

cleave_plane cleave_demucs_conv(const cleave_demucs_net *n, const char *label, cleave_plane in,
                                cleave_conv_args args, cleave_demucs_operands operands)
{
    return conv(n, label, in, args, operands, none);
}

void cleave_demucs_conv_in_place(const cleave_demucs_net *n, const char *label, cleave_plane in,
                                 cleave_conv_args args, cleave_demucs_operands operands)
{
    conv(n, label, in, args, operands, operands.residual);
}

cleave_plane cleave_demucs_linear_norm(const cleave_demucs_net *n, const char *module,
                                       cleave_plane in, int64_t channels,
                                       cleave_demucs_operands layer)
{
    const cleave_demucs_name weight = cleave_demucs_name_of("%s.weight", module);
    const cleave_demucs_name bias = cleave_demucs_name_of("%s.bias", module);
    const cleave_plane out = cleave_demucs_plane(n, module, 2 * channels, 1, in.rows);
    const cleave_linear_norm_args args = {.in_channels = (int32_t)in.channels,
                                          .channels = (int32_t)channels,
                                          .rows = in.rows,
                                          .points = in.points,
                                          .in_channel_stride = stride_of(in),
                                          .in_row_stride = pitch_of(in),
                                          .epsilon = CLEAVE_DEMUCS_EPSILON};
    const cleave_view views[] = {view_of(in),
                                 {layer.weight, 0},
                                 {layer.bias, 0},
                                 {cleave_demucs_weight(n, weight.text, channels), 0},
                                 {cleave_demucs_weight(n, bias.text, channels), 0},
                                 view_of(out)};

    cleave_demucs_step(n, module, CLEAVE_OP_LINEAR_NORM, &args, views, 6);
    return out;
}

cleave_tensor cleave_demucs_moments(const cleave_demucs_net *n, const char *label, cleave_plane in,
                                    int64_t rows, int64_t points, int64_t stride)
{
    const cleave_demucs_name name = cleave_demucs_name_of("%s.moments", label);
    const cleave_plane out = cleave_demucs_plane(n, name.text, 1, rows, 2);
    const cleave_moments_args args = {.rows = rows, .points = points, .in_stride = stride};
    const cleave_view views[] = {view_of(in), view_of(out)};

    cleave_demucs_step(n, name.text, CLEAVE_OP_MOMENTS, &args, views, 2);
    return out.tensor;
}

cleave_plane cleave_demucs_normalize(const cleave_demucs_net *n, const char *label, cleave_plane in,
                                     cleave_tensor moments, int64_t moment_points,
                                     cleave_demucs_norm norm)
{
    const cleave_plane out =
        norm.act == CLEAVE_NORMALIZE_GLU
            ? cleave_demucs_plane(n, label, in.channels / 2, in.rows, in.points)
            : in;
    const cleave_normalize_args args = {
        .channels = (int32_t)in.channels,
        .groups = norm.groups,
        .moment_channels = (int32_t)in.channels,
        .rows = in.rows,
        .points = in.points,
        .out_channel_stride = stride_of(out),
        .moment_points = moment_points,
        .per_row = norm.per_row,
        .epsilon = CLEAVE_DEMUCS_EPSILON,
        .kind = CLEAVE_NORMALIZE_GROUP,
        .act = norm.act,
        .uses = norm.residual.tensor >= 0 ? CLEAVE_NORMALIZE_RESIDUAL : 0,
    };
    const cleave_tensor weight =
        cleave_demucs_weight(n, cleave_demucs_name_of("%s.weight", norm.module).text, in.channels);
    const cleave_tensor bias =
        cleave_demucs_weight(n, cleave_demucs_name_of("%s.bias", norm.module).text, in.channels);
    cleave_view views[6] = {view_of(in), {moments, 0}, {weight, 0}, {bias, 0}};
    int32_t count = 4;

    if (norm.residual.tensor >= 0)
        views[count++] = view_of(norm.residual);
    views[count++] = view_of(out);
    cleave_demucs_step(n, label, CLEAVE_OP_NORMALIZE, &args, views, count);
    return out;
}

cleave_plane cleave_demucs_group_norm(const cleave_demucs_net *n, const char *label,
                                      cleave_plane in, cleave_demucs_norm norm)
{
    const int64_t rows = norm.per_row ? in.channels * in.rows : in.channels;
    const int64_t points = norm.per_row ? in.points : in.rows * in.points;
    const cleave_tensor moments = cleave_demucs_moments(n, label, in, rows, points, points);

    return cleave_demucs_normalize(n, label, in, moments, points, norm);
}

void cleave_demucs_add(const cleave_demucs_net *n, const char *label, float x, cleave_plane a,
                       float y, cleave_plane b, cleave_plane out)
{
    const cleave_elementwise_args args = {
        .points = a.channels * a.rows * a.points, .x = x, .y = y, .kind = CLEAVE_ELEMENTWISE_ADD};
    const cleave_view views[] = {view_of(a), view_of(b), view_of(out)};

    cleave_demucs_step(n, label, CLEAVE_OP_ELEMENTWISE, &args, views, 3);
}

static cleave_plane exchange(const cleave_demucs_net *n, const char *label, cleave_plane in,
                             int64_t outer, int64_t inner)
{
    const int64_t P = in.points;
    const cleave_rearrange_args args = {.size = {inner, outer, 1, P},
                                        .in_stride = {P, inner * P, 0, 1},
                                        .out_stride = {outer * P, P, 0, 1}};

    if (in.rows == 1)
        return in;
    const cleave_plane out = cleave_demucs_plane(n, label, in.channels, in.rows, P);
    const cleave_view views[] = {view_of(in), view_of(out)};
    cleave_demucs_step(n, label, CLEAVE_OP_REARRANGE, &args, views, 2);
    return out;
}

cleave_plane cleave_demucs_rows_first(const cleave_demucs_net *n, const char *label,
                                      cleave_plane plane)
{
    return exchange(n, label, plane, plane.channels, plane.rows);
}

cleave_plane cleave_demucs_rows_second(const cleave_demucs_net *n, const char *label,
                                       cleave_plane plane)
{
    return exchange(n, label, plane, plane.rows, plane.channels);
}
