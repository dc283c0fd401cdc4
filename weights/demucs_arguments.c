/* demucs_arguments.c: the constructor arguments of HTDemucs and Hybrid Demucs. */
#include "weights/demucs_arguments.h"

#include <stdlib.h>
#include <string.h>

#include "weights/config_arguments.h"

#define WIDTH_MAX (1 << 16) /* of any layer */

typedef struct reader {
    cleave_arguments from;
    cleave_demucs *a;
} reader;

static int integer(const reader *r, const char *key, int64_t otherwise, int64_t min, int64_t max,
                   int64_t *value)
{
    return cleave_argument_integer(&r->from, key, otherwise, min, max, value);
}

static int number(const reader *r, const char *key, double otherwise, double min, double max,
                  double *value)
{
    return cleave_argument_number(&r->from, key, otherwise, min, max, value);
}

static int read_sources(const reader *r)
{
    return cleave_argument_sources(&r->from, &r->a->sources) &&
           (r->a->sources <= 64 ||
            cleave_sentence(r->from.message, "configuration: \"sources\" names more than 64"));
}

/* Arguments that would give a network of another form, with the one value that this form has. */
static int check_form(const reader *r)
{
    static const struct {
        const char *key;
        int64_t value;
    } fixed[] = {{"cac", 1},
                 {"rewrite", 1},
                 {"hybrid", 1},
                 {"hybrid_old", 0},
                 {"t_norm_first", 1},
                 {"t_gelu", 1},
                 {"t_group_norm", 0},
                 {"t_norm_in_group", 0},
                 {"t_sin_random_shift", 0},
                 {"t_sparse_self_attn", 0},
                 {"t_sparse_cross_attn", 0}};
    static const char *const absent[] = {"channels_time", "multi_freqs"};
    char text[CLEAVE_CONFIG_VALUE_MAX + 1];
    int64_t value;

    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        if (cleave_config_text_get(r->from.config, r->from.config_bytes, absent[i], text,
                                   sizeof text) &&
            text[0] && strcmp(text, "none") != 0)
            return cleave_sentence(r->from.message, "configuration: \"%s\" must be none",
                                   absent[i]);
    if (cleave_config_text_get(r->from.config, r->from.config_bytes, "t_emb", text, sizeof text) &&
        strcmp(text, "sin") != 0)
        return cleave_sentence(r->from.message, "configuration: \"t_emb\" is %.40s; it must be sin",
                               text);
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (!integer(r, fixed[i].key, fixed[i].value, 0, 1, &value) || value != fixed[i].value)
            return cleave_sentence(r->from.message, "configuration: \"%s\" must be %lld",
                                   fixed[i].key, (long long)fixed[i].value);
    return 1;
}

/* Seconds as a fraction or a decimal number, and the whole samples in them as Python counts them:
 * int(Fraction(39, 5) * 44100) exactly, int(7.8 * 44100) in double. */
static int read_segment(const reader *r)
{
    char text[CLEAVE_CONFIG_VALUE_MAX + 1], *end;
    cleave_demucs *const a = r->a;
    const double otherwise = a->transformer ? 10 : 40;

    if (cleave_config_text_get(r->from.config, r->from.config_bytes, "segment", text,
                               sizeof text) &&
        strchr(text, '/')) {
        const long long over = strtoll(text, &end, 10);
        const long long under = *end == '/' ? strtoll(end + 1, &end, 10) : 0;
        if (*end || over < 1 || under < 1 || over > 1000000000 || under > 1000000000)
            return cleave_sentence(r->from.message,
                                   "configuration: \"segment\" is %.40s; it must be "
                                   "seconds, whole, decimal or a fraction",
                                   text);
        a->segment = (double)over / (double)under;
        a->segment_frames = (int64_t)over * a->samplerate / under;
    } else {
        if (!number(r, "segment", otherwise, 1e-6, 1e9, &a->segment))
            return 0;
        a->segment_frames = (int64_t)(a->segment * (double)a->samplerate);
    }
    return a->segment_frames >= 1 ||
           cleave_sentence(r->from.message, "configuration: \"segment\" is less than a sample");
}

