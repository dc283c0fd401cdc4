/* center.c: voice, drums, bass and the rest without weights, by masks on one short-time transform.
 *
 * Four cues say how likely a bin holds the voice: where voices lie in frequency, whether the
 * frame's likes have the same (what repeats is accompaniment), whether it stands out of its
 * spectrum (a drum does not), whether both channels have the same of it. The voice's mask is
 * refined by its neighbourhood; what it leaves is divided by its shape into drums, bass and other.
 * Formulas, reasons and sources are in docs/model_center.md. */
#include "runtime/models/center_tables.h"
#include "runtime/models/models.h"

#include <math.h>

#include "kernels/box_mean/box_mean.h"
#include "kernels/complex_mask/complex_mask.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/gram/gram.h"
#include "kernels/istft/istft.h"
#include "kernels/median/median.h"
#include "kernels/mix/mix.h"
#include "kernels/reduce/reduce.h"
#include "kernels/repetition/repetition.h"
#include "kernels/stem_shares/stem_shares.h"
#include "kernels/voice_mask/voice_mask.h"
#include "kernels/voice_odds/voice_odds.h"

/* Transform: 93 ms at 44.1 kHz, a quarter of it from frame to frame. */
#define WINDOW_SECONDS (4096.0 / 44100)
#define WINDOW_MIN     256
#define HOPS           4
/* Frames whose middle lies before the segment, and after it: what they show is mirrored. */
#define FRAMES_BEFORE 1
#define FRAMES_AFTER  2

/* Similar frames: fifteen, at least 0.5 s away and 0.1 s apart. */
#define REPETITION_PICKS  15
#define REPETITION_NEAR   20
#define REPETITION_SPREAD 4
#define REPETITION_ALONE                                                                           \
    0.36787944f /* e^-1: a frame without repetition counts as 2 nepers above it */

#define PERCUSSIVE_BINS 31
#define BALANCE_BOX     3
#define AROUND_FRAMES   17
#define AROUND_BINS     5
#define LOG_RATIO_LIMIT 6
#define REST_FRAMES     31
#define REST_BINS       17

/* Powers are compared above a floor of 150 dB below the loudest bin of the segment: under the noise
 * of 16-bit samples, above the rounding of the transform. The lower bound keeps silence a number.
 */
#define FLOOR_RELATIVE 1e-15f
#define FLOOR_MIN      1e-36f

enum { VOCALS, ACCOMPANIMENT, DRUMS = 1, BASS, OTHER };
enum { TWO_STEMS, FOUR_STEMS };

/* What the steps of one graph share. */
typedef struct builder {
    const cleave_model_request *request;
    cleave_graph *graph;
    int32_t n, hop, bins; /* N, H, F */
    int64_t frames;       /* T */
    int64_t plane;        /* T F */
    cleave_tensor window, floor;
} builder;

static cleave_tensor temporary(const builder *b, const char *label, int64_t count)
{
    return cleave_graph_tensor_add(b->graph, label, count, CLEAVE_TENSOR_TEMPORARY);
}

/* ---- constants ---- */
/* The power of two nearest to the window on a logarithmic scale. */
static int32_t window_frames(int32_t rate_hz)
{
    const int32_t n = 1 << (int32_t)floor(log2(WINDOW_SECONDS * rate_hz) + 0.5);

    return n > WINDOW_MIN ? n : WINDOW_MIN;
}

static cleave_tensor over_bins(const builder *b, const char *label,
                               void (*fill)(void *, size_t, const void *))
{
    const double width = (double)b->request->rate_hz / b->n;

    return cleave_graph_constant(b->graph, label, b->bins, fill, &width, sizeof width);
}

/* ---- steps in common ---- */
/* out = f(a, b), a and b from given floats on; b < 0: f takes one operand. */
static void elementwise(const builder *b, const char *label, cleave_elementwise_args args,
                        cleave_view first, cleave_view second, cleave_tensor out)
{
    const cleave_view both[] = {first, second, {out, 0}}, one[] = {first, {out, 0}};
    const int binary = second.tensor >= 0;

    cleave_graph_add(b->graph, label, CLEAVE_OP_ELEMENTWISE, &args, binary ? both : one,
                     binary ? 3 : 2);
}

