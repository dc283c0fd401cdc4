/* normalize.c: one loudness all along, or for a whole track at once. The latter needs the track
 * before its first frame comes out, so the engine refuses it and the host does it. */
#include "runtime/effects/list.h"

#include <math.h>
#include <string.h>

#include "kernels/level/level.h"
#include "runtime/error.h"
#include "runtime/k_weighting.h"

#define SILENCE_DB     -70.0 /* the absolute gate of BS.1770: below it the gain stays */
#define WEIGHT_DOUBLES 16    /* of K-weighting in the parameters, a cache line's multiple */

enum { TARGET, UNIT, WINDOW, GAIN_MAX, LOOKAHEAD };
enum { UNIT_LUFS, UNIT_RMS, UNIT_PEAK };

_Static_assert(CLEAVE_K_SECTIONS *CLEAVE_BIQUAD_COEFFICIENTS <= WEIGHT_DOUBLES, "there is room");

static const cleave_fx_parameter parameters[] = {
    {"target", "LUFS or dB", "the level to come to", -70, 0, -16, NULL, 0},
    {"unit", "", "what is levelled: loudness, mean square, or the highest peak", 0, UNIT_PEAK,
     UNIT_LUFS, "lufs|rms|peak", 1},
    {"window", "s", "that the level is taken over; 0: the whole track", 0, 60, 0, NULL, 1},
    {"gain_max", "dB", "that it lifts or lowers at most, with a window", 0, 60, 20, NULL, 0},
    {"lookahead", "s", "by which the gain comes before the sound, with a window", 0, 30, 0, NULL,
     1},
};

/* Steps of the grid. */
static int64_t steps(const cleave_effect_site *site, int32_t parameter)
{
    return (cleave_effect_frames(site, cleave_effect_value(site, parameter)) +
            CLEAVE_GRID_FRAMES / 2) /
           CLEAVE_GRID_FRAMES;
}

static cleave_status check(const cleave_effect_site *site, cleave_error *error)
{
    if (cleave_effect_value(site, UNIT) == UNIT_PEAK)
        return cleave_error_set(error, CLEAVE_UNSUPPORTED,
                                "normalize: unit peak is of a whole track, not of a stream");
    if (steps(site, WINDOW) < 1)
        return cleave_error_set(error, CLEAVE_UNSUPPORTED,
                                "normalize: a stream needs a window; without one the whole track "
                                "is measured first");
    return CLEAVE_OK;
}

static int64_t latency_frames(const cleave_effect_site *site)
{
    return steps(site, LOOKAHEAD) * CLEAVE_GRID_FRAMES;
}

static int64_t derived_count(const cleave_effect_site *site)
{
    (void)site;
    return WEIGHT_DOUBLES + CLEAVE_LEVEL_PARAMETERS;
}

/* Table 3 of BS.1770-4 for the order of channels in WAV files: L R C LFE, then surround; without
 * LFE for 5 channels, without LFE and C for 4. */
static double loudness_weight(int32_t channels, int32_t c)
{
    const int32_t front = channels == 4 ? 2 : 3;

    if (channels < 4 || c < front)
        return 1;
    return channels >= 6 && c == 3 ? 0 : 1.41;
}

static void derive(const cleave_effect_site *site, double *derived)
{
    const int is_loudness = cleave_effect_value(site, UNIT) == UNIT_LUFS;
    const double window_s = cleave_effect_value(site, WINDOW);
    const double gain_max = pow(10, cleave_effect_value(site, GAIN_MAX) / 20);
    const double offset_db = is_loudness ? 0.691 : 0; /* LUFS = -0.691 + 10 log10(mean square) */
    double *const level = derived + WEIGHT_DOUBLES;

    memset(derived, 0, (size_t)derived_count(site) * sizeof *derived);
    cleave_k_weighting(site->rate_hz, derived);
    level[CLEAVE_LEVEL_TARGET] = pow(10, (cleave_effect_value(site, TARGET) + offset_db) / 10);
    level[CLEAVE_LEVEL_GATE] = pow(10, (SILENCE_DB + offset_db) / 10);
    level[CLEAVE_LEVEL_GAIN_MIN] = 1 / gain_max;
    level[CLEAVE_LEVEL_GAIN_MAX] = gain_max;
    level[CLEAVE_LEVEL_RISE] = level[CLEAVE_LEVEL_FALL] =
        -expm1(-CLEAVE_GRID_FRAMES / (site->rate_hz * window_s / 4));
    for (int32_t c = 0; c < site->channels; c++)
        level[CLEAVE_LEVEL_WEIGHTS + c] =
            is_loudness ? loudness_weight(site->channels, c) : 1.0 / site->channels;
}

/* The signal as loudness hears it, in a tensor of its own. */
static cleave_view build_weighting(const cleave_effect_site *site, const cleave_effect_wires *wires)
{
    const cleave_biquad_args args = {
        .streams = site->streams,
        .channels = site->channels,
        .sections = CLEAVE_K_SECTIONS,
        .frames_max = site->frames_max,
        .in_stride = site->stride,
        .out_stride = site->stride,
    };
    const cleave_tensor state = cleave_graph_tensor_add(
        wires->graph, wires->label, site->streams * cleave_biquad_state_floats(&args),
        CLEAVE_TENSOR_STATE);
    const cleave_tensor key = cleave_graph_tensor_add(wires->graph, wires->label,
                                                      site->streams * site->channels * site->stride,
                                                      CLEAVE_TENSOR_TEMPORARY);
    const cleave_view operands[] = {
        wires->in, {key, 0}, wires->block, wires->parameters, {state, 0}};

    cleave_graph_add(wires->graph, wires->label, CLEAVE_OP_BIQUAD, &args, operands, 5);
    return (cleave_view){key, 0};
}

static void build(const cleave_effect_site *site, const cleave_effect_wires *wires)
{
    const cleave_level_args args = {
        .streams = site->streams,
        .channels = site->channels,
        .window_steps = steps(site, WINDOW),
        .delay_steps = steps(site, LOOKAHEAD),
        .frames_max = site->frames_max,
        .in_stride = site->stride,
        .key_stride = site->stride,
        .out_stride = site->stride,
    };
    const int is_loudness = cleave_effect_value(site, UNIT) == UNIT_LUFS;
    const cleave_view key = is_loudness ? build_weighting(site, wires) : wires->in;
    const cleave_tensor state = cleave_graph_tensor_add(
        wires->graph, wires->label, site->streams * cleave_level_state_floats(&args),
        CLEAVE_TENSOR_STATE);
    const cleave_view parameters_of = {wires->parameters.tensor,
                                       wires->parameters.floats + 2 * WEIGHT_DOUBLES};
    const cleave_view operands[] = {wires->in,    key,           wires->out,
                                    wires->block, parameters_of, {state, 0}};

    cleave_graph_add(wires->graph, wires->label, CLEAVE_OP_LEVEL, &args, operands, 6);
}

const cleave_effect cleave_effect_normalize = {
    .kind = {.name = "normalize",
             .description = "brings the level to a target: of the whole track, or as it goes along",
             .parameter_count = sizeof parameters / sizeof parameters[0],
             .parameters = parameters},
    .check = check,
    .latency_frames = latency_frames,
    .derived_count = derived_count,
    .derive = derive,
    .build = build,
};
