/* demucs_ends.c: from samples to the two normalized inputs, and from the two results to stems. */
#include <math.h>

#include "kernels/istft/istft.h"
#include "kernels/stft/stft.h"
#include "runtime/models/demucs.h"

/* Periodic Hann: its squares, a quarter of it apart, sum to 3/2. */
#define WINDOWS_SUM 1.5

static const double two_pi = 6.283185307179586476925;

static void fill_window(void *data, size_t bytes, const void *context)
{
    const int64_t n = (int64_t)(bytes / sizeof(float));
    float *const window = data;

    (void)context;
    for (int64_t i = 0; i < n; i++)
        window[i] = (float)(0.5 - 0.5 * cos(two_pi * (double)i / (double)n));
}

/* Where frame 0 begins: it is centred on the middle of the first hop. */
static int64_t start_of(const cleave_demucs_net *n)
{
    return -(n->a.nfft / 8 * 3);
}

/* Moments of the channels and the normalized copy, or the undoing of that: kind STANDARD or
 * RESTORE. */
static void whole_norm(const cleave_demucs_net *n, const char *label, cleave_normalize_kind kind,
                       cleave_plane in, cleave_tensor moments, cleave_normalize_args args,
                       cleave_view residual, cleave_view out)
{
    cleave_view views[4] = {{in.tensor, in.floats}, {moments, 0}};
    int32_t count = 2;

    args.channels = (int32_t)in.channels;
    args.rows = in.rows;
    args.points = in.points;
    args.out_channel_stride = in.rows * in.points;
    args.groups = 1;
    args.epsilon = CLEAVE_DEMUCS_EPSILON;
    args.kind = kind;
    if (residual.tensor >= 0) {
        args.uses = CLEAVE_NORMALIZE_RESIDUAL;
        views[count++] = residual;
    }
    views[count++] = out;
    cleave_demucs_step(n, label, CLEAVE_OP_NORMALIZE, &args, views, count);
}

/* The two sets of values that are normalized together, and again when that is undone. */
static cleave_normalize_args spectrum_set(const cleave_demucs_net *n)
{
    return (cleave_normalize_args){.moment_channels = (int32_t)(2 * n->a.audio_channels),
                                   .moment_points = n->a.nfft / 2 * n->frames};
}

static cleave_normalize_args wave_set(const cleave_demucs_net *n)
{
    return (cleave_normalize_args){.moment_channels = (int32_t)n->a.audio_channels,
                                   .moment_points = n->length};
}

void cleave_demucs_front(cleave_demucs_net *n, cleave_plane *spectrum, cleave_plane *wave)
{
    const cleave_view none = {-1, 0};
    const int64_t C = n->a.audio_channels, F = n->a.nfft / 2;
    const cleave_plane samples = {n->input, 0, C, 1, n->stride, 0, 0};
    const cleave_stft_args args = {
        .channels = (int32_t)C,
        .length = n->spec_length,
        .in_stride = n->stride,
        .n = (int32_t)n->a.nfft,
        .hop = (int32_t)(n->a.nfft / 4),
        .start = start_of(n),
        .frames = n->frames,
        .bins = (int32_t)F,
        .scale = (float)(1 / sqrt((double)n->a.nfft)),
        .pad = CLEAVE_STFT_PAD_REFLECT,
        .layout = CLEAVE_STFT_LAYOUT_FT,
    };

    n->window = cleave_graph_constant(n->graph, "window", n->a.nfft, fill_window, NULL, 0);
    *spectrum = cleave_demucs_plane(n, "spectrum", 2 * C, F, n->frames);
    const cleave_view views[] = {{n->input, 0}, {n->window, 0}, {spectrum->tensor, 0}};
    cleave_demucs_step(n, "spec.z", CLEAVE_OP_STFT, &args, views, 3);
    n->spec_moments =
        cleave_demucs_moments(n, "spec", *spectrum, 2 * C, F * n->frames, F * n->frames);
    whole_norm(n, "spec.x", CLEAVE_NORMALIZE_STANDARD, *spectrum, n->spec_moments, spectrum_set(n),
               none, (cleave_view){spectrum->tensor, 0});

    *wave = cleave_demucs_plane(n, "wave", C, 1, n->stride);
    n->wave_moments = cleave_demucs_moments(n, "wave", samples, C, n->length, n->stride);
    whole_norm(n, "wave.xt", CLEAVE_NORMALIZE_STANDARD, samples, n->wave_moments, wave_set(n), none,
               (cleave_view){wave->tensor, 0});
    wave->points = n->length;
    wave->pitch = n->stride;
}

void cleave_demucs_back(const cleave_demucs_net *n, cleave_plane spectrum, cleave_plane wave)
{
    const cleave_view none = {-1, 0};
    const int64_t C = n->a.audio_channels;
    const int all = n->layer[0].norm;
    const cleave_istft_args args = {
        .channels = (int32_t)C,
        .length = n->stride,
        .out_stride = n->stride,
        .n = (int32_t)n->a.nfft,
        .hop = (int32_t)(n->a.nfft / 4),
        .start = start_of(n),
        .frames = n->frames,
        .bins = (int32_t)(n->a.nfft / 2),
        .scale = (float)(sqrt((double)n->a.nfft) / WINDOWS_SUM),
        .layout = CLEAVE_STFT_LAYOUT_FT,
    };

    whole_norm(n, "spec.out", CLEAVE_NORMALIZE_RESTORE, spectrum, n->spec_moments, spectrum_set(n),
               none, (cleave_view){spectrum.tensor, spectrum.floats});
    for (int32_t s = 0; s < n->stem_count; s++) {
        const cleave_plane of =
            cleave_plane_channels(spectrum, 2 * C * (all ? n->stem[s] : s), 2 * C);
        const cleave_view views[] = {{of.tensor, of.floats}, {n->window, 0}, n->place[s]};
        cleave_demucs_step(n, "wave.freq", CLEAVE_OP_ISTFT, &args, views, 3);
    }
    for (int32_t s = 0; s < n->stem_count; s++) {
        const cleave_plane of = cleave_plane_channels(wave, C * (all ? n->stem[s] : s), C);
        whole_norm(n, "out", CLEAVE_NORMALIZE_RESTORE, of, n->wave_moments, wave_set(n),
                   n->place[s], n->place[s]);
    }
}
