/* engine.c: an engine from need to close: its memory, its plan, its threads.
 *
 * The one file of the runtime that allocates: a workspace while an engine is made, and the arenas
 * of cleave_open() and cleave_live_open(). */
#include "runtime/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/error.h"

/* Tensors that a graph has room for at first, and half as many steps. */
#define GRAPH_TENSORS_FIRST 1024

/* A large arena asks for large pages: tensors are read a little of every channel at a time, each in
 * a page of its own, and what finds usual pages would be missing all the time. */
#define HUGE_BYTES ((size_t)2 << 20)

_Static_assert(CLEAVE_TENSORS_MAX % GRAPH_TENSORS_FIRST == 0 &&
                   (CLEAVE_TENSORS_MAX / GRAPH_TENSORS_FIRST &
                    (CLEAVE_TENSORS_MAX / GRAPH_TENSORS_FIRST - 1)) == 0 &&
                   CLEAVE_STEPS_MAX == CLEAVE_TENSORS_MAX / 2,
               "doubling the room ends at the limits");

/* What making an engine takes, and what is gone when it is made. */
struct workspace {
    cleave_setup setup;
    cleave_graph graph;
    void *graph_memory;
    cleave_model_ports ports;
    cleave_device_table device;         /* while counting: the sizes depend on the kernels */
    _Alignas(64) cleave_engine counted; /* stands in for the engine while counting */
    size_t host_bytes;
};

/* Frames before the segment at hand that the ring still holds: those that it may be widened by, or
 * that have not been pulled and will be read once more. */
static int64_t frames_held(const cleave_engine *engine, const cleave_setup *setup)
{
    if (engine->padded && !engine->uses_mixture)
        return 0;
    return cleave_i64_max(engine->reach, setup->stride_frames);
}

static void describe(cleave_engine *engine, const cleave_setup *setup)
{
    cleave_engine_info *const info = &engine->info;

    snprintf(info->model, sizeof info->model, "%s", setup->model->info.name);
    memcpy(info->device, engine->device.name, sizeof info->device);
    info->rate_hz = setup->request.rate_hz;
    info->channels = setup->request.channels;
    info->stem_count = setup->stems.count;
    memcpy(info->stems, setup->stems.names, sizeof info->stems);
    info->threads = setup->threads;
    info->segment_frames = engine->segment_frames;
    info->stride_frames = engine->stride;
    info->latency_frames_max = engine->segment_frames;
    info->input_frames_max = engine->ring.capacity - frames_held(engine, setup);
}

/* The buffers of the lanes and of the output, and what fills them once. */
static void lay_out_buffers(cleave_engine *engine, const cleave_setup *setup, cleave_arena *arena)
{
    const size_t S = (size_t)engine->segment_frames, C = (size_t)engine->channels;
    const size_t I = (size_t)engine->model_stems, O = (size_t)setup->stems.count;
    const size_t inputs = I + (engine->uses_mixture ? 1 : 0);
    const size_t block = (size_t)cleave_i64_min(engine->segment_frames, CLEAVE_OUTPUT_BLOCK);
    const int32_t lanes = setup->lane_count;

    cleave_lane *const lane = cleave_arena_take(arena, (size_t)lanes, sizeof *lane);
    for (int32_t k = 0; k < lanes; k++) {
        float *const mean = cleave_arena_take(arena, I * C * S, sizeof(float));
        float *const weight = engine->adds ? NULL : cleave_arena_take(arena, S, sizeof(float));
        if (lane)
            lane[k] = (cleave_lane){.origin = setup->origin[k], .mean = mean, .weight = weight};
    }
    engine->lane = lane;
    engine->window = engine->adds ? NULL : cleave_arena_take(arena, S, sizeof(float));
    engine->gain = cleave_arena_take(arena, S, sizeof(float));
    engine->matrix = cleave_arena_take(arena, O * inputs, sizeof(float));
    engine->blended = cleave_arena_take(arena, inputs * C * block, sizeof(float));
    engine->mixed = cleave_arena_take(arena, O * C * block, sizeof(float));
    if (!arena->memory || arena->failed)
        return;
    if (!engine->adds)
        cleave_segment_window(engine->window, engine->segment_frames, setup->margin_frames,
                              setup->transition_power);
    for (size_t o = 0; o < O; o++)
        memcpy(engine->matrix + o * inputs, setup->stems.matrix[o], inputs * sizeof(float));
}

