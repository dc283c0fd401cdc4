/* limiter.c: no peak above a threshold. */
#include "runtime/effects/list.h"

#include <math.h>

#include "kernels/limit/limit.h"

enum { THRESHOLD, RELEASE, LOOKAHEAD, TRUE_PEAK };

static const cleave_fx_parameter parameters[] = {
    {"threshold", "dB", "what no peak exceeds, of full scale", -60, 0, -1, NULL, 0},
    {"release", "s", "in which the gain recovers by 1 - 1/e", 0.001, 10, 0.05, NULL, 0},
    {"lookahead", "s", "in which the gain goes down before a peak", 0.0005, 0.1, 0.005, NULL, 1},
    {"peak", "", "true peaks, between samples too, or samples alone", 0, 1, 0, "true|sample", 1},
};

static cleave_limit_args args_of(const cleave_effect_site *site)
{
    const int64_t cells = cleave_div_up(
        cleave_effect_frames(site, cleave_effect_value(site, LOOKAHEAD)), CLEAVE_LIMIT_CELL);

    return (cleave_limit_args){
        .streams = site->streams,
        .channels = site->channels,
        .true_peak = cleave_effect_value(site, TRUE_PEAK) == 0,
        .frames_max = site->frames_max,
        .in_stride = site->stride,
        .out_stride = site->stride,
        .cells = (int32_t)cleave_i64_min(cleave_i64_max(cells, CLEAVE_LIMIT_CELLS_MIN),
                                         CLEAVE_LIMIT_CELLS_MAX),
    };
}

static int64_t latency_frames(const cleave_effect_site *site)
{
    const cleave_limit_args args = args_of(site);

    return cleave_limit_latency_frames(&args);
}

static int64_t derived_count(const cleave_effect_site *site)
{
    (void)site;
    return CLEAVE_LIMIT_PARAMETERS;
}

static void derive(const cleave_effect_site *site, double *derived)
{
    derived[CLEAVE_LIMIT_THRESHOLD] = pow(10, cleave_effect_value(site, THRESHOLD) / 20);
    derived[CLEAVE_LIMIT_RELEASE] =
        exp(-CLEAVE_LIMIT_CELL / (cleave_effect_value(site, RELEASE) * site->rate_hz));
}

static void build(const cleave_effect_site *site, const cleave_effect_wires *wires)
{
    const cleave_limit_args args = args_of(site);
    const cleave_tensor state = cleave_graph_tensor_add(
        wires->graph, wires->label, site->streams * cleave_limit_state_floats(&args),
        CLEAVE_TENSOR_STATE);
    const cleave_view operands[] = {
        wires->in, wires->block, wires->parameters, {state, 0}, wires->out};

    cleave_graph_add(wires->graph, wires->label, CLEAVE_OP_LIMIT, &args, operands, 5);
}

const cleave_effect cleave_effect_limiter = {
    .kind = {.name = "limiter",
             .description = "holds every peak, between samples too, below a threshold",
             .parameter_count = sizeof parameters / sizeof parameters[0],
             .parameters = parameters},
    .latency_frames = latency_frames,
    .derived_count = derived_count,
    .derive = derive,
    .build = build,
};
