/* fit.c: an engine's plan for the segment at hand.
 *
 * A model that takes segments of any length is planned for the longest. For a shorter one its graph
 * is built anew, in memory that was taken at open, and the plan keeps its places, constants and
 * tables and takes over the arguments. */
#include "runtime/engine.h"

#include <string.h>

#include "runtime/error.h"

void cleave_fit_lay_out(cleave_engine *engine, const cleave_setup *setup, const cleave_graph *graph,
                        cleave_arena *arena)
{
    const cleave_networks *const networks = &setup->networks;
    const size_t count = (size_t)networks->count;
    cleave_fit *const fit = &engine->fit;

    cleave_table *const table = cleave_arena_take(arena, count, sizeof *table);
    float(*const gain)[CLEAVE_STEMS_MAX] = cleave_arena_take(arena, count, sizeof *gain);
    fit->memory =
        cleave_arena_take(arena, cleave_graph_bytes(graph->tensor_count, graph->step_count), 1);
    fit->tensors_max = graph->tensor_count;
    fit->steps_max = graph->step_count;
    fit->build = setup->model->build;
    fit->request = setup->request;
    fit->request.networks = table;
    fit->request.gains = (const float(*)[CLEAVE_STEMS_MAX])gain;
    if (table)
        memcpy(table, networks->table, count * sizeof *table);
    if (gain)
        memcpy(gain, networks->gain, count * sizeof *gain);
}

cleave_status cleave_fit_to(cleave_engine *engine, int64_t frames, cleave_error *error)
{
    cleave_fit *const fit = &engine->fit;
    cleave_model_ports ports = {0};
    cleave_graph graph;

    assert(frames >= 1 && frames <= engine->segment_frames);
    if (frames == engine->fitted_frames)
        return CLEAVE_OK;
    assert(fit->memory);
    fit->request.segment_frames = frames;
    cleave_graph_init(&graph, fit->memory, fit->tensors_max, fit->steps_max);
    fit->build(&fit->request, &graph, &ports);
    const cleave_status status = cleave_plan_refit(&engine->plan, &graph, error);
    if (status != CLEAVE_OK)
        return status;
    engine->fitted_frames = frames;
    engine->ports = ports;
    return CLEAVE_OK;
}

cleave_status cleave_fit_try(cleave_engine *engine, cleave_error *error)
{
    cleave_error reason = {.status = CLEAVE_OK};

    for (int64_t frames = 1;; frames = cleave_i64_min(2 * frames, engine->segment_frames)) {
        const cleave_status status = cleave_fit_to(engine, frames, &reason);
        if (status != CLEAVE_OK)
            return cleave_error_set(error, status, "a segment of %lld frames: %s",
                                    (long long)frames, reason.message);
        if (frames == engine->segment_frames)
            return CLEAVE_OK;
    }
}
