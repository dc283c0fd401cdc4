/* convolve.c: the sound of a recorded room, or of any other response to an impulse. */
#include "runtime/effects/list.h"

#include "kernels/convolve/convolve.h"
#include "runtime/error.h"

enum { WET, DRY, LATENCY };

static const cleave_fx_parameter parameters[] = {
    {"wet", "", "level of the convolution, linear", -4, 4, 1, NULL, 0},
    {"dry", "", "level of the sound itself, linear", -4, 4, 0, NULL, 0},
    {"latency", "frames", "that it may be late, which saves work", 0, 3, 0, "0|1024|8192|65536", 1},
};

static const int32_t latencies[] = {0, 1024, 8192, 65536};

static cleave_status check(const cleave_effect_site *site, cleave_error *error)
{
    const cleave_fx_samples *const samples = site->samples;

    if (samples->frames < 1)
        return cleave_error_set(error, CLEAVE_INVALID,
                                "convolve: there is no impulse response; give ir=FILE");
    if (samples->frames > CLEAVE_CONVOLVE_TAPS_MAX)
        return cleave_error_set(error, CLEAVE_INVALID,
                                "convolve: an impulse response of %lld frames: at most %d",
                                (long long)samples->frames, CLEAVE_CONVOLVE_TAPS_MAX);
    if (samples->channels != 1 && samples->channels != site->channels)
        return cleave_error_set(error, CLEAVE_INVALID,
                                "convolve: an impulse response of %d channels for %d: must be 1, "
                                "or one each",
                                (int)samples->channels, (int)site->channels);
    return CLEAVE_OK;
}

static int64_t latency_frames(const cleave_effect_site *site)
{
    return latencies[(int)cleave_effect_value(site, LATENCY)];
}

static int64_t tail_frames(const cleave_effect_site *site)
{
    return site->samples->frames;
}

static int64_t derived_count(const cleave_effect_site *site)
{
    (void)site;
    return CLEAVE_CONVOLVE_PARAMETERS;
}

static void derive(const cleave_effect_site *site, double *derived)
{
    derived[CLEAVE_CONVOLVE_WET] = cleave_effect_value(site, WET);
    derived[CLEAVE_CONVOLVE_DRY] = cleave_effect_value(site, DRY);
}

/* [frames][channels] to [channels][frames]. */
static void fill_response(void *data, size_t bytes, const void *context)
{
    const cleave_fx_samples *const samples = context;
    const int64_t channels = samples->channels;
    float *const response = data;

    assert(bytes == (size_t)(samples->frames * channels) * sizeof(float));
    (void)bytes;
    for (int64_t n = 0; n < samples->frames; n++)
        for (int64_t c = 0; c < channels; c++)
            response[c * samples->frames + n] = samples->interleaved[n * channels + c];
}

static void build(const cleave_effect_site *site, const cleave_effect_wires *wires)
{
    const cleave_fx_samples *const samples = site->samples;
    const cleave_convolve_args args = {
        .in_stride = site->stride,
        .out_stride = site->stride,
        .streams = site->streams,
        .channels = site->channels,
        .frames_max = (int32_t)site->frames_max,
        .responses = samples->channels,
        .taps = (int32_t)samples->frames,
        .late = (int32_t)latency_frames(site),
    };
    const cleave_tensor response =
        cleave_graph_constant(wires->graph, "impulse response", samples->frames * samples->channels,
                              fill_response, samples, sizeof *samples);
    const cleave_tensor state = cleave_graph_tensor_add(
        wires->graph, wires->label, cleave_convolve_state_floats(&args), CLEAVE_TENSOR_STATE);
    const cleave_view operands[] = {wires->in,     wires->block, wires->parameters,
                                    {response, 0}, {state, 0},   wires->out};

    cleave_graph_add(wires->graph, wires->label, CLEAVE_OP_CONVOLVE, &args, operands, 6);
}

const cleave_effect cleave_effect_convolve = {
    .kind = {.name = "convolve",
             .description = "convolution with an impulse response, without latency",
             .parameter_count = sizeof parameters / sizeof parameters[0],
             .parameters = parameters,
             .text = "ir"},
    .check = check,
    .latency_frames = latency_frames,
    .tail_frames = tail_frames,
    .derived_count = derived_count,
    .derive = derive,
    .build = build,
};
