/* engine.c: an engine from need to close: its memory, its plan, its threads.
 *
 * The one file of the runtime that allocates: a workspace while an engine is made, and the arenas
 * of cleave_open() and cleave_live_open(). */
#include "runtime/engine_layout.h"

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

static void workspace_close(cleave_workspace *space)
{
    free(space->staging);
    free(space->graph_memory);
    free(space);
}

/* The model's graph, with as much room as it turns out to need. What is wrong with it, the plan
 * will say. */
static cleave_status build_graph(cleave_workspace *space, cleave_error *error)
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

/* Segments that a GPU is given when the configuration leaves it open: one is copied in, one copied
 * out, and two are computed, so that small steps of the one fill what those of the other leave
 * idle. */
#define SLOTS_AUTO 4

/* As many slots as are asked for, or as fit into the memory that is free now. A model that
 * remembers takes its segments one after the other. Part of the memory is left to the kernels
 * themselves and to whatever else runs there. */
static int32_t slots_for(const cleave_workspace *space, int32_t batch)
{
    const cleave_plan *const plan = &space->counted.plan;
    const size_t slot_bytes = plan->shared_bytes + (size_t)plan->threads * plan->scratch_bytes;

    if (!space->device.cuda || plan->state_bytes > 0)
        return 1;
    if (batch > 0)
        return batch;
    const size_t free_bytes = cleave_device_memory_free(&space->device);
    const size_t usable = free_bytes - free_bytes / 8;
    if (usable <= space->memory.device_bytes)
        return 1;
    const size_t more = (usable - space->memory.device_bytes) / (slot_bytes + 1);
    return more < SLOTS_AUTO - 1 ? 1 + (int32_t)more : SLOTS_AUTO;
}

static cleave_status choose_device(cleave_workspace *space, cleave_device device,
                                   const cleave_config *config, cleave_error *error)
{
    static const cleave_factors factors[] = {
        [CLEAVE_PRECISION_FP32] = CLEAVE_FACTORS_FP32,
        [CLEAVE_PRECISION_TF32] = CLEAVE_FACTORS_TF32,
        [CLEAVE_PRECISION_BF16] = CLEAVE_FACTORS_BF16,
        [CLEAVE_PRECISION_FP16] = CLEAVE_FACTORS_FP16,
    };
    const cleave_cuda_api *const cuda = cleave_cuda_api_get();

    if (device != CLEAVE_DEVICE_CUDA)
        return cleave_device_cpu_init(&space->device, space->setup.cpu_features_off,
                                      factors[config->precision], error);
    if (!cuda)
        return cleave_error_set(error, CLEAVE_NO_DEVICE,
                                "device cuda: this build computes on the CPU only");
    return cleave_device_cuda_init(&space->device, cuda, config->device_index,
                                   factors[config->precision], error);
}

/* What an engine is to be made of, for each of the ways to make one. */
struct order {
    const cleave_model *model;
    const cleave_config *config;
    void *arena; /* of cleave_init() */
    size_t bytes;
    cleave_engine **engine;
    cleave_engine_info *info; /* of cleave_need() */
};

/* Checks the configuration, builds the graph and counts. On success the caller closes *space. */
static cleave_status workspace_open(cleave_workspace **space, const struct order *order,
                                    cleave_device device, const char *note, cleave_error *error)
{
    cleave_workspace *const made = aligned_alloc(64, cleave_align_up(sizeof *made));
    const cleave_config *const config = order->config;

    if (!made)
        return cleave_error_set(error, CLEAVE_SYSTEM, "no memory for the workspace of %zu bytes",
                                sizeof *made);
    made->graph_memory = NULL;
    made->staging = NULL;
    made->device_note = note;
    cleave_status status = cleave_setup_init(&made->setup, config, order->model, error);
    if (status == CLEAVE_OK)
        status = choose_device(made, device, config, error);
    if (status == CLEAVE_OK)
        status = build_graph(made, error);
    if (status == CLEAVE_OK)
        status = cleave_engine_count(made, 1, error);
    if (status == CLEAVE_OK) {
        const int32_t slots = slots_for(made, config->batch);
        status = slots > 1 ? cleave_engine_count(made, slots, error) : CLEAVE_OK;
    }
    if (status != CLEAVE_OK) {
        workspace_close(made);
        return status;
    }
    *space = made;
    return CLEAVE_OK;
}

