/* fader.c: gain, pan, width, mix and fades: matrices of channels. */
#include "runtime/effects/list.h"

#include <math.h>
#include <string.h>

#include "kernels/fader/fader.h"
#include "runtime/error.h"

static int64_t fader_count(const cleave_effect_site *site)
{
    return (int64_t)site->channels * site->channels + CLEAVE_FADER_PARAMETERS;
}

/* A matrix that scales every channel alike, and no fades. */
static double *derive_gain(const cleave_effect_site *site, double gain, double *derived)
{
    const int64_t C = site->channels;
    double *const fade = derived + C * C;

    memset(derived, 0, (size_t)(C * C) * sizeof *derived);
    for (int64_t c = 0; c < C; c++)
        derived[c * C + c] = gain;
    fade[CLEAVE_FADER_IN] = 0;
    fade[CLEAVE_FADER_END] = -1;
    fade[CLEAVE_FADER_OUT] = 0;
    return fade;
}

static void build_curve(const cleave_effect_site *site, const cleave_effect_wires *wires,
                        cleave_fader_curve curve)
{
    const cleave_fader_args args = {
        .streams = site->streams,
        .channels = site->channels,
        .frames_max = site->frames_max,
        .stride = site->stride,
        .curve = curve,
    };
    const cleave_tensor state = cleave_graph_tensor_add(
        wires->graph, wires->label, site->streams * cleave_fader_state_floats(site->channels),
        CLEAVE_TENSOR_STATE);
    const cleave_view operands[] = {
        wires->in, wires->block, wires->parameters, wires->out, {state, 0}};

    cleave_graph_add(wires->graph, wires->label, CLEAVE_OP_FADER, &args, operands, 5);
}

static void build(const cleave_effect_site *site, const cleave_effect_wires *wires)
{
    build_curve(site, wires, CLEAVE_FADER_LINEAR);
}

/* ---- gain ---- */

static const cleave_fx_parameter gain_parameters[] = {
    {"gain", "dB", "of all channels", -120, 60, 0, NULL, 0},
};

static void gain_derive(const cleave_effect_site *site, double *derived)
{
    derive_gain(site, pow(10, cleave_effect_value(site, 0) / 20), derived);
}

const cleave_effect cleave_effect_gain = {
    .kind = {.name = "gain",
             .description = "louder or softer",
             .parameter_count = 1,
             .parameters = gain_parameters},
    .derived_count = fader_count,
    .derive = gain_derive,
    .build = build,
};

/* ---- pan, width: of two channels ---- */

static cleave_status check_stereo(const cleave_effect_site *site, const char *name,
                                  cleave_error *error)
{
    if (site->channels == 2)
        return CLEAVE_OK;
    return cleave_error_set(error, CLEAVE_UNSUPPORTED, "%s: works on 2 channels, not on %d", name,
                            (int)site->channels);
}

static const cleave_fx_parameter pan_parameters[] = {
    {"position", "", "-1 left, 0 as it is, 1 right", -1, 1, 0, NULL, 0},
};

static cleave_status pan_check(const cleave_effect_site *site, cleave_error *error)
{
    return check_stereo(site, "pan", error);
}

/* A balance: the side that is turned to stays as it is, the other fades by the sine law. */
static void pan_derive(const cleave_effect_site *site, double *derived)
{
    const double position = cleave_effect_value(site, 0);
    const double rest = cos(fabs(position) * 1.5707963267948966);

    derive_gain(site, 1, derived);
    derived[position > 0 ? 0 : 3] = fabs(position) == 1 ? 0 : rest;
}

const cleave_effect cleave_effect_pan = {
    .kind = {.name = "pan",
             .description = "the balance of left and right",
             .parameter_count = 1,
             .parameters = pan_parameters},
    .check = pan_check,
    .derived_count = fader_count,
    .derive = pan_derive,
    .build = build,
};

