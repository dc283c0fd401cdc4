/* center_naive.c: the oldest way to take a voice out of a stereo recording, sample by sample.
 *
 * A voice is mostly mixed to the centre, alike in both channels. Half the sum of the channels keeps
 * what is there, half their difference keeps what is not:
 *
 *     vocals        = ( (L + R)/2, (L + R)/2 )
 *     accompaniment = ( (L - R)/2, (R - L)/2 )
 *
 * The two sum to the mixture. Everything else in the centre, usually the bass and the drums, goes
 * with the voice. */
#include "runtime/models/models.h"

#include <string.h>

#include "kernels/mix/mix.h"

#define STEMS    2
#define CHANNELS 2

/* [S][C][2]: what each channel of each stem takes of left and right. */
static const float weights[STEMS][CHANNELS][2] = {
    {{0.5f, 0.5f}, {0.5f, 0.5f}},
    {{0.5f, -0.5f}, {-0.5f, 0.5f}},
};

struct selection {
    int32_t stem_count, stems[STEMS];
};

static void fill_matrix(void *data, size_t bytes, const void *context)
{
    const struct selection *const selection = context;

    assert(bytes == (size_t)selection->stem_count * sizeof weights[0]);
    (void)bytes;
    for (int32_t s = 0; s < selection->stem_count; s++)
        memcpy((unsigned char *)data + (size_t)s * sizeof weights[0], weights[selection->stems[s]],
               sizeof weights[0]);
}

static void build(const cleave_model_request *request, cleave_graph *graph,
                  cleave_model_ports *ports)
{
    const int32_t S = request->stem_count;
    const int64_t V = request->segment_frames;
    struct selection selection = {.stem_count = S};

    for (int32_t s = 0; s < S; s++)
        selection.stems[s] = request->stems[s];
    ports->input = cleave_graph_tensor_add(graph, "input", CHANNELS * V, CLEAVE_TENSOR_INPUT);
    ports->output = cleave_graph_tensor_add(graph, "stems", S * CHANNELS * V, CLEAVE_TENSOR_OUTPUT);
    const cleave_tensor matrix = cleave_graph_constant(graph, "mid-side matrix", S * CHANNELS * 2,
                                                       fill_matrix, &selection, sizeof selection);
    const cleave_mix_args mix = {
        .inputs = CHANNELS,
        .outputs = S * CHANNELS,
        .length = V,
        .in_stride = V,
        .out_stride = V,
    };
    const cleave_view operands[] = {{ports->input, 0}, {matrix, 0}, {ports->output, 0}};
    cleave_graph_add(graph, "mid-side", CLEAVE_OP_MIX, &mix, operands, 3);
}

const cleave_model cleave_model_center_naive = {
    .info =
        {
            .name = "center:naive",
            .description = "the centre of a stereo recording against its sides, sample by sample",
            .stem_count = STEMS,
            .stems = {"vocals", "accompaniment"},
            .default_stem_count = STEMS,
            .default_stems = {"vocals", "accompaniment"},
            .channels_min = CHANNELS,
            .channels_max = CHANNELS,
        },
    .segment_seconds = 1,
    .channels_advice =
        "a mono recording has no centre to tell from its sides; for stereo there is also the "
        "time-frequency form \"center\", for mono only a model with weights",
    .partition_count = 1,
    .partition = {{.stem_count = STEMS, .stems = {"vocals", "accompaniment"}}},
    .build = build,
};
