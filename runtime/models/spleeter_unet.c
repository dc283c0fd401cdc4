/* spleeter_unet.c: weights and layers of Spleeter's networks. */
#include <math.h>
#include <stdio.h>

#include "kernels/conv/conv.h"
#include "runtime/models/spleeter.h"

#define LAYERS       CLEAVE_SPLEETER_LAYERS
#define NORM_EPSILON 0.001 /* Keras */
#define CHUNK        32    /* of a kernel's values that are read at once */

/* Channels of a tensor from value `floats` on. */
typedef struct plane {
    cleave_tensor tensor;
    int64_t floats;
    int64_t channels, rows, points;
    int64_t pitch, stride; /* from one row, one channel to the next */
} plane;

/* Operands of a convolution beside its input and output; those that args.uses asks for count. */
typedef struct operands {
    cleave_tensor weight, bias, scale, table, norm_scale, norm_shift, factor;
    cleave_view raw;
} operands;

cleave_spleeter_label cleave_spleeter_label_of(const cleave_spleeter_net *n, int32_t instrument,
                                               const char *part, int32_t number)
{
    const char *const name = n->name[instrument];
    cleave_spleeter_label l;

    if (number)
        snprintf(l.text, sizeof l.text, "%.31s.%.10s%d", name, part, (int)number);
    else
        snprintf(l.text, sizeof l.text, "%.31s.%.10s", name, part);
    return l;
}

static plane plane_add(const cleave_spleeter_net *n, const char *name, int64_t channels,
                       int64_t rows, int64_t points)
{
    const int64_t count = channels * rows * points;

    return (plane){
        .tensor = cleave_graph_tensor_add(n->graph, name, count, CLEAVE_TENSOR_TEMPORARY),
        .channels = channels,
        .rows = rows,
        .points = points,
        .pitch = points,
        .stride = rows * points,
    };
}

static plane channels_of(plane p, int64_t first, int64_t count)
{
    p.floats += first * p.stride;
    p.channels = count;
    return p;
}

/* The bins that the networks see, of the magnitudes or of one instrument's estimates. */
static plane seen(const cleave_spleeter_net *n, cleave_tensor tensor, int32_t instrument)
{
    const int64_t C = n->s.channels, area = n->frames * n->width;

    return (plane){tensor, instrument * C * area, C, n->frames, n->bins, n->width, area};
}

/* ---- weights ---- */
typedef struct kernel_source {
    const void *data;
    uint32_t type;
    int32_t taps, third, fourth;
} kernel_source;

enum { GAMMA, BETA, MEAN, VARIANCE, NORM_PARTS };

typedef struct norm_source {
    const void *data[NORM_PARTS];
    uint8_t type[NORM_PARTS];
    int32_t channels;
} norm_source;

_Static_assert(sizeof(norm_source) <= sizeof((cleave_graph_tensor *)0)->fill_context,
               "a graph keeps this much for a constant");

static void read_values(const void *data, uint32_t type, int64_t first, int64_t count, float *out)
{
    const cleave_table_tensor tensor = {
        .type = (cleave_weights_type)type, .count = first + count, .data = data};

    cleave_table_read(&tensor, first, count, out);
}

/* Finds a variable that has `count` values; else latches an error. */
static int find(const cleave_spleeter_net *n, cleave_spleeter_layer layer, int32_t instrument,
                int32_t index, const char *part, int64_t count, cleave_table_tensor *tensor)
{
    char name[CLEAVE_SPLEETER_NAME_BYTES];

    cleave_spleeter_name(layer, instrument, index, part, name);
    if (cleave_table_find(n->table, name, tensor) && tensor->count == count)
        return 1;
    cleave_graph_fail(n->graph, CLEAVE_INVALID,
                      "tensor \"%s\" with %lld values is not in the weight file", name,
                      (long long)count);
    return 0;
}

/* The file has [rows][points][third][fourth], both for a convolution, where these are in and out,
 * and for a transposed one, where they are out and in. The op takes [fourth][third][rows][points].
 * In chunks, so that what is written together lies together. */