static int read_transformer(const reader *r)
{
    cleave_demucs *const a = r->a;
    const int required = CLEAVE_ARGUMENT_REQUIRED;

    return integer(r, "bottom_channels", a->transformer ? required : 0, 0, WIDTH_MAX,
                   &a->bottom_channels) &&
           integer(r, "t_layers", 5, 0, 64, &a->t_layers) &&
           integer(r, "t_heads", 8, 1, 1024, &a->t_heads) &&
           integer(r, "t_norm_in", 1, 0, 1, &a->t_norm_in) &&
           integer(r, "t_norm_out", 1, 0, 1, &a->t_norm_out) &&
           integer(r, "t_layer_scale", 1, 0, 1, &a->t_layer_scale) &&
           integer(r, "t_cross_first", 0, 0, 1, &a->t_cross_first) &&
           integer(r, "use_train_segment", 1, 0, 1, &a->use_train_segment) &&
           number(r, "t_hidden_scale", 4, 0.01, 64, &a->t_hidden_scale) &&
           number(r, "t_max_period", 10000, 1, 1e9, &a->t_max_period) &&
           number(r, "t_weight_pos_embed", 1, 0, 1e6, &a->t_weight_pos_embed);
}

static int read_arguments(const reader *r)
{
    cleave_demucs *const a = r->a;
    const int required = CLEAVE_ARGUMENT_REQUIRED;

    return read_sources(r) && check_form(r) &&
           integer(r, "audio_channels", 2, 1, 16, &a->audio_channels) &&
           integer(r, "channels", required, 1, 4096, &a->channels) &&
           integer(r, "depth", required, 1, CLEAVE_DEMUCS_DEPTH_MAX, &a->depth) &&
           integer(r, "nfft", 4096, 16, 65536, &a->nfft) &&
           integer(r, "kernel_size", 8, 1, 64, &a->kernel_size) &&
           integer(r, "stride", 4, 1, 64, &a->stride) &&
           integer(r, "time_stride", 2, 1, 64, &a->time_stride) &&
           integer(r, "context", 1, 0, 16, &a->context) &&
           integer(r, "context_enc", 0, 0, 16, &a->context_enc) &&
           integer(r, "norm_starts", 4, 0, 100, &a->norm_starts) &&
           integer(r, "norm_groups", 4, 1, WIDTH_MAX, &a->norm_groups) &&
           integer(r, "dconv_mode", required, 0, 3, &a->dconv_mode) &&
           integer(r, "dconv_depth", 2, 0, 16, &a->dconv_depth) &&
           integer(r, "dconv_attn", 4, 0, 100, &a->dconv_attn) &&
           integer(r, "dconv_lstm", 4, 0, 100, &a->dconv_lstm) &&
           integer(r, "samplerate", 44100, 1, 10000000, &a->samplerate) &&
           number(r, "growth", 2, 1, 8, &a->growth) &&
           number(r, "dconv_comp", a->transformer ? 8 : 4, 1, 4096, &a->dconv_comp) &&
           number(r, "freq_emb", 0.2, 0, 1000, &a->freq_emb) &&
           number(r, "emb_scale", 10, 0, 1e6, &a->emb_scale) && read_transformer(r) &&
           read_segment(r);
}

int cleave_demucs_arguments(const char *kind, const char *config, size_t config_bytes,
                            cleave_demucs *arguments, char message[CLEAVE_SENTENCE_BYTES])
{
    const reader r = {{config, config_bytes, message}, arguments};

    arguments->transformer = !strcmp(kind, "htdemucs");
    if (!arguments->transformer && strcmp(kind, "hdemucs") != 0)
        return cleave_sentence(message, "models of kind \"%.32s\" are not known here", kind);
    return read_arguments(&r);
}

int cleave_demucs_layers(const cleave_demucs *a,
                         cleave_demucs_layer layers[CLEAVE_DEMUCS_DEPTH_MAX],
                         char message[CLEAVE_SENTENCE_BYTES])
{
    uint32_t width = (uint32_t)a->channels, in = (uint32_t)(2 * a->audio_channels);
    int64_t rows = a->nfft / 2;

    for (int64_t i = 0; i < a->depth; i++) {
        cleave_demucs_layer *const l = &layers[i];
        l->rows = rows;
        l->frequency = rows > 1;
        l->merges = l->frequency && rows <= a->kernel_size;
        l->norm = i >= a->norm_starts;
        l->in = in;
        l->in_time = i ? in : in / 2;
        l->out = width;
        l->kernel = (uint32_t)(l->merges      ? rows
                               : l->frequency ? a->kernel_size
                                              : 2 * a->time_stride);
        l->stride = (uint32_t)(l->frequency ? a->stride : a->time_stride);
        l->pad = l->merges ? 0 : l->kernel / 4;
        if (l->frequency)
            rows = l->merges ? 1 : rows / a->stride;
        in = width;
        if (width * a->growth > WIDTH_MAX)
            return cleave_sentence(message, "configuration: layers wider than %d channels",
                                   WIDTH_MAX);
        width = (uint32_t)(width * a->growth);
    }
    return 1;
}

uint32_t cleave_demucs_hidden(const cleave_demucs *a, uint32_t channels)
{
    return (uint32_t)(channels / a->dconv_comp);
}