/* All of an engine that can fail once it is laid out. The threads of a CPU pack the weights. */
static cleave_status start(cleave_engine *made, const cleave_workspace *space, cleave_error *error)
{
    const cleave_plan_target target = {.workers = made->workers};
    cleave_status status = CLEAVE_OK;

    made->info.memory = space->memory;
    if (made->fit.memory && (status = cleave_fit_try(made, error)) != CLEAVE_OK)
        return status;
    for (int32_t k = 0; k < made->lane_count; k++)
        cleave_lane_reset(&made->lane[k], made);
    status = made->device.calls->open(&made->run, error);
    if (status == CLEAVE_OK && (status = cleave_workers_start(made->workers)) != CLEAVE_OK)
        cleave_error_set(error, status, "threads %d: the operating system refused to start one",
                         (int)made->info.threads);
    if (status != CLEAVE_OK)
        made->device.calls->close(&made->run);
    else if (!made->device.cuda)
        cleave_plan_fill(&made->plan, &space->graph, &target);
    return status;
}

/* Memory for what a GPU's plan is filled from. */
static cleave_status open_staging(cleave_workspace *space, cleave_error *error)
{
    const size_t bytes = cleave_plan_staging_bytes(&space->graph, &space->device.ops);

    if (space->device.cuda && !space->staging)
        space->staging = aligned_alloc(CLEAVE_ALIGN_BYTES, cleave_align_up(bytes));
    if (space->device.cuda && !space->staging)
        return cleave_error_set(error, CLEAVE_SYSTEM, "no memory for %zu bytes of weights", bytes);
    return CLEAVE_OK;
}

/* An engine of the workspace's configuration in a block that is large enough. */
static cleave_status place(cleave_workspace *space, void *memory, cleave_engine **engine,
                           cleave_error *error)
{
    cleave_device_blocks blocks;
    cleave_engine *made;
    cleave_arenas arenas;

    cleave_status status = open_staging(space, error);
    if (status != CLEAVE_OK)
        return status;
    status = cleave_device_blocks_open(&space->device, space->memory.device_bytes,
                                       space->memory.pinned_bytes, &blocks, error);
    if (status != CLEAVE_OK)
        return status;
    cleave_arenas_init(&arenas, space, memory, &blocks);
    status = cleave_engine_lay_out(space, &arenas, &made, error);
    assert(status != CLEAVE_OK || (arenas.host.used == space->memory.host_bytes &&
                                   arenas.pinned.used == space->memory.pinned_bytes &&
                                   arenas.device.used == space->memory.device_bytes));
    if (status == CLEAVE_OK)
        status = start(made, space, error);
    if (status != CLEAVE_OK) {
        cleave_device_blocks_close(&space->device, &blocks);
        return status;
    }
    made->run.blocks = blocks;
    *engine = made;
    return CLEAVE_OK;
}

/* After a failure: whether it is worth trying again with one slot, which is then counted. */
static int try_one_slot(cleave_workspace *space, const cleave_config *config, cleave_status status)
{
    return status == CLEAVE_NO_MEMORY && config->batch == 0 && space->slots > 1 &&
           cleave_engine_count(space, 1, NULL) == CLEAVE_OK;
}

static cleave_status need_on(const struct order *order, cleave_device device, const char *note,
                             cleave_error *error)
{
    cleave_workspace *space;
    const cleave_status status = workspace_open(&space, order, device, note, error);

    if (status != CLEAVE_OK)
        return status;
    *order->info = space->counted.info;
    order->info->memory = space->memory;
    workspace_close(space);
    return CLEAVE_OK;
}

