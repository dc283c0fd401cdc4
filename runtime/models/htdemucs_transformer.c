/* htdemucs_transformer.c: the transformer between encoders and decoders.
 *
 * Tokens of the frequency branch are all places of its [F][T] plane, those of the time branch its
 * steps. Layers of self-attention alternate with layers in which each branch attends to the other
 * as it was before the layer. Norms come first in every part; attention and the feed-forward part
 * are added under a layer scale. */
#include <math.h>

#include "kernels/attention/attention.h"
#include "kernels/layer_norm/layer_norm.h"
#include "runtime/models/demucs.h"

static const cleave_plane none = {.tensor = -1};

/* ---- positions ---- */
typedef struct positions {
    int64_t channels, rows, points; /* rows 0: time tokens */
    double period, weight;
} positions;

/* Time tokens: cosines in the first half of the channels, sines in the second, both from frequency
 * 1 down to 1 / period. Frequency tokens: sines and cosines in turn, of the frame in the first half
 * of the channels, of the row in the second; there the lowest frequency is not reached. Phases go
 * up to thousands of radians: they are made in double. */
static float wave(const positions *p, double phase, int is_cosine)
{
    return (float)(p->weight * (is_cosine ? cos(phase) : sin(phase)));
}

static void fill_time(const positions *p, float *out)
{
    const int64_t half = p->channels / 2;

    for (int64_t c = 0; c < p->channels; c++) {
        const double period = pow(p->period, (double)(c % half) / (double)(half - 1));
        for (int64_t t = 0; t < p->points; t++)
            *out++ = wave(p, (double)t / period, c < half);
    }
}

/* A half depends on the frame or on the row alone: each wave is made once. */
static void fill_frequency(const positions *p, float *out)
{
    const int64_t half = p->channels / 2;

    for (int64_t c = 0; c < p->channels; c++) {
        const double rate = pow(p->period, -2.0 * (double)(c % half / 2) / (double)half);
        const int of_frame = c < half;
        for (int64_t r = 0; r < p->rows; r++)
            for (int64_t t = 0; t < p->points; t++, out++) {
                if (of_frame ? r > 0 : t > 0)
                    *out = of_frame ? out[-p->points] : out[-1];
                else
                    *out = wave(p, (double)(of_frame ? t : r) * rate, c % 2);
            }
    }
}

static void fill_positions(void *data, size_t bytes, const void *context)
{
    const positions *const p = context;

    (void)bytes;
    if (p->rows)
        fill_frequency(p, data);
    else
        fill_time(p, data);
}

/* ---- one branch of one layer ---- */
/* A branch's modules: "crosstransformer.layers_t.3". Labels begin with "ct". */
typedef struct layer {
    const cleave_demucs_net *n;
    cleave_demucs_name module, label;
} layer;

static cleave_demucs_name module_of(const layer *l, const char *part)
{
    return cleave_demucs_name_of("%.60s.%s", l->module.text, part);
}

static cleave_demucs_name label_of(const layer *l, const char *part)
{
    return cleave_demucs_name_of("%.60s.%s", l->label.text, part);
}

/* LayerNorm of every token, and, with positions, these added. */
static cleave_plane token_norm(const cleave_demucs_net *n, const char *label, const char *module,
                               cleave_plane x, cleave_tensor added)
{
    const cleave_plane out = cleave_demucs_plane(n, label, x.channels, 1, x.points);
    const cleave_layer_norm_args args = {.channels = (int32_t)x.channels,
                                         .tokens = x.points,
                                         .epsilon = CLEAVE_DEMUCS_EPSILON,
                                         .has_add = added >= 0};
    cleave_view views[5] = {
        {x.tensor, 0},
        {cleave_demucs_weight(n, cleave_demucs_name_of("%s.weight", module).text, x.channels), 0},
        {cleave_demucs_weight(n, cleave_demucs_name_of("%s.bias", module).text, x.channels), 0}};
    int32_t count = 3;

    if (added >= 0)
        views[count++] = (cleave_view){added, 0};
    views[count++] = (cleave_view){out.tensor, 0};
    cleave_demucs_step(n, label, CLEAVE_OP_LAYER_NORM, &args, views, count);
    return out;
}

static cleave_plane layer_norm(const layer *l, const char *part, cleave_plane x)
{
    return token_norm(l->n, label_of(l, part).text, module_of(l, part).text, x, -1);
}

