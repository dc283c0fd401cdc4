/* denoise.c: steady noise taken out, frequency by frequency. */
#include "runtime/effects/list.h"

#include "kernels/denoise/denoise.h"

enum { REDUCTION, STRENGTH, NOISE, LEARN };

static const cleave_fx_parameter parameters[] = {
    {"reduction", "dB", "by which noise is lowered at most", 0, 40, 12, NULL, 0},
    {"strength", "dB", "by which noise is taken to be louder than it was", -6, 12, 0, NULL, 0},
    {"noise", "", "how it is known: followed all along, or the start of the stream is noise alone",
     0, 1, 0, "adaptive|learn", 1},
    {"learn", "s", "of the start that are noise alone", 0.1, 30, 0.5, NULL, 1},
};

static int64_t latency_frames(const cleave_effect_site *site)
{
    return cleave_denoise_n(site->rate_hz);
}

static int64_t derived_count(const cleave_effect_site *site)
{
    (void)site;
    return CLEAVE_DENOISE_PARAMETERS;
}

static void derive(const cleave_effect_site *site, double *derived)
{
    const cleave_denoise_settings settings = {
        .reduction_db = cleave_effect_value(site, REDUCTION),
        .strength_db = cleave_effect_value(site, STRENGTH),
    };

    cleave_denoise_derive(&settings, derived);
}

static void build(const cleave_effect_site *site, const cleave_effect_wires *wires)
{
    const int32_t n = cleave_denoise_n(site->rate_hz);
    const int64_t learn = cleave_effect_frames(site, cleave_effect_value(site, LEARN));
    const cleave_denoise_args args = {
        .in_stride = site->stride,
        .out_stride = site->stride,
        .streams = site->streams,
        .channels = site->channels,
        .frames_max = (int32_t)site->frames_max,
        .n = n,
        .kind =
            cleave_effect_value(site, NOISE) == 1 ? CLEAVE_DENOISE_LEARN : CLEAVE_DENOISE_ADAPTIVE,
        .learn = (int32_t)cleave_i64_max(1, learn / (n / 4)),
    };
    const cleave_tensor state = cleave_graph_tensor_add(
        wires->graph, wires->label, cleave_denoise_state_floats(&args), CLEAVE_TENSOR_STATE);
    const cleave_view operands[] = {
        wires->in, wires->block, wires->parameters, {state, 0}, wires->out};

    cleave_graph_add(wires->graph, wires->label, CLEAVE_OP_DENOISE, &args, operands, 5);
}

const cleave_effect cleave_effect_denoise = {
    .kind = {.name = "denoise",
             .description = "takes steady noise out, frequency by frequency",
             .parameter_count = sizeof parameters / sizeof parameters[0],
             .parameters = parameters},
    .latency_frames = latency_frames,
    .derived_count = derived_count,
    .derive = derive,
    .build = build,
};