static cleave_status init_on(const struct order *order, cleave_device device, const char *note,
                             cleave_error *error)
{
    cleave_workspace *space;
    cleave_status status = workspace_open(&space, order, device, note, error);

    if (status != CLEAVE_OK)
        return status;
    do {
        const size_t need = space->memory.host_bytes;
        status =
            order->bytes < need
                ? cleave_error_set(error, CLEAVE_NO_MEMORY,
                                   "arena: has %zu bytes, the engine needs %zu", order->bytes, need)
                : place(space, order->arena, order->engine, error);
    } while (try_one_slot(space, order->config, status));
    workspace_close(space);
    return status;
}

static cleave_status open_on(const struct order *order, cleave_device device, const char *note,
                             cleave_error *error)
{
    cleave_workspace *space;
    cleave_status status = workspace_open(&space, order, device, note, error);

    if (status != CLEAVE_OK)
        return status;
    do {
        const size_t need = space->memory.host_bytes;
        void *const memory = cleave_engine_memory_open(need);
        status = memory ? place(space, memory, order->engine, error)
                        : cleave_error_set(error, CLEAVE_NO_MEMORY,
                                           "the engine needs %zu bytes, which cannot be had", need);
        if (status == CLEAVE_OK)
            (*order->engine)->owned = memory;
        else
            cleave_engine_memory_close(memory);
    } while (try_one_slot(space, order->config, status));
    workspace_close(space);
    return status;
}

/* Makes it on the device that is asked for. "Auto" is a GPU, if this build knows any, and the CPU
 * if that one is not there, too small, or not able to; then the engine says why. */
static cleave_status on_device(cleave_status (*make)(const struct order *order,
                                                     cleave_device device, const char *note,
                                                     cleave_error *error),
                               const struct order *order, cleave_error *error)
{
    const cleave_device device = order->config ? order->config->device : CLEAVE_DEVICE_CPU;
    cleave_error reason = {.status = CLEAVE_OK};

    if (device != CLEAVE_DEVICE_AUTO || !cleave_cuda_api_get())
        return make(order, device, "", error);
    const cleave_status status = make(order, CLEAVE_DEVICE_CUDA, "", &reason);
    if (status == CLEAVE_NO_DEVICE || status == CLEAVE_NO_MEMORY || status == CLEAVE_UNSUPPORTED)
        return make(order, CLEAVE_DEVICE_CPU, reason.message, error);
    if (status != CLEAVE_OK && error)
        *error = reason;
    return status;
}

cleave_status cleave_engine_need(const cleave_model *model, const cleave_config *config,
                                 cleave_engine_info *info, cleave_error *error)
{
    return on_device(need_on, &(struct order){.model = model, .config = config, .info = info},
                     error);
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
    const struct order order = {
        .model = model, .config = config, .arena = arena, .bytes = bytes, .engine = engine};

    if (!arena || (uintptr_t)arena % CLEAVE_ALIGN_BYTES)
        return cleave_error_set(error, CLEAVE_INVALID, "arena: must be aligned to %d bytes",
                                CLEAVE_ALIGN_BYTES);
    return on_device(init_on, &order, error);
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
    return on_device(open_on, &(struct order){.model = model, .config = config, .engine = engine},
                     error);
}

void cleave_close(cleave_engine **engine)
{
    if (!engine || !*engine)
        return;
    cleave_workers_stop((*engine)->workers);
    (*engine)->device.calls->close(&(*engine)->run);
    cleave_device_blocks_close(&(*engine)->device, &(*engine)->run.blocks);
    cleave_engine_memory_close((*engine)->owned);
    *engine = NULL;
}

void cleave_engine_info_get(const cleave_engine *engine, cleave_engine_info *info)
{
    *info = engine->info;
}

void cleave_engine_error(const cleave_engine *engine, cleave_error *error)
{
    *error = engine->run.error;
}

size_t cleave_engine_memory_map(const cleave_engine *engine, char *text, size_t bytes)
{
    return cleave_plan_map(&engine->plan, text, bytes);
}
