/* htdemucs.c: Hybrid Transformer Demucs (Rouard, Massa and Défossez, "Hybrid transformers for music
 * source separation", 2023): two U-nets, one on the spectrogram and one on the wave, that meet in a
 * transformer. */
#include "runtime/models/demucs.h"

static void network(cleave_demucs_net *n)
{
    cleave_demucs_skips skips;
    cleave_plane spectrum, wave;

    cleave_demucs_front(n, &spectrum, &wave);
    cleave_demucs_encode(n, &spectrum, &wave, &skips);
    if (n->a.t_layers) {
        cleave_htdemucs_transform(n, &spectrum, &wave);
    } else {
        cleave_demucs_add(n, "down.x", 1, spectrum, 1, spectrum, spectrum);
        cleave_demucs_add(n, "down.xt", 1, wave, 1, wave, wave);
    }
    cleave_demucs_decode(n, &spectrum, &wave, &skips);
    cleave_demucs_back(n, spectrum, wave);
}

static void build(const cleave_model_request *request, cleave_graph *graph,
                  cleave_model_ports *ports)
{
    cleave_demucs_build("htdemucs", request, graph, ports, network);
}

static int describe(const cleave_table *table, cleave_model *model,
                    char text[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES],
                    char message[CLEAVE_SENTENCE_BYTES])
{
    if (!cleave_demucs_describe("htdemucs", table, model, text, message))
        return 0;
    model->info.description = "Hybrid Transformer Demucs";
    model->build = build;
    return 1;
}

const cleave_family cleave_family_htdemucs = {.kind = "htdemucs", .describe = describe};
