/* demucs.c: Demucs weight files as models: what is computed here of all that their arguments can
 * say, and the graph of one network or a bag of them. */
#include "runtime/models/demucs.h"

#include <stdio.h>

#include "kernels/fft/fft.h"
#include "runtime/models/sources.h"

/* ---- what the arguments must be ---- */
static int check_transform(const cleave_demucs *a, char *message)
{
    if (a->nfft % 8 || !cleave_fft_size_ok(a->nfft))
        return cleave_sentence(message,
                               "configuration: \"nfft\" is %d; it must be a multiple of 8 with no "
                               "prime factor but 2, 3 and 5",
                               (int)a->nfft);
    if (a->audio_channels > CLEAVE_CHANNELS_MAX)
        return cleave_sentence(message, "configuration: \"audio_channels\" is %d; at most %d",
                               (int)a->audio_channels, CLEAVE_CHANNELS_MAX);
    if (a->samplerate < CLEAVE_RATE_HZ_MIN || a->samplerate > CLEAVE_RATE_HZ_MAX)
        return cleave_sentence(message, "configuration: \"samplerate\" is %d; it must be %d to %d",
                               (int)a->samplerate, CLEAVE_RATE_HZ_MIN, CLEAVE_RATE_HZ_MAX);
    if (a->kernel_size != a->stride + 2 * (a->kernel_size / 4))
        return cleave_sentence(message,
                               "configuration: with \"kernel_size\" %d and \"stride\" %d a layer's "
                               "output is no whole part of its input",
                               (int)a->kernel_size, (int)a->stride);
    return 1;
}

/* Every layer divides its input without remainder, and its groups of channels. */
static int check_layer(const cleave_demucs *a, const cleave_demucs_layer *l, int outermost,
                       char *message)
{
    const uint32_t groups = (uint32_t)a->norm_groups;
    const uint32_t stems = (uint32_t)(a->audio_channels * a->sources);

    if (l->frequency && !l->merges && l->rows % a->stride)
        return cleave_sentence(message,
                               "configuration: \"stride\" %d does not divide %d rows of frequency",
                               (int)a->stride, (int)l->rows);
    if (!l->frequency && a->time_stride % 2)
        return cleave_sentence(message, "configuration: \"time_stride\" is %d; it must be even",
                               (int)a->time_stride);
    if (l->norm &&
        (l->out % groups || (outermost ? stems % groups || 2 * stems % groups : l->in % groups)))
        return cleave_sentence(message,
                               "configuration: \"norm_groups\" %u does not divide the channels of "
                               "a layer that has norms",
                               groups);
    return 1;
}

/* Both branches must have as many steps as there are frames where they meet. */
static int check_meeting(const cleave_demucs *a, const cleave_demucs_layer *layers, char *message)
{
    int64_t hop = 1;

    for (int64_t i = 0; i < a->depth && hop <= a->nfft; i++) {
        hop *= a->stride;
        if (layers[i].merges)
            return hop == a->nfft / 4 ||
                   cleave_sentence(message,
                                   "configuration: %d layers of \"stride\" %d meet frames of "
                                   "\"nfft\" %d, which are %d samples apart",
                                   (int)i + 1, (int)a->stride, (int)a->nfft, (int)(a->nfft / 4));
    }
    return a->transformer ||
           cleave_sentence(message,
                           "configuration: \"depth\" %d is too small for the branches to meet",
                           (int)a->depth);
}

static int check_inside(const cleave_demucs *a, const cleave_demucs_layer *layers, char *message)
{
    const cleave_demucs_layer *const last = &layers[a->depth - 1];
    const int64_t width = a->bottom_channels ? a->bottom_channels : last->out;

    for (int64_t i = a->dconv_attn; i < a->depth && !a->transformer && a->dconv_mode; i++)
        if (cleave_demucs_hidden(a, layers[i].out) % 4)
            return cleave_sentence(message,
                                   "configuration: \"dconv_comp\" leaves %u channels for "
                                   "attention; they must be a multiple of 4",
                                   cleave_demucs_hidden(a, layers[i].out));
    if (!a->transformer || !a->t_layers)
        return 1;
    if (!last->frequency)
        return cleave_sentence(
            message, "configuration: \"depth\" %d leaves no frequency for the transformer",
            (int)a->depth);
    if (width % 4 || width % a->t_heads)
        return cleave_sentence(message,
                               "configuration: a transformer %d channels wide must be divided by "
                               "4 and by \"t_heads\" %d",
                               (int)width, (int)a->t_heads);
    return 1;
}

static int read_arguments(const char *kind, const cleave_table *table, cleave_demucs *a,
                          cleave_demucs_layer layers[CLEAVE_DEMUCS_DEPTH_MAX], char *message)
{
    if (!cleave_demucs_arguments(kind, table->config, table->header->config_bytes, a, message) ||
        !cleave_demucs_layers(a, layers, message) || !check_transform(a, message))
        return 0;
    for (int64_t i = 0; i < a->depth; i++)
        if (!check_layer(a, &layers[i], i == 0, message))
            return 0;
    return check_meeting(a, layers, message) && check_inside(a, layers, message);
}

