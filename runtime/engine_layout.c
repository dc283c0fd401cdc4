/* engine_layout.c: what an engine takes of each kind of memory. */
#include "runtime/engine_layout.h"

#include <stdio.h>
#include <string.h>

#include "runtime/error.h"

/* Frames before the segment at hand that the ring still holds: those that it may be widened by, or
 * that have not been pulled and will be read once more. */
static int64_t frames_held(const cleave_engine *engine, const cleave_setup *setup)
{
    if (engine->padded && !engine->uses_mixture)
        return 0;
    return cleave_i64_max(engine->reach, setup->stride_frames);
}

static void describe(cleave_engine *engine, const cleave_workspace *space)
{
    const cleave_setup *const setup = &space->setup;
    cleave_engine_info *const info = &engine->info;

    snprintf(info->model, sizeof info->model, "%s", setup->model->info.name);
    memcpy(info->device, engine->device.name, sizeof info->device);
    snprintf(info->device_note, sizeof info->device_note, "%s", space->device_note);
    info->batch = engine->slots;
    info->rate_hz = setup->request.rate_hz;
    info->channels = setup->request.channels;
    info->stem_count = setup->stems.count;
    memcpy(info->stems, setup->stems.names, sizeof info->stems);
    info->threads = setup->threads;
    info->segment_frames = engine->segment_frames;
    info->stride_frames = engine->stride;
    info->latency_frames_max = engine->segment_frames + (engine->slots - 1) * engine->stride;
    info->input_frames_max = engine->ring.capacity - frames_held(engine, setup);
}

/* The buffers of the lanes and of the output, and what fills them once. The large ones are written
 * before they are read. */
static void lay_out_buffers(cleave_engine *engine, const cleave_setup *setup, cleave_arena *arena)
{
    const size_t S = (size_t)engine->segment_frames, C = (size_t)engine->channels;
    const size_t I = (size_t)engine->model_stems, O = (size_t)setup->stems.count;
    const size_t inputs = I + (engine->uses_mixture ? 1 : 0);
    const size_t block = (size_t)cleave_i64_min(engine->segment_frames, CLEAVE_OUTPUT_BLOCK);
    const int32_t lanes = setup->lane_count;

    cleave_lane *const lane = cleave_arena_take(arena, (size_t)lanes, sizeof *lane);
    for (int32_t k = 0; k < lanes; k++) {
        float *const mean = cleave_arena_take_raw(arena, I * C * S, sizeof(float));
        float *const weight = engine->adds ? NULL : cleave_arena_take_raw(arena, S, sizeof(float));
        if (lane)
            lane[k] = (cleave_lane){.origin = setup->origin[k], .mean = mean, .weight = weight};
    }
    engine->lane = lane;
    engine->window = engine->adds ? NULL : cleave_arena_take_raw(arena, S, sizeof(float));
    engine->gain = cleave_arena_take_raw(arena, S, sizeof(float));
    engine->matrix = cleave_arena_take(arena, O * inputs, sizeof(float));
    engine->blended = cleave_arena_take_raw(arena, inputs * C * block, sizeof(float));
    engine->mixed = cleave_arena_take_raw(arena, O * C * block, sizeof(float));
    if (!arena->memory || arena->failed)
        return;
    if (!engine->adds)
        cleave_segment_window(engine->window, engine->segment_frames, setup->margin_frames,
                              setup->transition_power);
    for (size_t o = 0; o < O; o++)
        memcpy(engine->matrix + o * inputs, setup->stems.matrix[o], inputs * sizeof(float));
}

/* A model's input and output hold the rows that its ports speak of. */
static void check_ports(const cleave_workspace *space)
{
    const cleave_model_request *const request = &space->setup.request;
    const cleave_model_ports *const ports = &space->ports;
    const int64_t V = request->segment_frames, stride = cleave_i64_max(ports->stride, V);
    const int64_t rows = request->channels;

    assert(ports->stride == 0 || ports->stride >= V);
    assert(space->graph.tensor[ports->input].bytes >= (size_t)(rows * stride) * sizeof(float));
    assert(space->graph.tensor[ports->output].bytes >=
           (size_t)((request->stem_count * rows - 1) * stride + V) * sizeof(float));
    (void)rows;
    (void)stride;
}

void cleave_arenas_init(cleave_arenas *arenas, const cleave_workspace *space, void *host,
                        const cleave_device_blocks *blocks)
{
    cleave_arena_init(&arenas->host, host, space->memory.host_bytes);
    cleave_arena_init(&arenas->pinned, blocks->pinned, space->memory.pinned_bytes);
    cleave_arena_init(&arenas->device, blocks->device, space->memory.device_bytes);
    arenas->device.foreign = 1;
}