/* Rows [first, first + count) of the stacked projections to queries, keys and values. */
static cleave_plane projection(const layer *l, const char *attention, const char *label,
                               cleave_plane x, int64_t first, int64_t count)
{
    const int64_t D = x.channels;
    const cleave_demucs_name weight =
        cleave_demucs_name_of("%.60s.%s.in_proj_weight", l->module.text, attention);
    const cleave_demucs_name bias =
        cleave_demucs_name_of("%.60s.%s.in_proj_bias", l->module.text, attention);
    const cleave_demucs_operands operands = {
        .weight = cleave_demucs_weight_part(l->n, weight.text, 3 * D * D, first * D, count * D),
        .bias = cleave_demucs_weight_part(l->n, bias.text, 3 * D, first, count),
        .scale = -1,
        .table = -1,
        .row_norm = none,
        .residual = none};

    return cleave_demucs_conv(l->n, label_of(l, label).text, x,
                              (cleave_conv_args){.channels = (int32_t)count}, operands);
}

static cleave_plane attention(const layer *l, cleave_plane q, cleave_plane k, cleave_plane v)
{
    const cleave_demucs_name label = label_of(l, "attention");
    const int64_t heads = l->n->a.t_heads, width = q.channels / heads;
    const cleave_plane out = cleave_demucs_plane(l->n, label.text, q.channels, 1, q.points);
    const cleave_attention_args args = {.heads = (int32_t)heads,
                                        .width = (int32_t)width,
                                        .queries = q.points,
                                        .keys = k.points,
                                        .q_stride = q.points,
                                        .kv_stride = k.points,
                                        .out_stride = q.points,
                                        .scale = (float)(1 / sqrt((double)width))};
    const cleave_view views[] = {
        {q.tensor, q.floats}, {k.tensor, k.floats}, {v.tensor, v.floats}, {out.tensor, 0}};

    cleave_demucs_step(l->n, label.text, CLEAVE_OP_ATTENTION, &args, views, 4);
    return out;
}

/* x + scale (W in + b), the scale and the module of the given names. */
static cleave_plane added(const layer *l, const char *label, const char *part, const char *scale,
                          cleave_plane in, cleave_plane x)
{
    const int64_t D = x.channels;
    cleave_demucs_operands operands =
        cleave_demucs_module(l->n, module_of(l, part).text, D, D * in.channels);

    operands.residual = x;
    if (l->n->a.t_layer_scale)
        operands.scale = cleave_demucs_weight(l->n, module_of(l, scale).text, D);
    return cleave_demucs_conv(l->n, label_of(l, label).text, in,
                              (cleave_conv_args){.channels = (int32_t)D}, operands);
}

/* The feed-forward part, and the norm of all tokens together that ends the layer. */
static cleave_plane forward(const layer *l, const char *norm, cleave_plane x)
{
    const cleave_plane in = layer_norm(l, norm, x);
    const int64_t hidden = (int64_t)((double)x.channels * l->n->a.t_hidden_scale);
    const cleave_conv_args args = {.channels = (int32_t)hidden, .act = CLEAVE_CONV_GELU};
    const cleave_plane inner = cleave_demucs_conv(
        l->n, label_of(l, "hidden").text, in, args,
        cleave_demucs_module(l->n, module_of(l, "linear1").text, hidden, hidden * x.channels));
    const cleave_plane out = added(l, "linear2", "linear2", "gamma_2.scale", inner, x);

    if (!l->n->a.t_norm_out)
        return out;
    return cleave_demucs_group_norm(l->n, l->label.text, out,
                                    (cleave_demucs_norm){.module = module_of(l, "norm_out").text,
                                                         .groups = 1,
                                                         .act = CLEAVE_NORMALIZE_LINEAR,
                                                         .residual = none});
}

static cleave_plane self_layer(const layer *l, cleave_plane x)
{
    const int64_t D = x.channels;
    const cleave_plane all = projection(l, "self_attn", "qkv", layer_norm(l, "norm1", x), 0, 3 * D);
    const cleave_plane result =
        attention(l, cleave_plane_channels(all, 0, D), cleave_plane_channels(all, D, D),
                  cleave_plane_channels(all, 2 * D, D));

    return forward(l, "norm2",
                   added(l, "self_attn", "self_attn.out_proj", "gamma_1.scale", result, x));
}