static const cleave_view none = {-1, 0};

static cleave_tensor median(const builder *b, const char *label, cleave_tensor in, int32_t taps,
                            cleave_median_axis axis)
{
    const cleave_tensor out = temporary(b, label, b->plane);
    const cleave_median_args args = {
        .batch = 1,
        .rows = b->frames,
        .points = b->bins,
        .taps = taps,
        .axis = axis,
    };
    const cleave_view operands[] = {{in, 0}, {out, 0}};

    cleave_graph_add(b->graph, label, CLEAVE_OP_MEDIAN, &args, operands, 2);
    return out;
}

/* Means of two planes over boxes of frames and bins. */
static cleave_tensor means(const builder *b, const char *label, cleave_tensor in, int32_t frames,
                           int32_t bins)
{
    const cleave_tensor out = temporary(b, label, 2 * b->plane);
    const cleave_box_mean_args args = {
        .batch = 2,
        .rows = b->frames,
        .points = b->bins,
        .box_rows = frames,
        .box_points = bins,
    };
    const cleave_view operands[] = {{in, 0}, {out, 0}};

    cleave_graph_add(b->graph, label, CLEAVE_OP_BOX_MEAN, &args, operands, 2);
    return out;
}

/* ---- analysis ---- */
/* [C][2][T][F]. Every sample lies in four frames, so that the windows sum to 3/2 everywhere. */
static cleave_tensor transform(const builder *b, cleave_tensor input)
{
    const int64_t C = b->request->channels, V = b->request->segment_frames;
    const cleave_tensor spectra = temporary(b, "spectra", 2 * C * b->plane);
    const cleave_stft_args args = {
        .channels = (int32_t)C,
        .length = V,
        .in_stride = V,
        .n = b->n,
        .hop = b->hop,
        .start = b->hop - b->n,
        .frames = b->frames,
        .bins = b->bins,
        .scale = 1,
        .pad = CLEAVE_STFT_PAD_REFLECT,
        .layout = CLEAVE_STFT_LAYOUT_TF,
    };
    const cleave_view operands[] = {{input, 0}, {b->window, 0}, {spectra, 0}};

    cleave_graph_add(b->graph, "transform", CLEAVE_OP_STFT, &args, operands, 3);
    return spectra;
}

/* The spectra by which the mask is decided: those of one or two channels themselves, of more
 * channels those of left and right. */
static cleave_tensor stereo_of(const builder *b, cleave_tensor spectra)
{
    const int32_t C = b->request->channels;

    if (C <= 2)
        return spectra;
    const cleave_tensor stereo = temporary(b, "left and right", 4 * b->plane);
    const cleave_tensor matrix =
        cleave_graph_constant(b->graph, "downmix", 2 * C, cleave_center_downmix, &C, sizeof C);
    const cleave_mix_args args = {
        .inputs = C,
        .outputs = 2,
        .length = 2 * b->plane,
        .in_stride = 2 * b->plane,
        .out_stride = 2 * b->plane,
    };
    const cleave_view operands[] = {{spectra, 0}, {matrix, 0}, {stereo, 0}};

    cleave_graph_add(b->graph, "left and right", CLEAVE_OP_MIX, &args, operands, 3);
    return stereo;
}

/* Powers of the sides, [2][T][F], or of the only channel, [T][F]. */
static cleave_tensor powers_of(const builder *b, cleave_tensor stereo, int64_t sides)
{
    const cleave_tensor powers = temporary(b, "powers", sides * b->plane);

    for (int64_t k = 0; k < sides; k++) {
        const cleave_elementwise_args args = {.points = b->plane, .kind = CLEAVE_ELEMENTWISE_POWER};
        const cleave_view operands[] = {
            {stereo, 2 * k * b->plane}, {stereo, (2 * k + 1) * b->plane}, {powers, k * b->plane}};
        cleave_graph_add(b->graph, k ? "power right" : "power left", CLEAVE_OP_ELEMENTWISE, &args,
                         operands, 3);
    }
    return powers;
}