/* The plan and what runs it. */
static cleave_status lay_out_plan(cleave_workspace *space, cleave_engine *engine,
                                  cleave_arenas *arenas, cleave_error *error)
{
    const int gpu = engine->device.cuda != NULL;
    const cleave_plan_target target = {
        .ops = &engine->device.ops,
        .threads = gpu ? engine->device.streams : space->setup.threads,
        .streams = engine->device.streams,
        .slots = engine->slots,
        .data = gpu ? &arenas->device : NULL,
        .upload = gpu ? cleave_device_upload : NULL,
        .context = &engine->device,
        .staging = space->staging,
        .deferred = !gpu,
    };

    space->graph.packed = space->setup.weights_packed;
    space->graph.packed_context = space->setup.weights_context;
    const cleave_status status =
        cleave_plan_init_on(&engine->plan, &space->graph, &target, &arenas->host, error);
    if (status != CLEAVE_OK)
        return status;
    check_ports(space);
    engine->run = (cleave_run){
        .device = &engine->device,
        .plan = &engine->plan,
        .input = space->ports.input,
        .output = space->ports.output,
        .input_bytes = space->graph.tensor[space->ports.input].bytes,
        .output_bytes = space->graph.tensor[space->ports.output].bytes,
    };
    engine->device.calls->lay_out(&engine->run, &arenas->host, &arenas->pinned);
    return CLEAVE_OK;
}

static void describe_shape(cleave_engine *engine, const cleave_workspace *space)
{
    const cleave_setup *const setup = &space->setup;

    engine->channels = setup->request.channels;
    engine->model_stems = setup->stems.model_count;
    engine->segment_frames = setup->request.segment_frames;
    engine->stride = setup->stride_frames;
    engine->lane_count = setup->lane_count;
    engine->adds = setup->adds;
    engine->padded = setup->model->patches.unit != 0;
    engine->reach = engine->padded ? 0 : cleave_segment_reach(engine->segment_frames);
    engine->uses_mixture = setup->stems.uses_mixture;
    engine->ports = space->ports;
    engine->fitted_frames = engine->segment_frames;
    engine->normalizes = setup->model->normalizes;
    engine->device = space->device;
    engine->slots = space->slots;
    cleave_ops_cpu(&engine->ops, cleave_cpu_features() & ~setup->cpu_features_off);
}

cleave_status cleave_engine_lay_out(cleave_workspace *space, cleave_arenas *arenas,
                                    cleave_engine **made, cleave_error *error)
{
    const cleave_setup *const setup = &space->setup;
    cleave_arena *const arena = &arenas->host;
    cleave_engine *const taken = cleave_arena_take(arena, 1, sizeof *taken);
    cleave_engine *const engine = taken ? taken : &space->counted;

    describe_shape(engine, space);
    const cleave_status status = lay_out_plan(space, engine, arenas, error);
    if (status != CLEAVE_OK)
        return status;
    if (setup->model->any_length)
        cleave_fit_lay_out(engine, setup, &space->graph, arena);
    engine->workers = cleave_workers_init(arena, setup->threads);
    engine->run.workers = engine->workers;
    /* Besides, it holds the segments at hand, and as much as is pushed while they are computed. */
    cleave_ring_init(&engine->ring, arena,
                     frames_held(engine, setup) + engine->segment_frames +
                         engine->slots * engine->stride,
                     (size_t)engine->channels * sizeof(float));
    lay_out_buffers(engine, setup, arena);
    if (arena->failed || arenas->pinned.failed || arenas->device.failed)
        return cleave_error_set(error, CLEAVE_NO_MEMORY, "the engine is larger than any memory");
    cleave_arena_seal(arena);
    describe(engine, space);
    *made = engine;
    return CLEAVE_OK;
}

cleave_status cleave_engine_count(cleave_workspace *space, int32_t slots, cleave_error *error)
{
    static const cleave_device_blocks none = {0};
    cleave_engine *counted;
    cleave_arenas arenas;

    memset(&space->counted, 0, sizeof space->counted);
    space->slots = slots;
    cleave_arenas_init(&arenas, space, NULL, &none);
    const cleave_status status = cleave_engine_lay_out(space, &arenas, &counted, error);
    if (status == CLEAVE_OK)
        space->memory = (cleave_memory){
            .host_bytes = arenas.host.used,
            .pinned_bytes = arenas.pinned.used,
            .device_bytes = arenas.device.used,
        };
    return status;
}
