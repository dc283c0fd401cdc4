/* contract_demucs.c: the tensors of HTDemucs and Hybrid Demucs for any constructor arguments. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "weights/config_text.h"
#include "weights/contract.h"

#define WIDTH_MAX (1 << 16) /* of any layer */

/* The arguments that decide on tensors, named as in the official constructors. */
typedef struct demucs {
    int transformer; /* HTDemucs, not HDemucs */
    int64_t sources, audio_channels, channels, depth, nfft, kernel_size, stride, time_stride;
    int64_t context, context_enc, norm_starts, dconv_mode, dconv_depth, dconv_attn, dconv_lstm;
    int64_t bottom_channels, t_layers, t_heads;
    int64_t t_norm_in, t_norm_out, t_layer_scale, t_cross_first;
    double growth, dconv_comp, freq_emb, t_hidden_scale;
    const char *config;
    size_t config_bytes;
    cleave_contract_visit visit;
    void *context_of_visit;
    char *message;
} demucs;

/* One layer of the encoder and its mirror image in the decoder. */
typedef struct layer {
    int64_t index;
    int frequency;    /* convolves along frequency, weights have a fourth dimension */
    int norm;         /* GroupNorms of its own */
    int empty;        /* nothing but the convolution */
    uint32_t in, out; /* channels, encoder */
    uint32_t kernel;
} layer;

static int integer(const demucs *d, const char *key, int64_t otherwise, int64_t min, int64_t max,
                   int64_t *value)
{
    char text[CLEAVE_CONFIG_VALUE_MAX + 1];

    *value = otherwise;
    if (!cleave_config_text_get(d->config, d->config_bytes, key, text, sizeof text))
        return otherwise >= 0 ||
               cleave_sentence(d->message, "configuration: \"%s\" is missing", key);
    return cleave_config_text_i64(d->config, d->config_bytes, key, min, max, value) ||
           cleave_sentence(d->message, "configuration: \"%s\" is %.40s; it must be %lld to %lld",
                           key, text, (long long)min, (long long)max);
}

static int number(const demucs *d, const char *key, double otherwise, double min, double max,
                  double *value)
{
    char text[CLEAVE_CONFIG_VALUE_MAX + 1];

    *value = otherwise;
    if (!cleave_config_text_get(d->config, d->config_bytes, key, text, sizeof text))
        return 1;
    return cleave_config_text_f64(d->config, d->config_bytes, key, min, max, value) ||
           cleave_sentence(d->message, "configuration: \"%s\" is %.40s; it must be %g to %g", key,
                           text, min, max);
}

static int read_sources(demucs *d)
{
    char text[CLEAVE_CONFIG_VALUE_MAX + 1];

    if (!cleave_config_text_get(d->config, d->config_bytes, "sources", text, sizeof text) ||
        !text[0])
        return cleave_sentence(d->message, "configuration: \"sources\" is missing");
    d->sources = 1;
    for (const char *p = text; *p; p++)
        d->sources += *p == ',';
    return d->sources <= 64 ||
           cleave_sentence(d->message, "configuration: \"sources\" names more than 64");
}

/* Arguments that would give a network of another form, with the one value that this form has. */
static int check_form(const demucs *d)
{
    static const struct {
        const char *key;
        int64_t value;
    } fixed[] = {{"cac", 1},
                 {"rewrite", 1},
                 {"hybrid", 1},
                 {"hybrid_old", 0},
                 {"t_norm_first", 1},
                 {"t_sparse_self_attn", 0},
                 {"t_sparse_cross_attn", 0}};
    static const char *const absent[] = {"channels_time", "multi_freqs"};
    char text[CLEAVE_CONFIG_VALUE_MAX + 1];
    int64_t value;

    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        if (cleave_config_text_get(d->config, d->config_bytes, absent[i], text, sizeof text) &&
            text[0] && strcmp(text, "none") != 0)
            return cleave_sentence(d->message, "configuration: \"%s\" must be none", absent[i]);
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (!integer(d, fixed[i].key, fixed[i].value, 0, 1, &value) || value != fixed[i].value)
            return cleave_sentence(d->message, "configuration: \"%s\" must be %lld", fixed[i].key,
                                   (long long)fixed[i].value);
    return 1;
}