/* ---- description ---- */
int cleave_demucs_describe(const char *kind, const cleave_table *table, cleave_model *model,
                           char text[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES],
                           char message[CLEAVE_SENTENCE_BYTES])
{
    cleave_demucs a;
    cleave_demucs_layer layers[CLEAVE_DEMUCS_DEPTH_MAX];

    if (!read_arguments(kind, table, &a, layers, message) ||
        !cleave_sources_describe(table, model, text, message))
        return 0;
    const int fixed = a.transformer && a.use_train_segment;
    model->info.rate_hz = (int32_t)a.samplerate;
    model->info.channels_min = model->info.channels_max = (int32_t)a.audio_channels;
    model->info.needs_weights = 1;
    /* Whole samples, so that they are found again whatever the rounding. */
    model->segment_seconds = (double)a.segment_frames / (double)a.samplerate;
    model->segment_seconds_max = fixed ? model->segment_seconds : 0;
    model->any_length = !fixed;
    model->normalizes = 1;
    return 1;
}

/* ---- graph ---- */
/* Lengths: that which the network runs on, and what its transform must see, since a signal can be
 * mirrored only where it is longer than what is mirrored: zeros are appended until it is. */
static void set_lengths(cleave_demucs_net *n, int64_t segment_frames)
{
    const int64_t hop = n->a.nfft / 4;

    n->length = n->a.transformer && n->a.use_train_segment ? n->a.segment_frames : segment_frames;
    n->frames = cleave_div_up(n->length, hop);
    const int64_t right = n->a.nfft / 8 * 3 + n->frames * hop - n->length;
    n->spec_length = cleave_i64_max(n->length, right + 1);
}

/* What spec_length is at most for inputs so short that zeros are appended. Rows are never shorter,
 * so that they do not shrink as the segment grows. */
static int64_t spec_length_max(const cleave_demucs_net *n)
{
    return n->a.nfft / 8 * 3 + n->a.nfft / 4;
}

static int open_network(cleave_demucs_net *n, const char *kind, const cleave_model_request *request,
                        int32_t index, cleave_graph *graph)
{
    char message[CLEAVE_SENTENCE_BYTES];

    n->table = &request->networks[index];
    n->graph = graph;
    if (request->network_count > 1)
        snprintf(n->prefix, sizeof n->prefix, "%d:", (int)index);
    if (!read_arguments(kind, n->table, &n->a, n->layer, message)) {
        cleave_graph_fail(graph, CLEAVE_INVALID, "%s", message);
        return 0;
    }
    while (n->time_layers < n->a.depth && n->layer[n->time_layers].frequency)
        n->time_layers++;
    set_lengths(n, request->segment_frames);
    if (n->length < request->segment_frames) {
        cleave_graph_fail(graph, CLEAVE_INVALID,
                          "segment of %lld samples: the network was trained on %lld",
                          (long long)request->segment_frames, (long long)n->length);
        return 0;
    }
    return 1;
}

/* How many networks give the stem. */
static int32_t givers(const cleave_model_request *request, int32_t stem)
{
    int32_t count = 0;

    for (int32_t k = 0; k < request->network_count; k++)
        count += request->gains[k][stem] > 0;
    return count;
}

/* Which stems network `index` computes. Those that it gives alone go into the output, others to a
 * place of their own. */
static void place_stems(cleave_demucs_net *n, const cleave_model_request *request, int32_t index,
                        cleave_tensor output)
{
    const int64_t C = n->a.audio_channels;

    n->stem_count = 0;
    for (int32_t s = 0; s < request->stem_count; s++) {
        const int32_t stem = request->stems[s];
        if (!(request->gains[index][stem] > 0))
            continue;
        n->stem[n->stem_count] = stem;
        n->place[n->stem_count++] =
            givers(request, stem) == 1
                ? (cleave_view){output, s * C * n->stride}
                : (cleave_view){cleave_demucs_plane(n, "stem", C, 1, n->stride).tensor, 0};
    }
}

/* Adds the stems that network `index` shares with others to the output, or begins the sum. */
static void add_shared(const cleave_demucs_net *n, const cleave_model_request *request,
                       int32_t index, cleave_tensor output)
{
    const int64_t C = n->a.audio_channels;

    for (int32_t s = 0, k = 0; s < request->stem_count; s++) {
        const int32_t stem = request->stems[s];
        const float gain = request->gains[index][stem];
        if (!(gain > 0))
            continue;
        const cleave_plane given = {n->place[k++].tensor, 0, C, 1, n->stride, 0, 0};
        const cleave_plane sum = {output, s * C * n->stride, C, 1, n->stride, 0, 0};
        int first = 1;
        for (int32_t before = 0; before < index; before++)
            first &= !(request->gains[before][stem] > 0);
        if (givers(request, stem) > 1)
            cleave_demucs_add(n, "sum", gain, given, first ? 0 : 1, first ? given : sum, sum);
    }
}

void cleave_demucs_build(const char *kind, const cleave_model_request *request, cleave_graph *graph,
                         cleave_model_ports *ports, void (*network)(cleave_demucs_net *n))
{
    const int64_t C = request->channels;
    int64_t stride = 0;

    for (int32_t k = 0; k < request->network_count; k++) {
        cleave_demucs_net n = {0};
        if (!open_network(&n, kind, request, k, graph))
            return;
        stride = cleave_i64_max(stride, cleave_i64_max(n.length, spec_length_max(&n)));
    }
    ports->stride = stride;
    ports->input = cleave_graph_tensor_add(graph, "input", C * stride, CLEAVE_TENSOR_INPUT);
    ports->output = cleave_graph_tensor_add(graph, "stems", request->stem_count * C * stride,
                                            CLEAVE_TENSOR_OUTPUT);
    for (int32_t k = 0; k < request->network_count; k++) {
        cleave_demucs_net n = {.stride = stride, .input = ports->input};
        if (!open_network(&n, kind, request, k, graph))
            return;
        place_stems(&n, request, k, ports->output);
        if (n.stem_count == 0)
            continue;
        network(&n);
        add_shared(&n, request, k, ports->output);
    }
}
