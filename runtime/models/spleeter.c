/* spleeter.c: Spleeter (Hennequin, Khlif, Voituret, Moussallam, "Spleeter: a fast and efficient
 * music source separation tool with pre-trained models", 2020): a U-Net for each instrument on the
 * magnitudes of a short-time transform, then ratio masks. docs/model_spleeter.md has the formulas.
 */
#include "runtime/models/spleeter.h"

#include <string.h>

#include "kernels/elementwise/elementwise.h"
#include "kernels/fft/fft.h"
#include "kernels/istft/istft.h"
#include "kernels/ratio_mask/ratio_mask.h"
#include "kernels/softmax/softmax.h"
#include "kernels/stft/stft.h"
#include "runtime/models/center_tables.h"
#include "runtime/models/sources.h"

#define WINDOWS_SUM 1.5 /* of the squares of a periodic Hann window, a quarter of it apart */

/* [C][2][T][B] of the input. Bins above F are computed only if they get a mask. */
static cleave_tensor transform(const cleave_spleeter_net *n)
{
    const int64_t C = n->s.channels;
    const cleave_tensor spectrum = cleave_graph_tensor_add(
        n->graph, "spectrum", 2 * C * n->frames * n->width, CLEAVE_TENSOR_TEMPORARY);
    const cleave_stft_args args = {
        .channels = (int32_t)C,
        .length = n->samples,
        .in_stride = n->samples,
        .n = n->s.frame_length,
        .hop = n->s.frame_step,
        .frames = n->frames,
        .bins = n->width,
        .scale = 1,
        .pad = CLEAVE_STFT_PAD_ZERO,
        .layout = CLEAVE_STFT_LAYOUT_TF,
    };
    const cleave_view views[] = {{n->input, 0}, {n->window, 0}, {spectrum, 0}};

    cleave_graph_add(n->graph, "stft", CLEAVE_OP_STFT, &args, views, 3);
    return spectrum;
}

static void take_magnitudes(const cleave_spleeter_net *n, cleave_tensor spectrum)
{
    const int64_t area = n->frames * n->width;
    const cleave_elementwise_args args = {.points = area, .kind = CLEAVE_ELEMENTWISE_MAGNITUDE};

    for (int64_t c = 0; c < n->s.channels; c++) {
        const cleave_view views[] = {
            {spectrum, 2 * c * area}, {spectrum, (2 * c + 1) * area}, {n->magnitudes, c * area}};
        cleave_graph_add(n->graph, "mag", CLEAVE_OP_ELEMENTWISE, &args, views, 3);
    }
}

/* Zeros where no network writes: a softmax goes over whole rows. */
static void clear_unseen(const cleave_spleeter_net *n)
{
    const int64_t points = n->s.channels * n->frames * n->width;
    const cleave_elementwise_args zero = {.points = points, .kind = CLEAVE_ELEMENTWISE_CLAMP};

    for (int32_t i = 0; i < n->s.instruments; i++) {
        const cleave_view views[] = {{n->magnitudes, 0}, {n->estimates, i * points}};
        cleave_graph_add(n->graph, "clear", CLEAVE_OP_ELEMENTWISE, &zero, views, 2);
    }
}

/* Logits of all instruments to shares of the magnitudes, in place. */
static void softmax(const cleave_spleeter_net *n)
{
    const cleave_softmax_args args = {.planes = n->s.instruments,
                                      .points = n->s.channels * n->frames * n->width};
    const cleave_view views[] = {{n->estimates, 0}, {n->magnitudes, 0}, {n->estimates, 0}};

    cleave_graph_add(n->graph, "est", CLEAVE_OP_SOFTMAX, &args, views, 3);
}

/* One stem after the other: masks cost little beside the networks, and the spectra of all stems at
 * once would be the largest tensor. */
