/* equalizer.c: the equaliser and the simple filters, all cascades of sections of second order. */
#include "runtime/effects/list.h"

#include <math.h>

#include "kernels/biquad/biquad.h"
#include "runtime/effects/section.h"
#include "runtime/error.h"

/* Sections of a pass at most: 48 dB an octave. */
#define PASS_SECTIONS_MAX 4

static cleave_status check_frequency(const cleave_effect_site *site, const char *name,
                                     double frequency_hz, cleave_error *error)
{
    if (frequency_hz < site->rate_hz / 2.0)
        return CLEAVE_OK;
    return cleave_error_set(error, CLEAVE_INVALID,
                            "%s: frequency %g Hz: must be below %g Hz, half of the sample rate",
                            name, frequency_hz, site->rate_hz / 2.0);
}

/* Sections one after the other, from [sections][5] doubles. */
static void build_sections(const cleave_effect_site *site, const cleave_effect_wires *wires,
                           int64_t sections)
{
    const cleave_biquad_args args = {
        .streams = site->streams,
        .channels = site->channels,
        .sections = sections,
        .frames_max = site->frames_max,
        .in_stride = site->stride,
        .out_stride = site->stride,
    };
    const cleave_tensor state = cleave_graph_tensor_add(
        wires->graph, wires->label, site->streams * cleave_biquad_state_floats(&args),
        CLEAVE_TENSOR_STATE);
    const cleave_view operands[] = {
        wires->in, wires->out, wires->block, wires->parameters, {state, 0}};

    cleave_graph_add(wires->graph, wires->label, CLEAVE_OP_BIQUAD, &args, operands, 5);
}

/* ---- eq ---- */

static cleave_status eq_check(const cleave_effect_site *site, cleave_error *error)
{
    cleave_status status = CLEAVE_OK;

    if (site->values->band_count == 0)
        return cleave_error_set(error, CLEAVE_INVALID, "eq: needs a band, such as 1000/-3/1");
    for (int32_t b = 0; status == CLEAVE_OK && b < site->values->band_count; b++)
        status = check_frequency(site, "eq: band", site->values->band[b].frequency_hz, error);
    return status;
}

static int64_t eq_count(const cleave_effect_site *site)
{
    return (int64_t)site->values->band_count * CLEAVE_BIQUAD_COEFFICIENTS;
}

static void eq_derive(const cleave_effect_site *site, double *derived)
{
    for (int32_t b = 0; b < site->values->band_count; b++)
        cleave_section_from_band(&site->values->band[b], site->rate_hz,
                                 derived + b * CLEAVE_BIQUAD_COEFFICIENTS);
}

static void eq_build(const cleave_effect_site *site, const cleave_effect_wires *wires)
{
    build_sections(site, wires, site->values->band_count);
}

const cleave_effect cleave_effect_eq = {
    .kind = {.name = "eq",
             .description =
                 "parametric equaliser of up to 32 bands: peaks, shelves, passes, notches",
             .has_bands = 1},
    .check = eq_check,
    .derived_count = eq_count,
    .derive = eq_derive,
    .build = eq_build,
};

/* ---- highpass, lowpass: Butterworth filters of order 2, 4, 6, 8 ---- */

enum { PASS_FREQUENCY, PASS_SLOPE };

#define PASS_PARAMETERS(usual)                                                                     \
    {                                                                                              \
        {                                                                                          \
            "frequency",                                                                           \
            "Hz",                                                                                  \
            "where it lets 3 dB less through",                                                     \
            1,                                                                                     \
            CLEAVE_FX_RATE_HZ_MAX / 2,                                                             \
            usual,                                                                                 \
            NULL,                                                                                  \
            0},                                                                                    \
        {                                                                                          \
            "slope", "dB/octave", "of the side that it takes away", 0, PASS_SECTIONS_MAX - 1, 0,   \
                "12|24|36|48", 1                                                                   \
        }                                                                                          \
    }

static const cleave_fx_parameter highpass_parameters[] = PASS_PARAMETERS(80);
static const cleave_fx_parameter lowpass_parameters[] = PASS_PARAMETERS(12000);

static int64_t pass_sections(const cleave_effect_site *site)
{
    return 1 + (int64_t)cleave_effect_value(site, PASS_SLOPE);
}

static int64_t pass_count(const cleave_effect_site *site)
{
    return pass_sections(site) * CLEAVE_BIQUAD_COEFFICIENTS;
}

/* The pairs of poles of a Butterworth filter of order 2n are those of sections with the Q of
 * 1 / (2 cos(pi (2k + 1) / 4n)), k = 0 .. n-1. */
