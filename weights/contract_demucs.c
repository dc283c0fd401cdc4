/* contract_demucs.c: the tensors of HTDemucs and Hybrid Demucs for any constructor arguments. */
#include <stdio.h>
#include <string.h>

#include "weights/contract_walks.h"
#include "weights/demucs_arguments.h"

/* A walk over the tensors of one model. */
typedef struct demucs {
    cleave_demucs a;
    cleave_demucs_layer layer[CLEAVE_DEMUCS_DEPTH_MAX];
    cleave_contract_visit visit;
    void *context_of_visit;
    char *message;
} demucs;

/* One layer of one branch. */
typedef struct layer {
    int64_t index;
    int frequency;    /* convolves along frequency, weights have a fourth dimension */
    int norm;         /* GroupNorms of its own */
    int empty;        /* nothing but the convolution */
    uint32_t in, out; /* channels, encoder */
    uint32_t kernel;
} layer;

typedef struct path {
    char text[96];
} path;

static path under(const char *prefix, const char *part)
{
    path p;

    snprintf(p.text, sizeof p.text, "%.70s.%.20s", prefix, part);
    return p;
}

/* A numbered module of a sub-layer of DConv. */
static path module(const char *prefix, int sub, int number)
{
    path p;

    snprintf(p.text, sizeof p.text, "%.60s.dconv.layers.%d.%d", prefix, sub, number);
    return p;
}

/* "prefix.leaf", of the rank and sizes that follow; sizes beyond the rank are ignored. */
static int tensor(const demucs *d, const char *prefix, const char *leaf, uint32_t rank, uint32_t a,
                  uint32_t b, uint32_t c, uint32_t e)
{
    const uint32_t shape[4] = {a, b, c, e};
    char name[128];

    snprintf(name, sizeof name, "%s.%s", prefix, leaf);
    return d->visit(d->context_of_visit, name, rank, shape);
}

/* Weight and bias of anything whose bias is as long as `bias` says. */
static int pair(const demucs *d, const char *prefix, uint32_t bias, uint32_t rank, uint32_t a,
                uint32_t b, uint32_t c, uint32_t e)
{
    return tensor(d, prefix, "weight", rank, a, b, c, e) &&
           tensor(d, prefix, "bias", 1, bias, 0, 0, 0);
}

static int norm(const demucs *d, const char *prefix, uint32_t channels)
{
    return pair(d, prefix, channels, 1, channels, 0, 0, 0);
}

/* Two bidirectional layers, the second on both directions of the first, and a linear layer back to
 * h. */
static int lstm(const demucs *d, const char *prefix, uint32_t h)
{
    static const char *const ends[4] = {"l0", "l0_reverse", "l1", "l1_reverse"};
    const path inner = under(prefix, "lstm");
    char leaf[32];

    for (int i = 0; i < 4; i++) {
        snprintf(leaf, sizeof leaf, "weight_ih_%s", ends[i]);
        if (!tensor(d, inner.text, leaf, 2, 4 * h, i < 2 ? h : 2 * h, 0, 0))
            return 0;
        snprintf(leaf, sizeof leaf, "weight_hh_%s", ends[i]);
        if (!tensor(d, inner.text, leaf, 2, 4 * h, h, 0, 0))
            return 0;
        snprintf(leaf, sizeof leaf, "bias_ih_%s", ends[i]);
        if (!tensor(d, inner.text, leaf, 1, 4 * h, 0, 0, 0))
            return 0;
        snprintf(leaf, sizeof leaf, "bias_hh_%s", ends[i]);
        if (!tensor(d, inner.text, leaf, 1, 4 * h, 0, 0, 0))
            return 0;
    }
    return pair(d, under(prefix, "linear").text, h, 2, h, 2 * h, 0, 0);
}

/* Local attention: four heads, four decay terms each. */
static int local_attention(const demucs *d, const char *prefix, uint32_t h)
{
    static const char *const parts[5] = {"content", "query", "key", "proj", "query_decay"};

    for (int i = 0; i < 5; i++) {
        const uint32_t out = i < 4 ? h : 16;
        if (!pair(d, under(prefix, parts[i]).text, out, 3, out, h, 1, 0))
            return 0;
    }
    return 1;
}