/* A = sqrt of the mean power of the sides. */
static cleave_tensor magnitude_of(const builder *b, cleave_tensor powers, int64_t sides)
{
    const cleave_tensor magnitude = temporary(b, "magnitude", b->plane);
    const cleave_elementwise_args mean = {
        .points = b->plane, .x = 0.5f, .y = 0.5f, .kind = CLEAVE_ELEMENTWISE_ADD};
    const cleave_elementwise_args root = {.points = b->plane, .kind = CLEAVE_ELEMENTWISE_SQRT};

    if (sides == 2) {
        elementwise(b, "mean power", mean, (cleave_view){powers, 0},
                    (cleave_view){powers, b->plane}, magnitude);
        elementwise(b, "magnitude", root, (cleave_view){magnitude, 0}, none, magnitude);
    } else {
        elementwise(b, "magnitude", root, (cleave_view){powers, 0}, none, magnitude);
    }
    return magnitude;
}

static void maximum(const builder *b, const char *label, cleave_tensor in, cleave_tensor out,
                    int64_t rows, int64_t points)
{
    const cleave_reduce_args args = {
        .rows = rows, .points = points, .in_stride = points, .kind = CLEAVE_REDUCE_MAX};
    const cleave_view operands[] = {{in, 0}, {out, 0}};

    cleave_graph_add(b->graph, label, CLEAVE_OP_REDUCE, &args, operands, 2);
}

static cleave_tensor floor_of(const builder *b, cleave_tensor magnitude)
{
    const cleave_tensor peaks = temporary(b, "peaks of frames", b->frames);
    const cleave_tensor peak = temporary(b, "peak", 1), level = temporary(b, "floor", 1);
    const cleave_elementwise_args square = {
        .points = 1, .x = FLOOR_RELATIVE, .kind = CLEAVE_ELEMENTWISE_MULTIPLY};
    const cleave_elementwise_args bound = {
        .points = 1, .x = FLOOR_MIN, .y = INFINITY, .kind = CLEAVE_ELEMENTWISE_CLAMP};

    maximum(b, "peaks of frames", magnitude, peaks, b->frames, b->bins);
    maximum(b, "peak", peaks, peak, 1, b->frames);
    elementwise(b, "relative floor", square, (cleave_view){peak, 0}, (cleave_view){peak, 0}, level);
    elementwise(b, "floor", bound, (cleave_view){level, 0}, none, level);
    return level;
}

/* ---- cues and mask of the voice ---- */
/* The median of the frames most like each frame. Frames are compared by the square root of their
 * magnitudes, so that loud partials do not decide alone. */
static cleave_tensor repeating_of(const builder *b, cleave_tensor magnitude)
{
    const cleave_tensor root = temporary(b, "root magnitude", b->plane);
    const cleave_tensor gram = temporary(b, "likeness", b->frames * b->frames);
    const cleave_tensor repeating = temporary(b, "repeating", b->plane);
    const cleave_elementwise_args sqrt_args = {.points = b->plane, .kind = CLEAVE_ELEMENTWISE_SQRT};
    const cleave_gram_args gram_args = {.rows = b->frames, .points = b->bins};
    const cleave_view gram_operands[] = {{root, 0}, {gram, 0}};
    const cleave_repetition_args args = {
        .frames = b->frames,
        .bins = b->bins,
        .picks = REPETITION_PICKS,
        .near = REPETITION_NEAR,
        .spread = REPETITION_SPREAD,
        .lead = FRAMES_BEFORE,
        .tail = FRAMES_AFTER,
        .alone = REPETITION_ALONE,
    };
    const cleave_view operands[] = {{magnitude, 0}, {gram, 0}, {repeating, 0}};

    elementwise(b, "root magnitude", sqrt_args, (cleave_view){magnitude, 0}, none, root);
    cleave_graph_add(b->graph, "likeness", CLEAVE_OP_GRAM, &gram_args, gram_operands, 2);
    cleave_graph_add(b->graph, "repeating", CLEAVE_OP_REPETITION, &args, operands, 3);
    return repeating;
}