static void fill_kernel(void *data, size_t bytes, const void *context)
{
    const kernel_source *const from = context;
    const int64_t K = from->taps, A = from->third, B = from->fourth;
    float *const out = data, chunk[CHUNK];

    assert(bytes == (size_t)(K * A * B) * sizeof *out);
    (void)bytes;
    for (int64_t first = 0; first < B; first += CHUNK) {
        const int64_t count = cleave_i64_min(CHUNK, B - first);
        for (int64_t a = 0; a < A; a++)
            for (int64_t k = 0; k < K; k++) {
                read_values(from->data, from->type, (k * A + a) * B + first, count, chunk);
                for (int64_t n = 0; n < count; n++)
                    out[((first + n) * A + a) * K + k] = chunk[n];
            }
    }
}

/* Weight and bias; sets CLEAVE_CONV_HALF if the file has the weight in binary16. */
static void take_kernel(const cleave_spleeter_net *n, cleave_spleeter_layer layer,
                        int32_t instrument, int32_t index, cleave_conv_args *args, operands *o)
{
    const int32_t out = args->channels, in = args->in_channels;
    const int32_t taps = args->kernel_rows * args->kernel_points;
    const int64_t count = (int64_t)taps * in * out;
    char name[CLEAVE_SPLEETER_NAME_BYTES];
    cleave_table_tensor kernel, bias;

    if (!find(n, layer, instrument, index, "kernel", count, &kernel) ||
        !find(n, layer, instrument, index, "bias", out, &bias))
        return;
    const kernel_source of_kernel = {kernel.data, kernel.type, taps, args->transposed ? out : in,
                                     args->transposed ? in : out};
    const kernel_source of_bias = {bias.data, bias.type, 1, 1, out};
    cleave_spleeter_name(layer, instrument, index, "kernel", name);
    o->weight =
        cleave_graph_constant(n->graph, name, count, fill_kernel, &of_kernel, sizeof of_kernel);
    cleave_spleeter_name(layer, instrument, index, "bias", name);
    o->bias = cleave_graph_constant(n->graph, name, out, fill_kernel, &of_bias, sizeof of_bias);
    args->uses |= CLEAVE_CONV_BIAS;
    if (kernel.type == CLEAVE_WEIGHTS_F16)
        args->uses |= CLEAVE_CONV_HALF;
}

/* A norm is v scale + shift. In double: the released statistics are 0 and 1, and scale still is no
 * round number. */
static void norm_at(const norm_source *from, int64_t channel, double *scale, double *shift)
{
    float part[NORM_PARTS];

    for (int i = 0; i < NORM_PARTS; i++)
        read_values(from->data[i], from->type[i], channel, 1, &part[i]);
    *scale = (double)part[GAMMA] / sqrt((double)part[VARIANCE] + NORM_EPSILON);
    *shift = (double)part[BETA] - (double)part[MEAN] * *scale;
}

static void fill_norm_scale(void *data, size_t bytes, const void *context)
{
    float *const out = data;
    double scale, shift;

    for (int64_t c = 0; c < (int64_t)(bytes / sizeof *out); c++) {
        norm_at(context, c, &scale, &shift);
        out[c] = (float)scale;
    }
}

/* [channels][rows]: the same in every row. */
static void fill_norm_shift(void *data, size_t bytes, const void *context)
{
    const norm_source *const from = context;
    const int64_t rows = (int64_t)(bytes / sizeof(float)) / from->channels;
    float *const out = data;
    double scale, shift;

    for (int64_t c = 0; c < from->channels; c++) {
        norm_at(from, c, &scale, &shift);
        for (int64_t i = 0; i < rows; i++)
            out[c * rows + i] = (float)shift;
    }
}