static int dconv(const demucs *d, const char *prefix, int64_t index, uint32_t channels)
{
    const uint32_t h = cleave_demucs_hidden(&d->a, channels);

    if (h < 1)
        return cleave_sentence(d->message, "configuration: \"dconv_comp\" leaves no channel of %u",
                               channels);
    for (int sub = 0; sub < d->a.dconv_depth; sub++) {
        int at = 3; /* modules are numbered; 2 is the activation */
        if (!pair(d, module(prefix, sub, 0).text, h, 3, h, channels, 3, 0) ||
            !norm(d, module(prefix, sub, 1).text, h))
            return 0;
        if (!d->a.transformer && index >= d->a.dconv_lstm &&
            !lstm(d, module(prefix, sub, at++).text, h))
            return 0;
        if (!d->a.transformer && index >= d->a.dconv_attn &&
            !local_attention(d, module(prefix, sub, at++).text, h))
            return 0;
        if (!pair(d, module(prefix, sub, at).text, 2 * channels, 3, 2 * channels, h, 1, 0) ||
            !norm(d, module(prefix, sub, at + 1).text, 2 * channels) ||
            !tensor(d, module(prefix, sub, at + 3).text, "scale", 1, channels, 0, 0, 0))
            return 0;
    }
    return 1;
}

static int encoder(const demucs *d, const char *prefix, const layer *l)
{
    const uint32_t rank = l->frequency ? 4 : 3, span = (uint32_t)(1 + 2 * d->a.context_enc);
    if (!pair(d, under(prefix, "conv").text, l->out, rank, l->out, l->in, l->kernel, 1))
        return 0;
    if (l->empty)
        return 1;
    return (!l->norm || (norm(d, under(prefix, "norm1").text, l->out) &&
                         norm(d, under(prefix, "norm2").text, 2 * l->out))) &&
           pair(d, under(prefix, "rewrite").text, 2 * l->out, rank, 2 * l->out, l->out, span,
                span) &&
           (!(d->a.dconv_mode & 1) || dconv(d, prefix, l->index, l->out));
}

/* `out`: channels on the way out of this layer, towards the sources. */
static int decoder(const demucs *d, const char *prefix, const layer *l, uint32_t out)
{
    const uint32_t rank = l->frequency ? 4 : 3, span = (uint32_t)(1 + 2 * d->a.context),
                   width = l->out;
    if (!pair(d, under(prefix, "conv_tr").text, out, rank, width, out, l->kernel, 1) ||
        (l->norm && !norm(d, under(prefix, "norm2").text, out)))
        return 0;
    if (l->empty)
        return 1;
    return (!l->norm || norm(d, under(prefix, "norm1").text, 2 * width)) &&
           pair(d, under(prefix, "rewrite").text, 2 * width, rank, 2 * width, width, span, span) &&
           (!(d->a.dconv_mode & 2) || dconv(d, prefix, l->index, width));
}

static int layers(const demucs *d)
{
    int64_t time_layers = 0;
    char prefix[32];

    while (time_layers < d->a.depth && d->layer[time_layers].frequency)
        time_layers++;
    for (int64_t i = 0; i < d->a.depth; i++) {
        const cleave_demucs_layer *const from = &d->layer[i];
        const layer l = {.index = i,
                         .frequency = from->frequency,
                         .norm = from->norm,
                         .in = from->in,
                         .out = from->out,
                         .kernel = from->kernel};
        const layer t = {.index = i,
                         .norm = from->norm,
                         .empty = from->merges,
                         .in = from->in_time,
                         .out = from->out,
                         .kernel = (uint32_t)d->a.kernel_size};
        /* The outermost decoder gives the sources; the others give what the encoder took. */
        const uint32_t out = i ? l.in : (uint32_t)(2 * d->a.audio_channels * d->a.sources);
        snprintf(prefix, sizeof prefix, "encoder.%d", (int)i);
        if (!encoder(d, prefix, &l))
            return 0;
        snprintf(prefix, sizeof prefix, "decoder.%d", (int)(d->a.depth - 1 - i));
        if (!decoder(d, prefix, &l, out))
            return 0;
        if (i < time_layers) {
            snprintf(prefix, sizeof prefix, "tencoder.%d", (int)i);
            if (!encoder(d, prefix, &t))
                return 0;
            snprintf(prefix, sizeof prefix, "tdecoder.%d", (int)(time_layers - 1 - i));
            if (!decoder(d, prefix, &t, i ? t.in : out / 2))
                return 0;
        }
    }
    if (d->a.freq_emb > 0) {
        const cleave_demucs_layer *const first = &d->layer[0];
        const int64_t rows = first->merges ? 1 : first->rows / d->a.stride;
        return tensor(d, "freq_emb.embedding", "weight", 2, (uint32_t)rows, first->out, 0, 0);
    }
    return 1;
}