static int read_arguments(demucs *d)
{
    const int required = -1;

    return read_sources(d) && check_form(d) &&
           integer(d, "audio_channels", 2, 1, 16, &d->audio_channels) &&
           integer(d, "channels", required, 1, 4096, &d->channels) &&
           integer(d, "depth", required, 1, 10, &d->depth) &&
           integer(d, "nfft", 4096, 16, 65536, &d->nfft) &&
           integer(d, "kernel_size", 8, 1, 64, &d->kernel_size) &&
           integer(d, "stride", 4, 1, 64, &d->stride) &&
           integer(d, "time_stride", 2, 1, 64, &d->time_stride) &&
           integer(d, "context", 1, 0, 16, &d->context) &&
           integer(d, "context_enc", 0, 0, 16, &d->context_enc) &&
           integer(d, "norm_starts", 4, 0, 100, &d->norm_starts) &&
           integer(d, "dconv_mode", required, 0, 3, &d->dconv_mode) &&
           integer(d, "dconv_depth", 2, 0, 16, &d->dconv_depth) &&
           integer(d, "dconv_attn", 4, 0, 100, &d->dconv_attn) &&
           integer(d, "dconv_lstm", 4, 0, 100, &d->dconv_lstm) &&
           integer(d, "bottom_channels", d->transformer ? required : 0, 0, WIDTH_MAX,
                   &d->bottom_channels) &&
           integer(d, "t_layers", 5, 0, 64, &d->t_layers) &&
           integer(d, "t_heads", 8, 1, 1024, &d->t_heads) &&
           integer(d, "t_norm_in", 1, 0, 1, &d->t_norm_in) &&
           integer(d, "t_norm_out", 1, 0, 1, &d->t_norm_out) &&
           integer(d, "t_layer_scale", 1, 0, 1, &d->t_layer_scale) &&
           integer(d, "t_cross_first", 0, 0, 1, &d->t_cross_first) &&
           number(d, "growth", 2, 1, 8, &d->growth) &&
           number(d, "dconv_comp", d->transformer ? 8 : 4, 1, 4096, &d->dconv_comp) &&
           number(d, "freq_emb", 0.2, 0, 1000, &d->freq_emb) &&
           number(d, "t_hidden_scale", 4, 0.01, 64, &d->t_hidden_scale);
}

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
    const uint32_t h = (uint32_t)(channels / d->dconv_comp);

    if (h < 1)
        return cleave_sentence(d->message, "configuration: \"dconv_comp\" leaves no channel of %u",
                               channels);
    for (int sub = 0; sub < d->dconv_depth; sub++) {
        int at = 3; /* modules are numbered; 2 is the activation */
        if (!pair(d, module(prefix, sub, 0).text, h, 3, h, channels, 3, 0) ||
            !norm(d, module(prefix, sub, 1).text, h))
            return 0;
        if (!d->transformer && index >= d->dconv_lstm &&
            !lstm(d, module(prefix, sub, at++).text, h))
            return 0;
        if (!d->transformer && index >= d->dconv_attn &&
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
    const uint32_t rank = l->frequency ? 4 : 3, span = (uint32_t)(1 + 2 * d->context_enc);
    if (!pair(d, under(prefix, "conv").text, l->out, rank, l->out, l->in, l->kernel, 1))
        return 0;
    if (l->empty)
        return 1;
    return (!l->norm || (norm(d, under(prefix, "norm1").text, l->out) &&
                         norm(d, under(prefix, "norm2").text, 2 * l->out))) &&
           pair(d, under(prefix, "rewrite").text, 2 * l->out, rank, 2 * l->out, l->out, span,
                span) &&
           (!(d->dconv_mode & 1) || dconv(d, prefix, l->index, l->out));
}

/* `out`: channels on the way out of this layer, towards the sources. */
static int decoder(const demucs *d, const char *prefix, const layer *l, uint32_t out)
{
    const uint32_t rank = l->frequency ? 4 : 3, span = (uint32_t)(1 + 2 * d->context),
                   width = l->out;
    if (!pair(d, under(prefix, "conv_tr").text, out, rank, width, out, l->kernel, 1) ||
        (l->norm && !norm(d, under(prefix, "norm2").text, out)))
        return 0;
    if (l->empty)
        return 1;
    return (!l->norm || norm(d, under(prefix, "norm1").text, 2 * width)) &&
           pair(d, under(prefix, "rewrite").text, 2 * width, rank, 2 * width, width, span, span) &&
           (!(d->dconv_mode & 2) || dconv(d, prefix, l->index, width));
}

/* How many layers the time branch has: those that still have rows of frequency to divide. */
static int64_t time_depth(const demucs *d)
{
    int64_t rows = d->nfft / 2, count = 0;

    while (count < d->depth && rows > 1) {
        rows = rows <= d->kernel_size ? 1 : rows / d->stride;
        count++;
    }
    return count;
}

static int layers(const demucs *d, uint32_t *bottom)
{
    const int64_t time_layers = time_depth(d);
    uint32_t width = (uint32_t)d->channels, in = (uint32_t)(2 * d->audio_channels),
             in_time = in / 2;
    int64_t rows = d->nfft / 2;
    char prefix[32];

    for (int64_t i = 0; i < d->depth; i++) {
        const int last_rows = rows > 1 && rows <= d->kernel_size;
        layer l = {
            .index = i, .frequency = rows > 1, .norm = i >= d->norm_starts, .in = in, .out = width};
        /* The outermost decoder gives the sources; the others give what the encoder took. */
        const uint32_t out = i ? in : (uint32_t)(2 * d->audio_channels * d->sources);
        l.kernel = (uint32_t)(rows == 1 ? 2 * d->time_stride : last_rows ? rows : d->kernel_size);
        snprintf(prefix, sizeof prefix, "encoder.%d", (int)i);
        if (!encoder(d, prefix, &l))
            return 0;
        snprintf(prefix, sizeof prefix, "decoder.%d", (int)(d->depth - 1 - i));
        if (!decoder(d, prefix, &l, out))
            return 0;
        if (i < time_layers) {
            layer t = {.index = i, .norm = l.norm, .empty = last_rows, .in = in_time, .out = width};
            t.kernel = (uint32_t)d->kernel_size;
            snprintf(prefix, sizeof prefix, "tencoder.%d", (int)i);
            if (!encoder(d, prefix, &t))
                return 0;
            snprintf(prefix, sizeof prefix, "tdecoder.%d", (int)(time_layers - 1 - i));
            if (!decoder(d, prefix, &t, i ? in_time : out / 2))
                return 0;
        }
        rows = rows <= d->kernel_size ? 1 : rows / d->stride;
        if (i == 0 && d->freq_emb > 0 &&
            !tensor(d, "freq_emb.embedding", "weight", 2, (uint32_t)rows, width, 0, 0))
            return 0;
        *bottom = in = in_time = width;
        if (width * d->growth > WIDTH_MAX)
            return cleave_sentence(d->message, "configuration: layers wider than %d channels",
                                   WIDTH_MAX);
        width = (uint32_t)(width * d->growth);
    }
    return 1;
}

static int transformer_layer(const demucs *d, const char *prefix, int cross, uint32_t width)
{
    const uint32_t hidden = (uint32_t)(width * d->t_hidden_scale);
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
           (!d->t_norm_out || norm(d, under(prefix, "norm_out").text, width)) &&
           (!d->t_layer_scale ||
            (tensor(d, under(prefix, "gamma_1").text, "scale", 1, width, 0, 0, 0) &&
             tensor(d, under(prefix, "gamma_2").text, "scale", 1, width, 0, 0, 0)));
}

static int transformer(const demucs *d, uint32_t bottom)
{
    static const char *const samplers[2] = {"channel_upsampler", "channel_downsampler"};
    const uint32_t width = d->bottom_channels ? (uint32_t)d->bottom_channels : bottom;
    char prefix[64];

    for (int branch = 0; branch < 2; branch++) {
        const char *suffix = branch ? "_t" : "";
        for (int i = 0; i < 2 && d->bottom_channels; i++) {
            const uint32_t in = i ? width : bottom, out = i ? bottom : width;
            snprintf(prefix, sizeof prefix, "%s%s", samplers[i], suffix);
            if (!pair(d, prefix, out, 3, out, in, 1, 0))
                return 0;
        }
        snprintf(prefix, sizeof prefix, "crosstransformer.norm_in%s", suffix);
        if (d->t_layers && d->t_norm_in && !norm(d, prefix, width))
            return 0;
        for (int i = 0; i < d->t_layers; i++) {
            snprintf(prefix, sizeof prefix, "crosstransformer.layers%s.%d", suffix, i);
            if (!transformer_layer(d, prefix, i % 2 != (int)d->t_cross_first, width))
                return 0;
        }
    }
    return 1;
}

int cleave_contract_walk(const char *kind, const char *config, size_t config_bytes,
                         cleave_contract_visit visit, void *context,
                         char message[CLEAVE_SENTENCE_BYTES])
{
    demucs d = {.transformer = !strcmp(kind, "htdemucs"),
                .config = config,
                .config_bytes = config_bytes,
                .visit = visit,
                .context_of_visit = context,
                .message = message};
    uint32_t bottom = 0;

    message[0] = 0;
    if (!d.transformer && strcmp(kind, "hdemucs") != 0)
        return cleave_sentence(message, "models of kind \"%.32s\" are not known here", kind);
    return read_arguments(&d) && layers(&d, &bottom) && (!d.transformer || transformer(&d, bottom));
}