static const cleave_fx_parameter width_parameters[] = {
    {"width", "", "0 mono, 1 as it is, 2 the sides doubled", 0, 2, 1, NULL, 0},
};

static cleave_status width_check(const cleave_effect_site *site, cleave_error *error)
{
    return check_stereo(site, "width", error);
}

/* left = M + w S, right = M - w S, with M and S half of sum and difference. */
static void width_derive(const cleave_effect_site *site, double *derived)
{
    const double width = cleave_effect_value(site, 0);

    derive_gain(site, (1 + width) / 2, derived);
    derived[1] = derived[2] = (1 - width) / 2;
}

const cleave_effect cleave_effect_width = {
    .kind = {.name = "width",
             .description = "how far left and right lie apart",
             .parameter_count = 1,
             .parameters = width_parameters},
    .check = width_check,
    .derived_count = fader_count,
    .derive = width_derive,
    .build = build,
};

/* ---- mix ---- */

static const cleave_fx_parameter mix_parameters[] = {
    {"amount", "", "0 as it is, 1 all channels the same", 0, 1, 1, NULL, 0},
};

static void mix_derive(const cleave_effect_site *site, double *derived)
{
    const int64_t C = site->channels;
    const double amount = cleave_effect_value(site, 0);

    derive_gain(site, 1 - amount, derived);
    for (int64_t i = 0; i < C * C; i++)
        derived[i] += amount / (double)C;
}

const cleave_effect cleave_effect_mix = {
    .kind = {.name = "mix",
             .description = "every channel mixed with the mean of all",
             .parameter_count = 1,
             .parameters = mix_parameters},
    .derived_count = fader_count,
    .derive = mix_derive,
    .build = build,
};

/* ---- fade ---- */

enum { FADE_IN, FADE_OUT, FADE_END, FADE_CURVE };

static const cleave_fx_parameter fade_parameters[] = {
    {"in", "s", "of the fade-in at the start", 0, 3600, 0, NULL, 0},
    {"out", "s", "of the fade-out before the end", 0, 3600, 0, NULL, 0},
    {"end", "s", "where the fade-out is complete; 0: at the end of the file, which the host knows",
     0, 1e6, 0, NULL, 0},
    {"curve", "", "of the gain", 0, CLEAVE_FADER_SMOOTH, CLEAVE_FADER_LINEAR,
     "linear|square|smooth", 1},
};

static void fade_derive(const cleave_effect_site *site, double *derived)
{
    double *const fade = derive_gain(site, 1, derived);
    const double end = cleave_effect_value(site, FADE_END);

    fade[CLEAVE_FADER_IN] = floor(cleave_effect_value(site, FADE_IN) * site->rate_hz + 0.5);
    if (end > 0) {
        fade[CLEAVE_FADER_END] = floor(end * site->rate_hz + 0.5);
        fade[CLEAVE_FADER_OUT] = floor(cleave_effect_value(site, FADE_OUT) * site->rate_hz + 0.5);
    }
}

static cleave_status fade_check(const cleave_effect_site *site, cleave_error *error)
{
    if (cleave_effect_value(site, FADE_OUT) > 0 && cleave_effect_value(site, FADE_END) == 0)
        return cleave_error_set(error, CLEAVE_INVALID,
                                "fade: out %g s: where the stream ends is not known; give end",
                                cleave_effect_value(site, FADE_OUT));
    return CLEAVE_OK;
}

static void fade_build(const cleave_effect_site *site, const cleave_effect_wires *wires)
{
    build_curve(site, wires, (cleave_fader_curve)cleave_effect_value(site, FADE_CURVE));
}

const cleave_effect cleave_effect_fade = {
    .kind = {.name = "fade",
             .description = "from silence at the start, into silence at the end",
             .parameter_count = 4,
             .parameters = fade_parameters},
    .check = fade_check,
    .derived_count = fader_count,
    .derive = fade_derive,
    .build = fade_build,
};