/* Odds from prior and cues, then the mask from the odds of a bin and what lies around it. */
static cleave_tensor voice_of(const builder *b, cleave_tensor powers, cleave_tensor magnitude,
                              int32_t stereo)
{
    const cleave_tensor repeating = repeating_of(b, magnitude);
    const cleave_tensor broadband =
        median(b, "broadband", magnitude, PERCUSSIVE_BINS, CLEAVE_MEDIAN_ALONG);
    const cleave_tensor sides =
        stereo ? means(b, "powers around", powers, BALANCE_BOX, BALANCE_BOX) : -1;
    const cleave_tensor prior = over_bins(b, "prior", cleave_center_prior);
    const cleave_tensor odds = temporary(b, "odds", b->plane);
    const cleave_tensor parts = temporary(b, "voice and rest", 2 * b->plane);
    const cleave_voice_odds_args args = {
        .frames = b->frames,
        .bins = b->bins,
        .stereo = stereo,
        .repetition = 0.6f,
        .percussive = 0.3f,
        .balance = 2,
        .balance_floor = 0.01f,
        .limit = LOG_RATIO_LIMIT,
    };
    cleave_view operands[8] = {{magnitude, 0}, {repeating, 0}, {broadband, 0}};
    int32_t count = 3;

    if (stereo)
        operands[count++] = (cleave_view){sides, 0};
    operands[count++] = (cleave_view){prior, 0};
    operands[count++] = (cleave_view){b->floor, 0};
    operands[count++] = (cleave_view){odds, 0};
    operands[count++] = (cleave_view){parts, 0};
    cleave_graph_add(b->graph, "odds", CLEAVE_OP_VOICE_ODDS, &args, operands, count);

    const cleave_tensor around =
        means(b, "voice and rest around", parts, AROUND_FRAMES, AROUND_BINS);
    const cleave_tensor mask = temporary(b, "voice mask", b->plane);
    const cleave_voice_mask_args mask_args = {
        .points = b->plane, .self = 0.5f, .near = 1.3f, .limit = LOG_RATIO_LIMIT};
    const cleave_view mask_operands[] = {{odds, 0}, {around, 0}, {b->floor, 0}, {mask, 0}};
    cleave_graph_add(b->graph, "voice mask", CLEAVE_OP_VOICE_MASK, &mask_args, mask_operands, 4);
    return mask;
}

/* ---- masks of the rest ---- */
/* [S][T][F], the masks wanted of drums, bass and other. */
static cleave_tensor shares_of(const builder *b, cleave_tensor voice, cleave_tensor magnitude,
                               const int32_t wanted[CLEAVE_STEM_SHARES])
{
    const cleave_tensor rest = temporary(b, "rest", b->plane);
    const cleave_elementwise_args complement = {
        .points = b->plane, .x = -1, .y = 1, .kind = CLEAVE_ELEMENTWISE_AFFINE};
    const cleave_elementwise_args product = {
        .points = b->plane, .x = 1, .kind = CLEAVE_ELEMENTWISE_MULTIPLY};

    elementwise(b, "without voice", complement, (cleave_view){voice, 0}, none, rest);
    elementwise(b, "rest", product, (cleave_view){rest, 0}, (cleave_view){magnitude, 0}, rest);
    const cleave_tensor harmonic = median(b, "harmonic", rest, REST_FRAMES, CLEAVE_MEDIAN_ACROSS);
    const cleave_tensor percussive = median(b, "percussive", rest, REST_BINS, CLEAVE_MEDIAN_ALONG);
    const cleave_tensor kick = over_bins(b, "kick gain", cleave_center_kick);
    const cleave_tensor bass = over_bins(b, "bass share", cleave_center_bass);

    cleave_stem_shares_args args = {.frames = b->frames, .bins = b->bins};
    int64_t count = 0;
    for (int k = 0; k < CLEAVE_STEM_SHARES; k++)
        count += args.wanted[k] = wanted[k];
    const cleave_tensor shares = temporary(b, "shares", count * b->plane);
    const cleave_view operands[] = {{voice, 0}, {harmonic, 0}, {percussive, 0}, {kick, 0},
                                    {bass, 0},  {b->floor, 0}, {shares, 0}};
    cleave_graph_add(b->graph, "shares", CLEAVE_OP_STEM_SHARES, &args, operands, 7);
    return shares;
}

