/* demucs_dconv.c: the residual branch of a layer: narrow dilated convolutions along time, in
 * Hybrid Demucs with a recurrent part and attention inside.
 *
 * Every row of frequency is a sequence of its own, with norms of its own. */
#include <math.h>

#include "kernels/attention/attention.h"
#include "kernels/lstm/lstm.h"
#include "runtime/models/demucs.h"

/* Rows that go through all sub-layers together: each convolution finds in the cache what the one
 * before it read or left, and what is between them takes little room. */
#define BAND_ROWS 32

#define LSTM_STEPS      200 /* longer sequences are cut into frames of so many steps, */
#define LSTM_STRIDE     100 /* which begin so many apart */
#define LSTM_GATES      4
#define HEADS           4
#define DECAYS          4
#define SCORE_OF_ITSELF -100

static const cleave_plane none = {.tensor = -1};

/* ---- recurrence ---- */
/* How a sequence is cut. */
typedef struct cut {
    int64_t frames, frame, stride, margin;
} cut;

static cut cut_of(int64_t steps)
{
    if (steps <= LSTM_STEPS)
        return (cut){1, steps, steps, 0};
    return (cut){cleave_div_up(steps, LSTM_STRIDE), LSTM_STEPS, LSTM_STRIDE,
                 (LSTM_STEPS - LSTM_STRIDE) / 2};
}

static cleave_demucs_name part(const char *module, const char *kind, int layer, int reverse)
{
    return cleave_demucs_name_of("%s.lstm.%s_l%d%s", module, kind, layer,
                                 reverse ? "_reverse" : "");
}

/* One bidirectional layer: the gates of all steps at once, then what recurs, row by row. Strides
 * and margin as in lstm.h; the result has `points` steps a row. */
static cleave_plane lstm_layer(const cleave_demucs_net *n, const char *module, int layer,
                               cleave_plane x, cleave_lstm_args args, int64_t points)
{
    const int64_t H = args.hidden, gates = 2 * LSTM_GATES * H;
    const cleave_demucs_name inputs[] = {part(module, "weight_ih", layer, 0),
                                         part(module, "weight_ih", layer, 1)};
    const cleave_demucs_name states[] = {part(module, "weight_hh", layer, 0),
                                         part(module, "weight_hh", layer, 1)};
    const cleave_demucs_name biases[] = {
        part(module, "bias_ih", layer, 0), part(module, "bias_hh", layer, 0),
        part(module, "bias_ih", layer, 1), part(module, "bias_hh", layer, 1)};
    const cleave_demucs_operands operands = {
        .weight = cleave_demucs_weight_join(n, inputs, 2, gates * x.channels),
        .bias = cleave_demucs_weight_sums(n, biases, gates),
        .scale = -1,
        .table = -1,
        .row_norm = none,
        .residual = none};
    const cleave_demucs_name label = cleave_demucs_name_of("%s.lstm.%d", module, layer);
    const cleave_demucs_name name = cleave_demucs_name_of("%s.gates", label.text);
    const cleave_conv_args conv = {.channels = (int32_t)gates};
    const cleave_plane in =
        cleave_demucs_rows_first(n, name.text, cleave_demucs_conv(n, name.text, x, conv, operands));
    const cleave_plane out = cleave_demucs_plane(n, label.text, 2 * H, x.rows, points);
    const cleave_tensor weight = cleave_demucs_weight_join(n, states, 2, gates * H);

    args.in_points = x.points;
    args.out_points = points;
    for (int64_t r = 0; r < x.rows; r++) {
        const cleave_view views[] = {{in.tensor, r * gates * x.points},
                                     {weight, 0},
                                     {operands.bias, 0},
                                     {out.tensor, r * 2 * H * points}};
        cleave_demucs_step(n, label.text, CLEAVE_OP_LSTM, &args, views, 4);
    }
    return cleave_demucs_rows_second(n, label.text, out);
}

/* Two layers and a linear one, added to x. Frames overlap in the first layer's result and are
 * joined by the second. */
static cleave_plane blstm(const cleave_demucs_net *n, const char *module, cleave_plane x)
{
    const cut c = cut_of(x.points);
    const int32_t H = (int32_t)x.channels;
    const cleave_lstm_args first = {.hidden = H,
                                    .frames = c.frames,
                                    .frame = c.frame,
                                    .in_stride = c.stride,
                                    .out_stride = c.frame};
    const cleave_lstm_args second = {.hidden = H,
                                     .frames = c.frames,
                                     .frame = c.frame,
                                     .in_stride = c.frame,
                                     .out_stride = c.stride,
                                     .margin = c.margin};
    const cleave_plane framed = lstm_layer(n, module, 0, x, first, c.frames * c.frame);
    const cleave_plane joined = lstm_layer(n, module, 1, framed, second, x.points);
    cleave_demucs_operands operands = cleave_demucs_module(
        n, cleave_demucs_name_of("%s.linear", module).text, H, 2 * (int64_t)H * H);

    operands.residual = x;
    return cleave_demucs_conv(n, module, joined, (cleave_conv_args){.channels = H}, operands);
}

/* ---- local attention ---- */
/* Queries, keys, contents and decays in one convolution; then attention, row by row; then the
 * projection, added to x. */
