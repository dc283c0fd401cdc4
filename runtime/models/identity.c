/* identity.c: the model that changes nothing, by which everything around models is tested. */
#include "runtime/models/models.h"

#include "kernels/rearrange/rearrange.h"

static void build(const cleave_model_request *request, cleave_graph *graph,
                  cleave_model_ports *ports)
{
    const int64_t C = request->channels, V = request->segment_frames;

    ports->input = cleave_graph_tensor_add(graph, "input", C * V, CLEAVE_TENSOR_INPUT);
    ports->output = cleave_graph_tensor_add(graph, "mixture", C * V, CLEAVE_TENSOR_OUTPUT);
    const cleave_rearrange_args copy = {
        .size = {C, 1, 1, V},
        .in_stride = {V, 0, 0, 1},
        .out_stride = {V, 0, 0, 1},
    };
    const cleave_view operands[] = {{ports->input, 0}, {ports->output, 0}};
    cleave_graph_add(graph, "copy", CLEAVE_OP_REARRANGE, &copy, operands, 2);
}

const cleave_model cleave_model_identity = {
    .info =
        {
            .name = "identity",
            .description = "gives the mixture back: a test of everything around a model",
            .stem_count = 1,
            .stems = {"mixture"},
            .default_stem_count = 1,
            .default_stems = {"mixture"},
            .channels_min = 1,
            .channels_max = CLEAVE_CHANNELS_MAX,
        },
    .segment_seconds = 1,
    .partition_count = 1,
    .partition = {{.stem_count = 1, .stems = {"mixture"}}},
    .build = build,
};