static void pass_derive(const cleave_effect_site *site, cleave_fx_shape shape, double *derived)
{
    const int64_t sections = pass_sections(site);

    for (int64_t k = 0; k < sections; k++) {
        const double angle = 3.141592653589793 * (double)(2 * k + 1) / (double)(4 * sections);
        const cleave_fx_band band = {
            .shape = shape,
            .frequency_hz = cleave_effect_value(site, PASS_FREQUENCY),
            .q = 1 / (2 * cos(angle)),
        };
        cleave_section_from_band(&band, site->rate_hz, derived + k * CLEAVE_BIQUAD_COEFFICIENTS);
    }
}

static void pass_build(const cleave_effect_site *site, const cleave_effect_wires *wires)
{
    build_sections(site, wires, pass_sections(site));
}

static cleave_status highpass_check(const cleave_effect_site *site, cleave_error *error)
{
    return check_frequency(site, "highpass", cleave_effect_value(site, PASS_FREQUENCY), error);
}

static void highpass_derive(const cleave_effect_site *site, double *derived)
{
    pass_derive(site, CLEAVE_FX_HIGH_PASS, derived);
}

const cleave_effect cleave_effect_highpass = {
    .kind = {.name = "highpass",
             .description = "takes away what lies below a frequency",
             .parameter_count = 2,
             .parameters = highpass_parameters},
    .check = highpass_check,
    .derived_count = pass_count,
    .derive = highpass_derive,
    .build = pass_build,
};

static cleave_status lowpass_check(const cleave_effect_site *site, cleave_error *error)
{
    return check_frequency(site, "lowpass", cleave_effect_value(site, PASS_FREQUENCY), error);
}

static void lowpass_derive(const cleave_effect_site *site, double *derived)
{
    pass_derive(site, CLEAVE_FX_LOW_PASS, derived);
}

const cleave_effect cleave_effect_lowpass = {
    .kind = {.name = "lowpass",
             .description = "takes away what lies above a frequency",
             .parameter_count = 2,
             .parameters = lowpass_parameters},
    .check = lowpass_check,
    .derived_count = pass_count,
    .derive = lowpass_derive,
    .build = pass_build,
};

/* ---- bandpass, notch ---- */

enum { PLACE_FREQUENCY, PLACE_Q };

static const cleave_fx_parameter place_parameters[] = {
    {"frequency", "Hz", "of the middle", 1, CLEAVE_FX_RATE_HZ_MAX / 2, 1000, NULL, 0},
    {"q", "", "the middle over the width at -3 dB", 0.05, 50, 1, NULL, 0},
};

static int64_t place_count(const cleave_effect_site *site)
{
    (void)site;
    return CLEAVE_BIQUAD_COEFFICIENTS;
}

static void place_derive(const cleave_effect_site *site, cleave_fx_shape shape, double *derived)
{
    const cleave_fx_band band = {
        .shape = shape,
        .frequency_hz = cleave_effect_value(site, PLACE_FREQUENCY),
        .q = cleave_effect_value(site, PLACE_Q),
    };

    cleave_section_from_band(&band, site->rate_hz, derived);
}

static void place_build(const cleave_effect_site *site, const cleave_effect_wires *wires)
{
    build_sections(site, wires, 1);
}

static cleave_status bandpass_check(const cleave_effect_site *site, cleave_error *error)
{
    return check_frequency(site, "bandpass", cleave_effect_value(site, PLACE_FREQUENCY), error);
}

static void bandpass_derive(const cleave_effect_site *site, double *derived)
{
    place_derive(site, CLEAVE_FX_BAND_PASS, derived);
}

const cleave_effect cleave_effect_bandpass = {
    .kind = {.name = "bandpass",
             .description = "keeps what lies about a frequency",
             .parameter_count = 2,
             .parameters = place_parameters},
    .check = bandpass_check,
    .derived_count = place_count,
    .derive = bandpass_derive,
    .build = place_build,
};

static cleave_status notch_check(const cleave_effect_site *site, cleave_error *error)
{
    return check_frequency(site, "notch", cleave_effect_value(site, PLACE_FREQUENCY), error);
}

static void notch_derive(const cleave_effect_site *site, double *derived)
{
    place_derive(site, CLEAVE_FX_NOTCH, derived);
}

const cleave_effect cleave_effect_notch = {
    .kind = {.name = "notch",
             .description = "takes one frequency away, such as the hum of the mains",
             .parameter_count = 2,
             .parameters = place_parameters},
    .check = notch_check,
    .derived_count = place_count,
    .derive = notch_derive,
    .build = place_build,
};