/* Scale [channels] and shift [channels][rows] of a norm. */
static void take_norm(const cleave_spleeter_net *n, int32_t instrument, int32_t index,
                      int32_t channels, int64_t rows, cleave_tensor *scale, cleave_tensor *shift)
{
    static const char *const parts[NORM_PARTS] = {
        [GAMMA] = "gamma", [BETA] = "beta", [MEAN] = "moving_mean", [VARIANCE] = "moving_variance"};
    norm_source from = {.channels = channels};
    char name[CLEAVE_SPLEETER_NAME_BYTES];
    cleave_table_tensor tensor;

    for (int i = 0; i < NORM_PARTS; i++) {
        if (!find(n, CLEAVE_SPLEETER_NORM, instrument, index, parts[i], channels, &tensor))
            return;
        from.data[i] = tensor.data;
        from.type[i] = (uint8_t)tensor.type;
    }
    cleave_spleeter_name(CLEAVE_SPLEETER_NORM, instrument, index, "scale", name);
    *scale = cleave_graph_constant(n->graph, name, channels, fill_norm_scale, &from, sizeof from);
    cleave_spleeter_name(CLEAVE_SPLEETER_NORM, instrument, index, "shift", name);
    *shift =
        cleave_graph_constant(n->graph, name, channels * rows, fill_norm_shift, &from, sizeof from);
}

/* ---- the U-Net of one instrument ---- */
static cleave_conv_act act_of(cleave_spleeter_act act)
{
    static const cleave_conv_act acts[] = {
        [CLEAVE_SPLEETER_LEAKY_RELU] = CLEAVE_CONV_LEAKY_RELU,
        [CLEAVE_SPLEETER_RELU] = CLEAVE_CONV_RELU,
        [CLEAVE_SPLEETER_ELU] = CLEAVE_CONV_ELU,
    };

    return acts[act];
}

/* Kernel and sizes, of a layer that halves, or doubles, frames and bins. TensorFlow's padding of an
 * even size: one before, two after; a transposed layer is cut by as much. */
static cleave_conv_args args_of(plane in, plane out, cleave_conv_act act)
{
    return (cleave_conv_args){
        .in_channels = (int32_t)in.channels,
        .channels = (int32_t)out.channels,
        .in_rows = in.rows,
        .in_points = in.points,
        .in_channel_stride = in.stride,
        .in_row_stride = in.pitch,
        .out_rows = out.rows,
        .out_points = out.points,
        .out_channel_stride = out.stride,
        .out_row_stride = out.pitch,
        .kernel_rows = 5,
        .kernel_points = 5,
        .stride_rows = 2,
        .stride_points = 2,
        .dilation = 1,
        .pad_rows = 1,
        .pad_points = 1,
        .act = act,
    };
}

static void conv(const cleave_spleeter_net *n, const char *name, plane in, plane out,
                 const cleave_conv_args *args, operands o)
{
    const struct {
        uint32_t use;
        cleave_view view;
    } optional[] = {
        {CLEAVE_CONV_BIAS, {o.bias, 0}},
        {CLEAVE_CONV_SCALE, {o.scale, 0}},
        {CLEAVE_CONV_TABLE, {o.table, 0}},
        {CLEAVE_CONV_NORM, {o.norm_scale, 0}},
        {CLEAVE_CONV_NORM, {o.norm_shift, 0}},
        {CLEAVE_CONV_FACTOR, {o.factor, 0}},
        {CLEAVE_CONV_RAW, o.raw},
    };
    cleave_view views[CLEAVE_OPERANDS_MAX] = {{in.tensor, in.floats}, {o.weight, 0}};
    int32_t count = 2;

    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++)
        if (args->uses & optional[i].use)
            views[count++] = optional[i].view;
    views[count++] = (cleave_view){out.tensor, out.floats};
    cleave_graph_add(n->graph, name, CLEAVE_OP_CONV, args, views, count);
}

/* Five layers whose sums are what the decoder gets, before norm and activation, and a sixth that is
 * nothing but its sums (the file has a norm for it, which no result depends on). skip[i] has room
 * for what the decoder adds behind. Returns the sixth. */
