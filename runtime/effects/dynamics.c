/* dynamics.c: compressor and gate: gains that follow the level. */
#include "runtime/effects/list.h"

#include <math.h>

#include "kernels/compress/compress.h"

#define OCTAVE_DB 6.020599913279624 /* levels and gains of the op are logarithms to base 2 */

/* What both are made of, in the units of their user. */
typedef struct settings {
    double threshold_db, knee_db, slope, range_db, makeup_db, link;
    double attack_s, release_s, window_s, hold_s, lookahead_s;
    int32_t expand, rms;
} settings;

/* Those of a compressor or a gate, whichever stands in the place. */
static settings settings_of(const cleave_effect_site *site);

/* Of the way to its goal that a smoothing of so many seconds goes in one frame. */
static double share(const cleave_effect_site *site, double seconds)
{
    return -expm1(-1 / (seconds * site->rate_hz));
}

static int64_t count(const cleave_effect_site *site)
{
    (void)site;
    return CLEAVE_COMPRESS_PARAMETERS;
}

static int64_t latency_frames(const cleave_effect_site *site)
{
    return cleave_effect_frames(site, settings_of(site).lookahead_s);
}

static void derive(const cleave_effect_site *site, double *derived)
{
    const settings s = settings_of(site);
    const double half_knee = s.knee_db / OCTAVE_DB / 2;

    derived[CLEAVE_COMPRESS_THRESHOLD] = s.threshold_db / OCTAVE_DB;
    derived[CLEAVE_COMPRESS_HALF_KNEE] = half_knee;
    derived[CLEAVE_COMPRESS_KNEE_FACTOR] = half_knee > 0 ? 1 / (4 * half_knee) : 0;
    derived[CLEAVE_COMPRESS_SLOPE] = s.slope;
    derived[CLEAVE_COMPRESS_RANGE] = fmin(s.range_db / OCTAVE_DB, CLEAVE_COMPRESS_RANGE_MAX);
    derived[CLEAVE_COMPRESS_MAKEUP] = s.makeup_db / OCTAVE_DB;
    derived[CLEAVE_COMPRESS_LINK] = s.link;
    derived[CLEAVE_COMPRESS_ATTACK] = share(site, s.attack_s);
    derived[CLEAVE_COMPRESS_RELEASE] = share(site, s.release_s);
    derived[CLEAVE_COMPRESS_DETECT] = share(site, s.window_s);
}

static void build(const cleave_effect_site *site, const cleave_effect_wires *wires)
{
    const settings s = settings_of(site);
    const cleave_compress_args args = {
        .streams = site->streams,
        .channels = site->channels,
        .has_meter = 1,
        .expand = s.expand,
        .rms = s.rms,
        .frames_max = site->frames_max,
        .in_stride = site->stride,
        .out_stride = site->stride,
        .lookahead = (int32_t)cleave_effect_frames(site, s.lookahead_s),
        .hold = (int32_t)cleave_effect_frames(site, s.hold_s),
    };
    const cleave_tensor state = cleave_graph_tensor_add(
        wires->graph, wires->label, site->streams * cleave_compress_state_floats(&args),
        CLEAVE_TENSOR_STATE);
    const cleave_view operands[] = {wires->in,  wires->block, wires->parameters,
                                    {state, 0}, wires->out,   wires->report};

    cleave_graph_add(wires->graph, wires->label, CLEAVE_OP_COMPRESS, &args, operands, 6);
}

/* ---- compressor ---- */

enum {
    COMPRESSOR_THRESHOLD,
    COMPRESSOR_RATIO,
    COMPRESSOR_ATTACK,
    COMPRESSOR_RELEASE,
    COMPRESSOR_KNEE,
    COMPRESSOR_MAKEUP,
    COMPRESSOR_DETECTOR,
    COMPRESSOR_WINDOW,
    COMPRESSOR_LINK,
    COMPRESSOR_LOOKAHEAD
};

static const cleave_fx_parameter compressor_parameters[] = {
    {"threshold", "dB", "above which it takes away, of full scale", -80, 0, -20, NULL, 0},
    {"ratio", "", "dB that come in for one that goes out, above the threshold", 1, INFINITY, 4,
     NULL, 0},
    {"attack", "s", "in which it goes 63 % of the way down", 0.00001, 2, 0.005, NULL, 0},
    {"release", "s", "in which it comes 63 % of the way back", 0.001, 10, 0.1, NULL, 0},
    {"knee", "dB", "over which the ratio sets in", 0, 40, 6, NULL, 0},
    {"makeup", "dB", "gain behind it", -24, 24, 0, NULL, 0},
    {"detector", "", "what it listens to", 0, 1, 0, "peak|rms", 1},
    {"window", "s", "of the mean square that rms listens to", 0.001, 1, 0.01, NULL, 0},
    {"link", "", "1: channels are lowered together, 0: each for itself", 0, 1, 1, NULL, 0},
    {"lookahead", "s", "by which the gain comes before the sound", 0, 0.1, 0, NULL, 1},
};

