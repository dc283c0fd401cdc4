/* reverb.c: the sound of a room, made by a network of delays. */
#include "runtime/effects/list.h"

#include "kernels/fdn/fdn.h"

enum { ROOM_SIZE, DAMPING, WET, DRY, WIDTH, PREDELAY, DECAY };

static const cleave_fx_parameter parameters[] = {
    {"room_size", "", "0 a closet, 1 a hall", 0, 1, 0.5, NULL, 1},
    {"damping", "", "how much sooner high tones end", 0, 1, 0.5, NULL, 0},
    {"wet", "", "level of the reverberation, linear", 0, 4, 0.33, NULL, 0},
    {"dry", "", "level of the sound itself, linear", 0, 4, 1, NULL, 0},
    {"width", "", "0 the same in all channels, 1 as wide as it is", 0, 1, 1, NULL, 0},
    {"predelay", "s", "before the reverberation begins", 0, 0.5, 0.01, NULL, 1},
    {"decay", "s", "in which it falls by 60 dB; 0: as the room's size says", 0, 20, 0, NULL, 0},
};

static cleave_fdn_settings settings_of(const cleave_effect_site *site)
{
    return (cleave_fdn_settings){
        .rate_hz = site->rate_hz,
        .room_size = cleave_effect_value(site, ROOM_SIZE),
        .predelay_s = cleave_effect_value(site, PREDELAY),
        .decay_s = cleave_effect_value(site, DECAY),
        .damping = cleave_effect_value(site, DAMPING),
        .wet = cleave_effect_value(site, WET),
        .dry = cleave_effect_value(site, DRY),
        .width = cleave_effect_value(site, WIDTH),
    };
}

static cleave_fdn_args args_of(const cleave_effect_site *site)
{
    const cleave_fdn_settings settings = settings_of(site);
    cleave_fdn_args args = {
        .in_stride = site->stride,
        .out_stride = site->stride,
        .streams = site->streams,
        .channels = site->channels,
        .frames_max = (int32_t)site->frames_max,
    };

    cleave_fdn_place(&args, &settings);
    return args;
}

static int64_t tail_frames(const cleave_effect_site *site)
{
    const cleave_fdn_settings settings = settings_of(site);

    return cleave_effect_frames(site, cleave_fdn_decay_s(&settings) + settings.predelay_s);
}

static int64_t derived_count(const cleave_effect_site *site)
{
    (void)site;
    return CLEAVE_FDN_PARAMETERS;
}

static void derive(const cleave_effect_site *site, double *derived)
{
    const cleave_fdn_settings settings = settings_of(site);
    const cleave_fdn_args args = args_of(site);

    cleave_fdn_derive(&args, &settings, derived);
}

static void build(const cleave_effect_site *site, const cleave_effect_wires *wires)
{
    const cleave_fdn_args args = args_of(site);
    const cleave_tensor state = cleave_graph_tensor_add(
        wires->graph, wires->label, cleave_fdn_state_floats(&args), CLEAVE_TENSOR_STATE);
    const cleave_view operands[] = {
        wires->in, wires->block, wires->parameters, {state, 0}, wires->out};

    cleave_graph_add(wires->graph, wires->label, CLEAVE_OP_FDN, &args, operands, 5);
}

const cleave_effect cleave_effect_reverb = {
    .kind = {.name = "reverb",
             .description = "the sound of a room",
             .parameter_count = sizeof parameters / sizeof parameters[0],
             .parameters = parameters},
    .tail_frames = tail_frames,
    .derived_count = derived_count,
    .derive = derive,
    .build = build,
};