/* A model's input and output hold the rows that its ports speak of. */
static void check_ports(const struct workspace *space)
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

/* Lays the engine out in the arena: the one place that decides what it takes, run on a counting
 * arena by cleave_need() and on a real one by cleave_init(). */
static cleave_status lay_out(struct workspace *space, cleave_arena *arena, cleave_engine **made,
                             cleave_error *error)
{
    const cleave_setup *const setup = &space->setup;
    cleave_engine *const taken = cleave_arena_take(arena, 1, sizeof *taken);
    cleave_engine *const engine = taken ? taken : &space->counted;

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
    space->graph.packed = setup->weights_packed;
    space->graph.packed_context = setup->weights_context;
    const cleave_status status = cleave_plan_init(&engine->plan, &space->graph, &engine->device.ops,
                                                  setup->threads, arena, error);
    if (status != CLEAVE_OK)
        return status;
    check_ports(space);
    if (setup->model->any_length)
        cleave_fit_lay_out(engine, setup, &space->graph, arena);
    engine->workers = cleave_workers_init(arena, setup->threads);
    /* Besides, it holds the segment itself, and as much as is pushed while that is computed. */
    cleave_ring_init(&engine->ring, arena,
                     frames_held(engine, setup) + engine->segment_frames + engine->stride,
                     (size_t)engine->channels * sizeof(float));
    lay_out_buffers(engine, setup, arena);
    if (arena->failed)
        return cleave_error_set(error, CLEAVE_NO_MEMORY, "the engine is larger than any memory");
    cleave_arena_seal(arena);
    describe(engine, setup);
    *made = engine;
    return CLEAVE_OK;
}

static void workspace_close(struct workspace *space)
{
    free(space->graph_memory);
    free(space);
}

/* The model's graph, with as much room as it turns out to need. What is wrong with it, the plan
 * will say. */
static cleave_status build_graph(struct workspace *space, cleave_error *error)
{
    const cleave_setup *const setup = &space->setup;

    for (int32_t tensors = GRAPH_TENSORS_FIRST;; tensors *= 2) {
        const int32_t steps = tensors / 2;
        const size_t bytes = cleave_graph_bytes(tensors, steps);
        free(space->graph_memory);
        space->graph_memory = aligned_alloc(CLEAVE_ALIGN_BYTES, bytes);
        if (!space->graph_memory)
            return cleave_error_set(error, CLEAVE_SYSTEM, "no memory for the graph of %zu bytes",
                                    bytes);
        cleave_graph_init(&space->graph, space->graph_memory, tensors, steps);
        space->ports = (cleave_model_ports){0};
        setup->model->build(&setup->request, &space->graph, &space->ports);
        if (!space->graph.full || tensors == CLEAVE_TENSORS_MAX)
            return CLEAVE_OK;
    }
}

/* Checks the configuration, builds the graph and counts. On success the caller closes *space. */
static cleave_status workspace_open(struct workspace **space, const cleave_model *model,
                                    const cleave_config *config, cleave_error *error)
{
    struct workspace *const made = aligned_alloc(64, cleave_align_up(sizeof *made));
    cleave_engine *counted;
    cleave_arena arena;

    if (!made)
        return cleave_error_set(error, CLEAVE_SYSTEM, "no memory for the workspace of %zu bytes",
                                sizeof *made);
    memset(&made->counted, 0, sizeof made->counted);
    made->graph_memory = NULL;
    cleave_status status = cleave_setup_init(&made->setup, config, model, error);
    if (status == CLEAVE_OK) {
        cleave_device_cpu_init(&made->device, made->setup.cpu_features_off);
        cleave_arena_init(&arena, NULL, 0);
        status = build_graph(made, error);
    }
    if (status == CLEAVE_OK)
        status = lay_out(made, &arena, &counted, error);
    if (status != CLEAVE_OK) {
        workspace_close(made);
        return status;
    }
    made->host_bytes = arena.used;
    *space = made;
    return CLEAVE_OK;
}