static plane encode(const cleave_spleeter_net *n, int32_t instrument, plane skip[LAYERS - 1])
{
    plane in = seen(n, n->magnitudes, 0);

    for (int32_t i = 0; i < LAYERS; i++) {
        const int32_t out_channels = n->s.filters[i];
        const int raw = i < LAYERS - 1;
        const cleave_spleeter_label name =
            cleave_spleeter_label_of(n, instrument, raw ? "enc" : "conv", i + 1);
        const plane out = plane_add(n, name.text, out_channels, in.rows / 2, in.points / 2);
        cleave_conv_args args =
            args_of(in, out, raw ? act_of(n->s.encoder_act) : CLEAVE_CONV_LINEAR);
        operands o = {0};

        take_kernel(n, CLEAVE_SPLEETER_CONV, instrument, i, &args, &o);
        if (raw) {
            skip[i] = plane_add(n, cleave_spleeter_label_of(n, instrument, "skip", i + 1).text,
                                2 * out_channels, out.rows, out.points);
            take_norm(n, instrument, i, out_channels, 1, &o.norm_scale, &o.norm_shift);
            o.raw = (cleave_view){skip[i].tensor, 0};
            args.uses |= CLEAVE_CONV_NORM | CLEAVE_CONV_RAW;
        }
        conv(n, name.text, in, out, &args, o);
        in = out;
    }
    return in;
}

/* Six transposed layers, activation before norm; the first five write behind the encoder's sums of
 * their size, which are the next one's input with them. Returns the last, of one channel. */
static plane decode(const cleave_spleeter_net *n, int32_t instrument, plane in,
                    const plane skip[LAYERS - 1])
{
    for (int32_t i = 0; i < LAYERS; i++) {
        const cleave_spleeter_label name = cleave_spleeter_label_of(n, instrument, "up", i + 1);
        const int last = i == LAYERS - 1;
        const plane to =
            last ? plane_add(n, name.text, 1, 2 * in.rows, 2 * in.points) : skip[LAYERS - 2 - i];
        const plane out = last ? to : channels_of(to, to.channels / 2, to.channels / 2);
        cleave_conv_args args = args_of(in, out, act_of(n->s.decoder_act));
        operands o = {0};

        args.transposed = 1;
        take_kernel(n, CLEAVE_SPLEETER_TRANSPOSED, instrument, i, &args, &o);
        take_norm(n, instrument, LAYERS + i, args.channels, out.rows, &o.scale, &o.table);
        args.uses |= CLEAVE_CONV_SCALE | CLEAVE_CONV_TABLE;
        conv(n, name.text, in, out, &args, o);
        in = to;
    }
    return in;
}

/* One channel to two: of each the share of its magnitudes, or what that follows from. */
static void head(const cleave_spleeter_net *n, int32_t instrument, plane in)
{
    const plane out = seen(n, n->estimates, instrument);
    const cleave_spleeter_label name =
        cleave_spleeter_label_of(n, instrument, n->s.softmax ? "logit" : "est", 0);
    cleave_conv_args args =
        args_of(in, out, n->s.softmax ? CLEAVE_CONV_LINEAR : CLEAVE_CONV_SIGMOID);
    operands o = {.factor = n->magnitudes};

    args.kernel_rows = args.kernel_points = 4;
    args.stride_rows = args.stride_points = 1;
    args.dilation = 2;
    args.pad_rows = args.pad_points = 3;
    take_kernel(n, CLEAVE_SPLEETER_CONV, instrument, LAYERS, &args, &o);
    if (!n->s.softmax)
        args.uses |= CLEAVE_CONV_FACTOR;
    conv(n, name.text, in, out, &args, o);
}

void cleave_spleeter_unet(const cleave_spleeter_net *n, int32_t instrument)
{
    plane skip[LAYERS - 1];
    const plane bottom = encode(n, instrument, skip);

    head(n, instrument, decode(n, instrument, bottom, skip));
}
