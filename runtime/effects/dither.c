/* dither.c: fewer bits, without distortion. */
#include "runtime/effects/list.h"

#include "kernels/dither/dither.h"

enum { BITS, SHAPING };

static const cleave_fx_parameter parameters[] = {
    {"bits", "", "of the samples that come out", 2, 24, 16, NULL, 1},
    {"shaping", "", "where the noise goes: flat, or to where ears hear least (near 44.1 kHz)", 0, 1,
     0, "none|shaped", 1},
};

static int64_t derived_count(const cleave_effect_site *site)
{
    (void)site;
    return 0;
}

static void derive(const cleave_effect_site *site, double *derived)
{
    (void)site;
    (void)derived;
}

static void build(const cleave_effect_site *site, const cleave_effect_wires *wires)
{
    const cleave_dither_args args = {
        .rows = (int64_t)site->streams * site->channels,
        .frames_max = site->frames_max,
        .in_stride = site->stride,
        .out_stride = site->stride,
        .bits = (int32_t)cleave_effect_value(site, BITS),
        .shaped = cleave_effect_value(site, SHAPING) == 1,
    };
    const cleave_tensor state = cleave_graph_tensor_add(
        wires->graph, wires->label, args.rows * CLEAVE_DITHER_STATE_FLOATS, CLEAVE_TENSOR_STATE);
    const cleave_view operands[] = {wires->in, wires->block, {state, 0}, wires->out};

    cleave_graph_add(wires->graph, wires->label, CLEAVE_OP_DITHER, &args, operands, 4);
}

const cleave_effect cleave_effect_dither = {
    .kind = {.name = "dither",
             .description = "rounds to fewer bits with noise in place of distortion",
             .parameter_count = sizeof parameters / sizeof parameters[0],
             .parameters = parameters},
    .derived_count = derived_count,
    .derive = derive,
    .build = build,
};