/* ---- synthesis ---- */
/* One stem, [C][V]: the spectra under a mask, transformed back. */
static void synthesise(const builder *b, const char *label, cleave_tensor spectra, cleave_view mask,
                       cleave_view out)
{
    const int32_t C = b->request->channels;
    const int64_t V = b->request->segment_frames;
    const cleave_tensor masked = temporary(b, "masked spectra", 2 * C * b->plane);
    const cleave_complex_mask_args mask_args = {
        .stems = 1, .channels = C, .mask_channels = 1, .points = b->plane};
    const cleave_view mask_operands[] = {{spectra, 0}, mask, {masked, 0}};
    const cleave_istft_args args = {
        .channels = C,
        .length = V,
        .out_stride = V,
        .n = b->n,
        .hop = b->hop,
        .start = b->hop - b->n,
        .frames = b->frames,
        .bins = b->bins,
        .scale = 2.0f / 3,
        .layout = CLEAVE_STFT_LAYOUT_TF,
    };
    const cleave_view operands[] = {{masked, 0}, {b->window, 0}, out};

    cleave_graph_add(b->graph, label, CLEAVE_OP_COMPLEX_MASK, &mask_args, mask_operands, 3);
    cleave_graph_add(b->graph, label, CLEAVE_OP_ISTFT, &args, operands, 3);
}

/* out = first - second. */
static void subtract(const builder *b, const char *label, cleave_view first, cleave_view second,
                     cleave_view out)
{
    const cleave_elementwise_args args = {
        .points = b->request->channels * b->request->segment_frames,
        .x = 1,
        .y = -1,
        .kind = CLEAVE_ELEMENTWISE_ADD,
    };
    const cleave_view operands[] = {first, second, out};

    cleave_graph_add(b->graph, label, CLEAVE_OP_ELEMENTWISE, &args, operands, 3);
}

/* Where a stem of the partition goes in the output; tensor -1 if it is not asked for. */
static cleave_view place_of(const builder *b, cleave_tensor output, int32_t stem)
{
    const cleave_model_request *const request = b->request;

    for (int32_t s = 0; s < request->stem_count; s++)
        if (request->stems[s] == stem)
            return (cleave_view){output, s * request->channels * request->segment_frames};
    return none;
}

static void build_two(const builder *b, cleave_tensor spectra, cleave_tensor voice,
                      const cleave_model_ports *ports)
{
    const cleave_view accompaniment = place_of(b, ports->output, ACCOMPANIMENT);
    cleave_view vocals = place_of(b, ports->output, VOCALS);

    if (vocals.tensor < 0)
        vocals.tensor = temporary(b, "vocals", b->request->channels * b->request->segment_frames);
    synthesise(b, "vocals", spectra, (cleave_view){voice, 0}, vocals);
    if (accompaniment.tensor >= 0)
        subtract(b, "accompaniment", (cleave_view){ports->input, 0}, vocals, accompaniment);
}