static int transformer_layer(const demucs *d, const char *prefix, int cross, uint32_t width)
{
    const uint32_t hidden = (uint32_t)(width * d->a.t_hidden_scale);
    const char *attention = cross ? "cross_attn" : "self_attn";
    char leaf[32];

    snprintf(leaf, sizeof leaf, "%s.in_proj_weight", attention);
    if (!tensor(d, prefix, leaf, 2, 3 * width, width, 0, 0))
        return 0;
    snprintf(leaf, sizeof leaf, "%s.in_proj_bias", attention);
    if (!tensor(d, prefix, leaf, 1, 3 * width, 0, 0, 0))
        return 0;
    return pair(d, under(under(prefix, attention).text, "out_proj").text, width, 2, width, width, 0,
                0) &&
           pair(d, under(prefix, "linear1").text, hidden, 2, hidden, width, 0, 0) &&
           pair(d, under(prefix, "linear2").text, width, 2, width, hidden, 0, 0) &&
           norm(d, under(prefix, "norm1").text, width) &&
           norm(d, under(prefix, "norm2").text, width) &&
           (!cross || norm(d, under(prefix, "norm3").text, width)) &&
           (!d->a.t_norm_out || norm(d, under(prefix, "norm_out").text, width)) &&
           (!d->a.t_layer_scale ||
            (tensor(d, under(prefix, "gamma_1").text, "scale", 1, width, 0, 0, 0) &&
             tensor(d, under(prefix, "gamma_2").text, "scale", 1, width, 0, 0, 0)));
}

static int transformer(const demucs *d, uint32_t bottom)
{
    static const char *const samplers[2] = {"channel_upsampler", "channel_downsampler"};
    const uint32_t width = d->a.bottom_channels ? (uint32_t)d->a.bottom_channels : bottom;
    char prefix[64];

    for (int branch = 0; branch < 2; branch++) {
        const char *suffix = branch ? "_t" : "";
        for (int i = 0; i < 2 && d->a.bottom_channels; i++) {
            const uint32_t in = i ? width : bottom, out = i ? bottom : width;
            snprintf(prefix, sizeof prefix, "%s%s", samplers[i], suffix);
            if (!pair(d, prefix, out, 3, out, in, 1, 0))
                return 0;
        }
        snprintf(prefix, sizeof prefix, "crosstransformer.norm_in%s", suffix);
        if (d->a.t_layers && d->a.t_norm_in && !norm(d, prefix, width))
            return 0;
        for (int i = 0; i < d->a.t_layers; i++) {
            snprintf(prefix, sizeof prefix, "crosstransformer.layers%s.%d", suffix, i);
            if (!transformer_layer(d, prefix, i % 2 != (int)d->a.t_cross_first, width))
                return 0;
        }
    }
    return 1;
}

int cleave_contract_walk_demucs(const char *kind, const char *config, size_t config_bytes,
                                cleave_contract_visit visit, void *context,
                                char message[CLEAVE_SENTENCE_BYTES])
{
    demucs d = {.visit = visit, .context_of_visit = context, .message = message};

    return cleave_demucs_arguments(kind, config, config_bytes, &d.a, message) &&
           cleave_demucs_layers(&d.a, d.layer, message) && layers(&d) &&
           (!d.a.transformer || transformer(&d, d.layer[d.a.depth - 1].out));
}
