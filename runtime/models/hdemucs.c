/* hdemucs.c: Hybrid Demucs (Défossez, "Hybrid spectrogram and waveform source separation", 2021):
 * two U-nets, one on the spectrogram and one on the wave, that become one where each has as many
 * steps as there are frames. */
#include "runtime/models/demucs.h"

/* The decoders start from zeros: their first input is the innermost skip alone. */
static void network(cleave_demucs_net *n)
{
    cleave_demucs_skips skips;
    cleave_plane spectrum, wave;

    cleave_demucs_front(n, &spectrum, &wave);
    cleave_demucs_encode(n, &spectrum, &wave, &skips);
    cleave_demucs_decode(n, &spectrum, &wave, &skips);
    cleave_demucs_back(n, spectrum, wave);
}

static void build(const cleave_model_request *request, cleave_graph *graph,
                  cleave_model_ports *ports)
{
    cleave_demucs_build("hdemucs", request, graph, ports, network);
}

static int describe(const cleave_table *table, cleave_model *model,
                    char text[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES],
                    char message[CLEAVE_SENTENCE_BYTES])
{
    if (!cleave_demucs_describe("hdemucs", table, model, text, message))
        return 0;
    model->info.description = "Hybrid Demucs";
    model->build = build;
    return 1;
}

const cleave_family cleave_family_hdemucs = {.kind = "hdemucs", .describe = describe};