/* Other is what the three leave of the mixture where all are asked for: their sum is then exact. */
static void build_four(const builder *b, cleave_tensor spectra, cleave_tensor voice,
                       cleave_tensor magnitude, const cleave_model_ports *ports)
{
    static const char *const label[] = {"vocals", "drums", "bass", "other"};
    const int all = b->request->stem_count == 4;
    cleave_view place[4];
    int32_t wanted[CLEAVE_STEM_SHARES];
    cleave_tensor shares = -1;
    int64_t mask = 0;

    for (int32_t s = VOCALS; s <= OTHER; s++)
        place[s] = place_of(b, ports->output, s);
    for (int32_t k = 0; k < CLEAVE_STEM_SHARES; k++)
        wanted[k] = place[DRUMS + k].tensor >= 0 && !(all && DRUMS + k == OTHER);
    if (wanted[0] || wanted[1] || wanted[2])
        shares = shares_of(b, voice, magnitude, wanted);

    if (place[VOCALS].tensor >= 0)
        synthesise(b, label[VOCALS], spectra, (cleave_view){voice, 0}, place[VOCALS]);
    for (int32_t k = 0; k < CLEAVE_STEM_SHARES; k++)
        if (wanted[k])
            synthesise(b, label[DRUMS + k], spectra, (cleave_view){shares, mask++ * b->plane},
                       place[DRUMS + k]);
    if (!all)
        return;
    subtract(b, label[OTHER], (cleave_view){ports->input, 0}, place[VOCALS], place[OTHER]);
    subtract(b, label[OTHER], place[OTHER], place[DRUMS], place[OTHER]);
    subtract(b, label[OTHER], place[OTHER], place[BASS], place[OTHER]);
}

static void build(const cleave_model_request *request, cleave_graph *graph,
                  cleave_model_ports *ports)
{
    const int64_t C = request->channels, V = request->segment_frames;
    const int32_t n = window_frames(request->rate_hz);
    const int64_t sides = C == 1 ? 1 : 2;
    builder b = {.request = request, .graph = graph, .n = n, .hop = n / HOPS, .bins = n / 2 + 1};

    if (V < n) {
        cleave_graph_fail(graph, CLEAVE_UNSUPPORTED,
                          "segment_seconds %.6g: model center at %d Hz needs %.6g or more",
                          (double)V / request->rate_hz, (int)request->rate_hz,
                          (double)n / request->rate_hz);
        return;
    }
    b.frames = cleave_div_up(V + n - b.hop, b.hop);
    b.plane = b.frames * b.bins;
    b.window = cleave_graph_constant(graph, "window", n, cleave_center_window, NULL, 0);
    ports->input = cleave_graph_tensor_add(graph, "input", C * V, CLEAVE_TENSOR_INPUT);

    const cleave_tensor spectra = transform(&b, ports->input);
    const cleave_tensor powers = powers_of(&b, stereo_of(&b, spectra), sides);
    const cleave_tensor magnitude = magnitude_of(&b, powers, sides);
    b.floor = floor_of(&b, magnitude);
    const cleave_tensor voice = voice_of(&b, powers, magnitude, sides == 2);

    ports->output =
        cleave_graph_tensor_add(graph, "stems", request->stem_count * C * V, CLEAVE_TENSOR_OUTPUT);
    if (request->partition == TWO_STEMS)
        build_two(&b, spectra, voice, ports);
    else
        build_four(&b, spectra, voice, magnitude, ports);
}

const cleave_model cleave_model_center = {
    .info =
        {
            .name = "center",
            .description = "voice against accompaniment by repetition, balance and spectrum, "
                           "without weights",
            .stem_count = 4,
            .stems = {"vocals", "drums", "bass", "other"},
            .default_stem_count = 2,
            .default_stems = {"vocals", "accompaniment"},
            .channels_min = 1,
            .channels_max = CLEAVE_CHANNELS_MAX,
        },
    .segment_seconds = 12,
    .partition_count = 2,
    .partition =
        {
            [TWO_STEMS] = {.stem_count = 2, .stems = {"vocals", "accompaniment"}},
            [FOUR_STEMS] = {.stem_count = 4, .stems = {"vocals", "drums", "bass", "other"}},
        },
    .build = build,
};