static void synthesize(const cleave_spleeter_net *n, cleave_tensor spectrum, int32_t instrument,
                       cleave_view place)
{
    const int64_t C = n->s.channels;
    const cleave_spleeter_label mask = cleave_spleeter_label_of(n, instrument, "masked", 0);
    const cleave_tensor masked = cleave_graph_tensor_add(
        n->graph, mask.text, 2 * C * n->frames * n->width, CLEAVE_TENSOR_TEMPORARY);
    const cleave_ratio_mask_args args = {
        .instruments = n->s.instruments,
        .channels = (int32_t)C,
        .frames = n->frames,
        .bins = n->width,
        .masked_bins = n->bins,
        .stems = 1,
        .stem = {instrument},
        .exponent = (float)n->s.exponent,
        .extension = n->s.average ? CLEAVE_RATIO_MASK_AVERAGE : CLEAVE_RATIO_MASK_ZEROS,
    };
    const cleave_istft_args inverse = {
        .channels = (int32_t)C,
        .length = n->samples,
        .out_stride = n->samples,
        .n = n->s.frame_length,
        .hop = n->s.frame_step,
        .frames = n->frames,
        .bins = n->width,
        .scale = (float)(1 / WINDOWS_SUM),
        .layout = CLEAVE_STFT_LAYOUT_TF,
    };
    const cleave_view masks[] = {{n->estimates, 0}, {spectrum, 0}, {masked, 0}};
    const cleave_view istft[] = {{masked, 0}, {n->window, 0}, place};

    cleave_graph_add(n->graph, mask.text, CLEAVE_OP_RATIO_MASK, &args, masks, 3);
    cleave_graph_add(n->graph, cleave_spleeter_label_of(n, instrument, "out", 0).text,
                     CLEAVE_OP_ISTFT, &inverse, istft, 3);
}

/* ---- request ---- */
/* The file's configuration, and what the request has otherwise. 0 with an error latched. */
static int open_file(cleave_spleeter_net *n, const cleave_model_request *request)
{
    char message[CLEAVE_SENTENCE_BYTES];
    cleave_spleeter *const s = &n->s;
    int32_t count = 0;

    if (!cleave_spleeter_arguments(n->table->config, n->table->header->config_bytes, s, message)) {
        cleave_graph_fail(n->graph, CLEAVE_INVALID, "%s", message);
        return 0;
    }
    if (request->mask_extension != CLEAVE_MASK_MODEL)
        s->average = request->mask_extension == CLEAVE_MASK_AVERAGE;
    n->bins = request->spectrum_bins ? request->spectrum_bins : s->bins;
    n->width = s->average ? s->frame_length / 2 + 1 : n->bins;
    if (n->bins % CLEAVE_SPLEETER_UNIT || n->bins > s->frame_length / 2 + 1) {
        cleave_graph_fail(n->graph, CLEAVE_INVALID,
                          "spectrum_bins %d: must be a multiple of %d, at most %d", (int)n->bins,
                          CLEAVE_SPLEETER_UNIT,
                          s->frame_length / 2 / CLEAVE_SPLEETER_UNIT * CLEAVE_SPLEETER_UNIT);
        return 0;
    }
    cleave_table_config(n->table, "sources", n->sources, sizeof n->sources);
    for (char *name = n->sources; name; count++) {
        char *const comma = strchr(name, ',');
        n->name[count] = name;
        name = comma ? comma + 1 : NULL;
        if (comma)
            *comma = 0;
    }
    return 1;
}

/* Frames of the transform in a segment. 0 with an error latched. */
static int set_lengths(cleave_spleeter_net *n, int64_t segment_frames)
{
    const int64_t tail = n->s.frame_length - n->s.frame_step;

    n->samples = segment_frames;
    n->frames = (segment_frames - tail) / n->s.frame_step;
    if (n->frames >= CLEAVE_SPLEETER_UNIT && n->frames % CLEAVE_SPLEETER_UNIT == 0 &&
        n->frames * n->s.frame_step + tail == segment_frames)
        return 1;
    cleave_graph_fail(n->graph, CLEAVE_INVALID,
                      "segment of %lld samples: it must be a multiple of %d frames of the "
                      "transform and %d samples",
                      (long long)segment_frames, CLEAVE_SPLEETER_UNIT, (int)tail);
    return 0;
}