static cleave_plane cross_layer(const layer *l, cleave_plane x, cleave_plane other)
{
    const int64_t D = x.channels;
    const cleave_plane q = projection(l, "cross_attn", "q", layer_norm(l, "norm1", x), 0, D);
    const cleave_plane kv =
        projection(l, "cross_attn", "kv", layer_norm(l, "norm2", other), D, 2 * D);
    const cleave_plane result =
        attention(l, q, cleave_plane_channels(kv, 0, D), cleave_plane_channels(kv, D, D));

    return forward(l, "norm3",
                   added(l, "cross_attn", "cross_attn.out_proj", "gamma_1.scale", result, x));
}

/* ---- the whole ---- */
/* The norm of what comes in, and the positions. `suffix` is that of the branch's names. */
static cleave_plane entry(const cleave_demucs_net *n, const char *suffix, cleave_plane tokens,
                          positions p)
{
    const cleave_demucs_name label =
        cleave_demucs_name_of("ct.in.x%s", suffix[0] ? suffix + 1 : suffix);
    const cleave_demucs_name module = cleave_demucs_name_of("crosstransformer.norm_in%s", suffix);
    cleave_tensor table;

    p.channels = tokens.channels;
    p.period = n->a.t_max_period;
    p.weight = n->a.t_weight_pos_embed;
    table = cleave_graph_constant(n->graph, cleave_demucs_name_of("positions%s", suffix).text,
                                  tokens.channels * tokens.points, fill_positions, &p, sizeof p);
    if (n->a.t_norm_in)
        return token_norm(n, label.text, module.text, tokens, table);
    const cleave_plane out = cleave_demucs_plane(n, label.text, tokens.channels, 1, tokens.points);
    cleave_demucs_add(n, label.text, 1, tokens, 1,
                      (cleave_plane){table, 0, tokens.channels, 1, tokens.points, 0, 0}, out);
    return out;
}

/* To the transformer's width. */
static cleave_plane upsampled(const cleave_demucs_net *n, const char *label, const char *suffix,
                              cleave_plane x)
{
    const int64_t D = n->a.bottom_channels;

    if (!D)
        return x;
    const cleave_demucs_name module = cleave_demucs_name_of("channel_upsampler%s", suffix);
    return cleave_demucs_conv(n, label, x, (cleave_conv_args){.channels = (int32_t)D},
                              cleave_demucs_module(n, module.text, D, D * x.channels));
}

/* Back to that of the layers, with the skip added. */
static cleave_plane downsampled(const cleave_demucs_net *n, const char *label, const char *suffix,
                                cleave_plane x, cleave_plane skip)
{
    const int64_t C = skip.channels;

    if (!n->a.bottom_channels) {
        cleave_demucs_add(n, label, 1, x, 1, skip, x);
        return x;
    }
    const cleave_demucs_name module = cleave_demucs_name_of("channel_downsampler%s", suffix);
    cleave_demucs_operands operands = cleave_demucs_module(n, module.text, C, C * x.channels);
    operands.residual = skip;
    return cleave_demucs_conv(n, label, x, (cleave_conv_args){.channels = (int32_t)C}, operands);
}

void cleave_htdemucs_transform(const cleave_demucs_net *n, cleave_plane *spectrum,
                               cleave_plane *wave)
{
    const cleave_plane skip = cleave_plane_flat(*spectrum), wave_skip = *wave;
    const positions places = {.rows = spectrum->rows, .points = spectrum->points};
    const positions steps = {.points = wave->points};
    cleave_plane x = entry(n, "", upsampled(n, "up.x", "", skip), places);
    cleave_plane y = entry(n, "_t", upsampled(n, "up.xt", "_t", wave_skip), steps);

    for (int i = 0; i < n->a.t_layers; i++) {
        const layer of_x = {n, cleave_demucs_name_of("crosstransformer.layers.%d", i),
                            cleave_demucs_name_of("ct.layers.%d", i)};
        const layer of_y = {n, cleave_demucs_name_of("crosstransformer.layers_t.%d", i),
                            cleave_demucs_name_of("ct.layers_t.%d", i)};
        const int cross = i % 2 != (int)n->a.t_cross_first;
        const cleave_plane before = x;
        x = cross ? cross_layer(&of_x, x, y) : self_layer(&of_x, x);
        y = cross ? cross_layer(&of_y, y, before) : self_layer(&of_y, y);
    }
    x = downsampled(n, "down.x", "", x, skip);
    *spectrum = (cleave_plane){x.tensor, 0, skip.channels, places.rows, places.points, 0, 0};
    *wave = downsampled(n, "down.xt", "_t", y, wave_skip);
}