static cleave_plane local_attention(const cleave_demucs_net *n, const char *module, cleave_plane x)
{
    static const char *const parts[] = {"query", "key", "content", "query_decay"};
    const int64_t C = x.channels, P = x.points, all = 3 * C + HEADS * DECAYS;
    cleave_demucs_name weights[4], biases[4];

    for (int i = 0; i < 4; i++) {
        weights[i] = cleave_demucs_name_of("%s.%s.weight", module, parts[i]);
        biases[i] = cleave_demucs_name_of("%s.%s.bias", module, parts[i]);
    }
    const cleave_demucs_operands operands = {.weight =
                                                 cleave_demucs_weight_join(n, weights, 4, all * C),
                                             .bias = cleave_demucs_weight_join(n, biases, 4, all),
                                             .scale = -1,
                                             .table = -1,
                                             .row_norm = none,
                                             .residual = none};
    const cleave_demucs_name label = cleave_demucs_name_of("%s.query", module);
    const cleave_demucs_name name = cleave_demucs_name_of("%s.attention", module);
    const cleave_plane in = cleave_demucs_rows_first(
        n, label.text,
        cleave_demucs_conv(n, label.text, x, (cleave_conv_args){.channels = (int32_t)all},
                           operands));
    const cleave_plane out = cleave_demucs_plane(n, name.text, C, x.rows, P);
    const cleave_attention_args args = {.heads = HEADS,
                                        .width = (int32_t)(C / HEADS),
                                        .queries = P,
                                        .keys = P,
                                        .q_stride = P,
                                        .kv_stride = P,
                                        .out_stride = P,
                                        .scale = (float)(1 / sqrt((double)(C / HEADS))),
                                        .terms = DECAYS,
                                        .local = 1,
                                        .self_score = SCORE_OF_ITSELF};
    for (int64_t r = 0; r < x.rows; r++) {
        const int64_t at = r * all * P;
        const cleave_view views[] = {{in.tensor, at},
                                     {in.tensor, at + C * P},
                                     {in.tensor, at + 2 * C * P},
                                     {in.tensor, at + 3 * C * P},
                                     {out.tensor, r * C * P}};
        cleave_demucs_step(n, name.text, CLEAVE_OP_ATTENTION, &args, views, 5);
    }
    cleave_demucs_operands projection =
        cleave_demucs_module(n, cleave_demucs_name_of("%s.proj", module).text, C, C * C);
    projection.residual = x;
    return cleave_demucs_conv(n, module, cleave_demucs_rows_second(n, name.text, out),
                              (cleave_conv_args){.channels = (int32_t)C}, projection);
}

/* ---- the branch ---- */
/* Module `number` of a sub-layer. */
static cleave_demucs_name module_of(const char *layer, int sub, int number)
{
    return cleave_demucs_name_of("%.60s.dconv.layers.%d.%d", layer, sub, number);
}

/* x <- x + scale f(x) for the rows of x. The modules that hold weights are numbered; activations
 * count. The last convolution widens to twice the channels of x, which the norm and the gate after
 * it would have to go through twice: its norm is known before (linear_norm.h), so that it ends in
 * x. */
static void sub_layer(const cleave_demucs_net *n, const char *layer, int64_t index, int sub,
                      cleave_plane x)
{
    const int64_t h = cleave_demucs_hidden(&n->a, (uint32_t)x.channels);
    const int dilation = 1 << sub;
    const cleave_conv_args narrow = {
        .channels = (int32_t)h, .kernel_points = 3, .dilation = dilation, .pad_points = dilation};
    const cleave_conv_args wide = {.channels = (int32_t)(2 * x.channels), .act = CLEAVE_CONV_GLU};
    const cleave_demucs_name first = module_of(layer, sub, 0),
                             first_norm = module_of(layer, sub, 1);
    int at = 3;
    cleave_plane y = cleave_demucs_conv(n, first.text, x, narrow,
                                        cleave_demucs_module(n, first.text, h, 3 * h * x.channels));

    y = cleave_demucs_group_norm(n, module_of(layer, sub, 2).text, y,
                                 (cleave_demucs_norm){.module = first_norm.text,
                                                      .groups = 1,
                                                      .per_row = 1,
                                                      .act = CLEAVE_NORMALIZE_GELU,
                                                      .residual = none});
    if (!n->a.transformer && index >= n->a.dconv_lstm)
        y = blstm(n, module_of(layer, sub, at++).text, y);
    if (!n->a.transformer && index >= n->a.dconv_attn)
        y = local_attention(n, module_of(layer, sub, at++).text, y);
    const cleave_demucs_name last = module_of(layer, sub, at);
    const cleave_demucs_name last_norm = module_of(layer, sub, at + 1);
    const cleave_demucs_name scale =
        cleave_demucs_name_of("%s.scale", module_of(layer, sub, at + 3).text);
    cleave_demucs_operands operands =
        cleave_demucs_module(n, last.text, wide.channels, wide.channels * h);

    operands.row_norm = cleave_demucs_linear_norm(n, last_norm.text, y, wide.channels, operands);
    operands.scale = cleave_demucs_weight(n, scale.text, x.channels);
    operands.residual = x;
    cleave_demucs_conv_in_place(n, cleave_demucs_name_of("%.60s.dconv.layers.%d", layer, sub).text,
                                y, wide, operands);
}

void cleave_demucs_dconv(const cleave_demucs_net *n, const char *layer, int64_t index,
                         cleave_plane x)
{
    for (int64_t r = 0; r < x.rows; r += BAND_ROWS)
        for (int sub = 0; sub < n->a.dconv_depth; sub++)
            sub_layer(n, layer, index, sub,
                      cleave_plane_rows(x, r, cleave_i64_min(BAND_ROWS, x.rows - r)));
}