/* An engine of the workspace's configuration in a block that is large enough. */
static cleave_status place(struct workspace *space, void *memory, size_t bytes,
                           cleave_engine **engine, cleave_error *error)
{
    cleave_engine *made;
    cleave_arena arena;

    cleave_arena_init(&arena, memory, bytes);
    cleave_status status = lay_out(space, &arena, &made, error);
    if (status != CLEAVE_OK)
        return status;
    assert(arena.used == space->host_bytes);
    made->info.memory.host_bytes = arena.used;
    if (made->fit.memory && (status = cleave_fit_try(made, error)) != CLEAVE_OK)
        return status;
    for (int32_t k = 0; k < made->lane_count; k++)
        cleave_lane_reset(&made->lane[k], made);
    status = cleave_workers_start(made->workers);
    if (status != CLEAVE_OK)
        return cleave_error_set(error, status,
                                "threads %d: the operating system refused to start one",
                                (int)made->info.threads);
    *engine = made;
    return CLEAVE_OK;
}

cleave_status cleave_engine_need(const cleave_model *model, const cleave_config *config,
                                 cleave_engine_info *info, cleave_error *error)
{
    struct workspace *space;
    const cleave_status status = workspace_open(&space, model, config, error);

    if (status != CLEAVE_OK)
        return status;
    *info = space->counted.info;
    info->memory.host_bytes = space->host_bytes;
    workspace_close(space);
    return CLEAVE_OK;
}

cleave_status cleave_need(const cleave_config *config, cleave_memory *need, cleave_error *error)
{
    cleave_engine_info info;
    const cleave_status status = cleave_engine_need(NULL, config, &info, error);

    if (status == CLEAVE_OK)
        *need = info.memory;
    return status;
}

cleave_status cleave_engine_init(const cleave_model *model, const cleave_config *config,
                                 void *arena, size_t bytes, cleave_engine **engine,
                                 cleave_error *error)
{
    struct workspace *space;

    if (!arena || (uintptr_t)arena % CLEAVE_ALIGN_BYTES)
        return cleave_error_set(error, CLEAVE_INVALID, "arena: must be aligned to %d bytes",
                                CLEAVE_ALIGN_BYTES);
    cleave_status status = workspace_open(&space, model, config, error);
    if (status != CLEAVE_OK)
        return status;
    if (bytes < space->host_bytes)
        status =
            cleave_error_set(error, CLEAVE_NO_MEMORY, "arena: has %zu bytes, the engine needs %zu",
                             bytes, space->host_bytes);
    else
        status = place(space, arena, bytes, engine, error);
    workspace_close(space);
    return status;
}

cleave_status cleave_init(const cleave_config *config, void *arena, size_t bytes,
                          cleave_engine **engine, cleave_error *error)
{
    return cleave_engine_init(NULL, config, arena, bytes, engine, error);
}

void *cleave_engine_memory_open(size_t bytes)
{
    const size_t align = bytes < HUGE_BYTES ? CLEAVE_ALIGN_BYTES : HUGE_BYTES;
    const size_t whole = (bytes + align - 1) / align * align;
    void *const memory = whole < bytes ? NULL : aligned_alloc(align, whole);

    /* Where the system has none to give, pages of the usual size do. */
    if (memory && align == HUGE_BYTES)
        madvise(memory, whole, MADV_HUGEPAGE);
    return memory;
}

void cleave_engine_memory_close(void *memory)
{
    free(memory);
}

cleave_status cleave_open(const cleave_config *config, cleave_engine **engine, cleave_error *error)
{
    return cleave_engine_open(NULL, config, engine, error);
}

cleave_status cleave_engine_open(const cleave_model *model, const cleave_config *config,
                                 cleave_engine **engine, cleave_error *error)
{
    struct workspace *space;
    cleave_status status = workspace_open(&space, model, config, error);

    if (status != CLEAVE_OK)
        return status;
    void *const memory = cleave_engine_memory_open(space->host_bytes);
    if (!memory)
        status =
            cleave_error_set(error, CLEAVE_NO_MEMORY,
                             "the engine needs %zu bytes, which cannot be had", space->host_bytes);
    else
        status = place(space, memory, space->host_bytes, engine, error);
    workspace_close(space);
    if (status == CLEAVE_OK)
        (*engine)->owned = memory;
    else
        cleave_engine_memory_close(memory);
    return status;
}

void cleave_close(cleave_engine **engine)
{
    if (!engine || !*engine)
        return;
    cleave_workers_stop((*engine)->workers);
    cleave_engine_memory_close((*engine)->owned);
    *engine = NULL;
}

void cleave_engine_info_get(const cleave_engine *engine, cleave_engine_info *info)
{
    *info = engine->info;
}

size_t cleave_engine_memory_map(const cleave_engine *engine, char *text, size_t bytes)
{
    return cleave_plan_map(&engine->plan, text, bytes);
}
