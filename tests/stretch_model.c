/* stretch_model.c: a small model that takes segments of any length. */
#include "tests/stretch_model.h"

#include <math.h>
#include <string.h>

#include "kernels/conv/conv.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/istft/istft.h"
#include "kernels/rearrange/rearrange.h"
#include "kernels/reduce/reduce.h"
#include "kernels/stft/stft.h"
#include "tests/test.h"

enum { N = 64, HOP = 16, BINS = N / 2 + 1, TAPS = 3, MARGIN = 3 };

static void fill_noise(void *data, size_t bytes, const void *context)
{
    const uint64_t seed = *(const uint64_t *)context;

    for (size_t i = 0; i < bytes / sizeof(float); i++)
        ((float *)data)[i] = 0.5f * test_uniform(seed, i);
}

/* The periodic Hann window. */
static void fill_window(void *data, size_t bytes, const void *context)
{
    (void)context;
    for (size_t i = 0; i < bytes / sizeof(float); i++)
        ((float *)data)[i] = (float)(0.5 - 0.5 * cos(2 * 3.14159265358979323846 * (double)i / N));
}

static cleave_tensor temporary(cleave_graph *graph, const char *label, int64_t count)
{
    return cleave_graph_tensor_add(graph, label, count, CLEAVE_TENSOR_TEMPORARY);
}

/* near[C][stride] = taps * in[C][stride], the first V of each row. */
static void convolve(cleave_graph *graph, cleave_tensor in, cleave_tensor near, int64_t C,
                     int64_t V, int64_t stride)
{
    const uint64_t seed = 11;
    const cleave_tensor taps =
        cleave_graph_constant(graph, "taps", C * C * TAPS, fill_noise, &seed, sizeof seed);
    const cleave_conv_args conv = {
        .in_channels = (int32_t)C,
        .channels = (int32_t)C,
        .in_rows = 1,
        .in_points = V,
        .in_channel_stride = stride,
        .in_row_stride = stride,
        .out_rows = 1,
        .out_points = V,
        .out_channel_stride = stride,
        .out_row_stride = stride,
        .kernel_rows = 1,
        .kernel_points = TAPS,
        .stride_rows = 1,
        .stride_points = 1,
        .dilation = 1,
        .pad_points = TAPS / 2,
    };

    cleave_graph_add(graph, "convolve", CLEAVE_OP_CONV, &conv,
                     (cleave_view[]){{in, 0}, {taps, 0}, {near, 0}}, 3);
}

/* wave[C][V] = what comes back of near[C][stride]. */
static void there_and_back(cleave_graph *graph, cleave_tensor near, cleave_tensor wave, int64_t C,
                           int64_t V, int64_t stride)
{
    const int64_t T = cleave_div_up(V, HOP) + 3;
    const cleave_tensor window = cleave_graph_constant(graph, "window", N, fill_window, NULL, 0);
    const cleave_tensor spectrum = temporary(graph, "spectrum", 2 * C * T * BINS);
    const cleave_stft_args stft = {
        .channels = (int32_t)C,
        .length = V,
        .in_stride = stride,
        .n = N,
        .hop = HOP,
        .start = -(N - HOP),
        .frames = T,
        .bins = BINS,
        .scale = 1,
    };
    const cleave_istft_args istft = {
        .channels = (int32_t)C,
        .length = V,
        .out_stride = V,
        .n = N,
        .hop = HOP,
        .start = -(N - HOP),
        .frames = T,
        .bins = BINS,
        .scale = 0.5f,
    };

    cleave_graph_add(graph, "stft", CLEAVE_OP_STFT, &stft,
                     (cleave_view[]){{near, 0}, {window, 0}, {spectrum, 0}}, 3);
    cleave_graph_add(graph, "istft", CLEAVE_OP_ISTFT, &istft,
                     (cleave_view[]){{spectrum, 0}, {window, 0}, {wave, 0}}, 3);
}