static settings compressor_settings(const cleave_effect_site *site)
{
    return (settings){
        .threshold_db = cleave_effect_value(site, COMPRESSOR_THRESHOLD),
        .knee_db = cleave_effect_value(site, COMPRESSOR_KNEE),
        .slope = 1 - 1 / cleave_effect_value(site, COMPRESSOR_RATIO),
        .range_db = INFINITY,
        .makeup_db = cleave_effect_value(site, COMPRESSOR_MAKEUP),
        .link = cleave_effect_value(site, COMPRESSOR_LINK),
        .attack_s = cleave_effect_value(site, COMPRESSOR_ATTACK),
        .release_s = cleave_effect_value(site, COMPRESSOR_RELEASE),
        .window_s = cleave_effect_value(site, COMPRESSOR_WINDOW),
        .lookahead_s = cleave_effect_value(site, COMPRESSOR_LOOKAHEAD),
        .rms = cleave_effect_value(site, COMPRESSOR_DETECTOR) == 1,
    };
}

const cleave_effect cleave_effect_compressor = {
    .kind = {.name = "compressor",
             .description = "makes what is loud less loud",
             .parameter_count = sizeof compressor_parameters / sizeof compressor_parameters[0],
             .parameters = compressor_parameters},
    .reports = 1,
    .latency_frames = latency_frames,
    .derived_count = count,
    .derive = derive,
    .build = build,
};

/* ---- gate ---- */

enum {
    GATE_THRESHOLD,
    GATE_RATIO,
    GATE_RANGE,
    GATE_ATTACK,
    GATE_RELEASE,
    GATE_HOLD,
    GATE_KNEE,
    GATE_DETECTOR,
    GATE_WINDOW,
    GATE_LINK,
    GATE_LOOKAHEAD
};

static const cleave_fx_parameter gate_parameters[] = {
    {"threshold", "dB", "below which it takes away, of full scale", -120, 0, -50, NULL, 0},
    {"ratio", "", "dB that go out for one that comes in, below the threshold", 1, 1000, 10, NULL,
     0},
    {"range", "dB", "that it takes away at most", 0, 120, 60, NULL, 0},
    {"attack", "s", "in which it goes 63 % of the way open", 0.00001, 1, 0.001, NULL, 0},
    {"release", "s", "in which it goes 63 % of the way shut", 0.001, 10, 0.1, NULL, 0},
    {"hold", "s", "that it stays open after it was", 0, 2, 0.05, NULL, 1},
    {"knee", "dB", "over which the ratio sets in", 0, 40, 0, NULL, 0},
    {"detector", "", "what it listens to", 0, 1, 0, "peak|rms", 1},
    {"window", "s", "of the mean square that rms listens to", 0.001, 1, 0.01, NULL, 0},
    {"link", "", "1: channels are lowered together, 0: each for itself", 0, 1, 1, NULL, 0},
    {"lookahead", "s", "by which the gain comes before the sound", 0, 0.1, 0, NULL, 1},
};

static settings gate_settings(const cleave_effect_site *site)
{
    return (settings){
        .threshold_db = cleave_effect_value(site, GATE_THRESHOLD),
        .knee_db = cleave_effect_value(site, GATE_KNEE),
        .slope = cleave_effect_value(site, GATE_RATIO) - 1,
        .range_db = cleave_effect_value(site, GATE_RANGE),
        .link = cleave_effect_value(site, GATE_LINK),
        .attack_s = cleave_effect_value(site, GATE_ATTACK),
        .release_s = cleave_effect_value(site, GATE_RELEASE),
        .window_s = cleave_effect_value(site, GATE_WINDOW),
        .hold_s = cleave_effect_value(site, GATE_HOLD),
        .lookahead_s = cleave_effect_value(site, GATE_LOOKAHEAD),
        .expand = 1,
        .rms = cleave_effect_value(site, GATE_DETECTOR) == 1,
    };
}

const cleave_effect cleave_effect_gate = {
    .kind = {.name = "gate",
             .description = "makes what is soft softer, down to silence",
             .parameter_count = sizeof gate_parameters / sizeof gate_parameters[0],
             .parameters = gate_parameters},
    .reports = 1,
    .latency_frames = latency_frames,
    .derived_count = count,
    .derive = derive,
    .build = build,
};

static settings settings_of(const cleave_effect_site *site)
{
    return cleave_effect_at(site->values->kind) == &cleave_effect_gate ? gate_settings(site)
                                                                       : compressor_settings(site);
}