static void build(const cleave_model_request *request, cleave_graph *graph,
                  cleave_model_ports *ports)
{
    cleave_spleeter_net n = {.table = &request->networks[0], .graph = graph};

    if (request->network_count != 1) {
        cleave_graph_fail(graph, CLEAVE_UNSUPPORTED, "%d networks of Spleeter: it runs one at once",
                          (int)request->network_count);
        return;
    }
    if (!open_file(&n, request) || !set_lengths(&n, request->segment_frames))
        return;
    const int64_t C = n.s.channels, area = C * n.frames * n.width;
    ports->stride = n.samples;
    ports->input = n.input =
        cleave_graph_tensor_add(graph, "input", C * n.samples, CLEAVE_TENSOR_INPUT);
    ports->output = cleave_graph_tensor_add(graph, "stems", request->stem_count * C * n.samples,
                                            CLEAVE_TENSOR_OUTPUT);
    n.window =
        cleave_graph_constant(graph, "window", n.s.frame_length, cleave_center_window, NULL, 0);
    n.magnitudes = cleave_graph_tensor_add(graph, "magnitudes", area, CLEAVE_TENSOR_TEMPORARY);
    n.estimates = cleave_graph_tensor_add(graph, "estimates", n.s.instruments * area,
                                          CLEAVE_TENSOR_TEMPORARY);
    take_magnitudes(&n, transform(&n));
    if (n.s.softmax && n.width > n.bins)
        clear_unseen(&n);
    /* All networks run whatever the stems: a mask is a share of the estimates of all. */
    for (int32_t i = 0; i < n.s.instruments; i++)
        cleave_spleeter_unet(&n, i);
    if (n.s.softmax)
        softmax(&n);
    /* The input is half as large as its spectrum, or less, and the transform cheap beside a layer:
     * it is made again rather than kept while the networks run. */
    const cleave_tensor spectrum = transform(&n);
    for (int32_t k = 0; k < request->stem_count; k++)
        synthesize(&n, spectrum, request->stems[k],
                   (cleave_view){ports->output, k * C * n.samples});
}

/* ---- description ---- */
static int describe(const cleave_table *table, cleave_model *model,
                    char text[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES],
                    char message[CLEAVE_SENTENCE_BYTES])
{
    cleave_spleeter s;

    if (!cleave_spleeter_arguments(table->config, table->header->config_bytes, &s, message) ||
        !cleave_sources_describe(table, model, text, message))
        return 0;
    if (!cleave_fft_size_ok(s.frame_length))
        return cleave_sentence(message,
                               "configuration: \"frame_length\" is %d; it must have no prime "
                               "factor but 2, 3 and 5",
                               (int)s.frame_length);
    if (s.rate_hz < CLEAVE_RATE_HZ_MIN || s.rate_hz > CLEAVE_RATE_HZ_MAX)
        return cleave_sentence(message, "configuration: \"sample_rate\" is %d; it must be %d to %d",
                               (int)s.rate_hz, CLEAVE_RATE_HZ_MIN, CLEAVE_RATE_HZ_MAX);
    model->info.description = "Spleeter";
    model->info.rate_hz = s.rate_hz;
    model->info.channels_min = model->info.channels_max = s.channels;
    model->info.needs_weights = 1;
    model->segment_seconds = (double)s.frames * s.frame_step / s.rate_hz;
    model->patches = (cleave_patches){
        .unit = (int64_t)CLEAVE_SPLEETER_UNIT * s.frame_step,
        .step = s.frame_step,
        .tail = s.frame_length - s.frame_step,
        .before = s.frame_length,
    };
    model->masks_spectrum = 1;
    model->build = build;
    return 1;
}

const cleave_family cleave_family_spleeter = {.kind = "spleeter", .describe = describe};