/* mean[C][V]: of each row of in[C][stride], repeated; with what is remembered. */
static void average(cleave_graph *graph, cleave_tensor in, cleave_tensor mean, int64_t C, int64_t V,
                    int64_t stride, int remembers)
{
    const cleave_reduce_args reduce = {
        .rows = C, .points = stride, .in_stride = stride, .kind = CLEAVE_REDUCE_MEAN};
    const cleave_elementwise_args add = {
        .points = C, .x = 0.5f, .y = 1, .kind = CLEAVE_ELEMENTWISE_ADD};
    const cleave_rearrange_args repeat = {
        .size = {C, 1, 1, V}, .in_stride = {1, 0, 0, 0}, .out_stride = {V, 0, 0, 1}};
    cleave_tensor value = temporary(graph, "mean", C);

    cleave_graph_add(graph, "reduce", CLEAVE_OP_REDUCE, &reduce,
                     (cleave_view[]){{in, 0}, {value, 0}}, 2);
    if (remembers) {
        const cleave_tensor memory =
            cleave_graph_tensor_add(graph, "memory", C, CLEAVE_TENSOR_STATE);
        cleave_graph_add(graph, "remember", CLEAVE_OP_ELEMENTWISE, &add,
                         (cleave_view[]){{memory, 0}, {value, 0}, {memory, 0}}, 3);
        value = memory;
    }
    cleave_graph_add(graph, "repeat", CLEAVE_OP_REARRANGE, &repeat,
                     (cleave_view[]){{value, 0}, {mean, 0}}, 2);
}

static void build_either(const cleave_model_request *request, cleave_graph *graph,
                         cleave_model_ports *ports, int remembers)
{
    const int64_t C = request->channels, V = request->segment_frames, stride = V + MARGIN;

    ports->stride = stride;
    ports->input = cleave_graph_tensor_add(graph, "input", C * stride, CLEAVE_TENSOR_INPUT);
    ports->output = cleave_graph_tensor_add(graph, "stems", request->stem_count * C * stride,
                                            CLEAVE_TENSOR_OUTPUT);
    const cleave_tensor near = temporary(graph, "near", C * stride),
                        wave = temporary(graph, "wave", C * V),
                        mean = temporary(graph, "means", C * V);
    convolve(graph, ports->input, near, C, V, stride);
    there_and_back(graph, near, wave, C, V, stride);
    average(graph, ports->input, mean, C, V, stride, remembers);
    for (int32_t s = 0; s < request->stem_count; s++)
        for (int64_t c = 0; c < C; c++) {
            const cleave_view out = {ports->output, (s * C + c) * stride};
            const cleave_elementwise_args add = {
                .points = V, .x = 1, .y = 1, .kind = CLEAVE_ELEMENTWISE_ADD};
            const cleave_elementwise_args copy = {
                .points = V, .x = 1, .kind = CLEAVE_ELEMENTWISE_AFFINE};
            if (request->stems[s] == 0)
                cleave_graph_add(graph, "wave out", CLEAVE_OP_ELEMENTWISE, &add,
                                 (cleave_view[]){{wave, c * V}, {mean, c * V}, out}, 3);
            else
                cleave_graph_add(graph, "near out", CLEAVE_OP_ELEMENTWISE, &copy,
                                 (cleave_view[]){{near, c * stride}, out}, 2);
        }
}

static void build(const cleave_model_request *request, cleave_graph *graph,
                  cleave_model_ports *ports)
{
    build_either(request, graph, ports, 0);
}

static void build_memory(const cleave_model_request *request, cleave_graph *graph,
                         cleave_model_ports *ports)
{
    build_either(request, graph, ports, 1);
}

#define STRETCH(NAME, BUILD)                                                                       \
    {                                                                                              \
        .info =                                                                                    \
            {                                                                                      \
                .name = NAME,                                                                      \
                .description = "for tests",                                                        \
                .stem_count = 2,                                                                   \
                .stems = {"wave", "near"},                                                         \
                .default_stem_count = 2,                                                           \
                .default_stems = {"wave", "near"},                                                 \
                .channels_min = 1,                                                                 \
                .channels_max = CLEAVE_CHANNELS_MAX,                                               \
            },                                                                                     \
        .segment_seconds = 1, .normalizes = 1, .any_length = 1, .partition_count = 1,              \
        .partition = {{.stem_count = 2, .stems = {"wave", "near"}}}, .build = BUILD,               \
    }

const cleave_model test_model_stretch = STRETCH("stretch", build);
const cleave_model test_model_stretch_memory = STRETCH("stretch:memory", build_memory);
