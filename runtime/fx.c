/* fx.c: a chain of effects from need to close: its graph, its plan, its memory. */
#include "runtime/fx.h"

#include <stdio.h>
#include <string.h>

#include "kernels/interleave/interleave.h"
#include "runtime/engine.h"
#include "runtime/error.h"

/* Steps of one effect, and tensors: those, its state and its output. */
#define EFFECT_STEPS_MAX   16
#define EFFECT_TENSORS_MAX 32
#define TENSORS_MAX        (CLEAVE_FX_EFFECTS_MAX * EFFECT_TENSORS_MAX)
#define STEPS_MAX          (CLEAVE_FX_EFFECTS_MAX * EFFECT_STEPS_MAX)

/* Rows, and what lies before them, begin on a cache line. */
#define LINE_FLOATS (CLEAVE_ALIGN_BYTES / (int64_t)sizeof(float))

/* What making an object takes, and what is gone when it is made; lies in one block with the graph.
 */
typedef struct workspace {
    cleave_fx_config config;
    cleave_fx_chain chain; /* that is built: an empty one is a gain of 1 */
    cleave_graph graph;
    cleave_device_table device;
    cleave_tensor input, output;
    unsigned char *staging;
    cleave_memory memory;
    _Alignas(CLEAVE_ALIGN_BYTES) cleave_fx counted; /* stands in for the object while counting */
} workspace;

typedef struct arenas {
    cleave_arena host, pinned, device;
} arenas;

static int64_t lines(int64_t floats)
{
    return (floats + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
}

void cleave_fx_config_default(cleave_fx_config *config)
{
    *config = (cleave_fx_config){
        .rate_hz = 44100,
        .channels = 2,
        .streams = 1,
        .block_frames_max = 1024,
        .threads = 1,
        .device = CLEAVE_DEVICE_CPU,
    };
}

static cleave_status check_range(const char *name, int64_t value, int64_t low, int64_t high,
                                 cleave_error *error)
{
    if (value >= low && value <= high)
        return CLEAVE_OK;
    return cleave_error_set(error, CLEAVE_INVALID, "%s %lld: must be %lld to %lld", name,
                            (long long)value, (long long)low, (long long)high);
}

static cleave_status check_config(const cleave_fx_config *config, cleave_error *error)
{
    const struct {
        const char *name;
        int64_t value, low, high;
    } ranges[] = {
        {"rate_hz", config->rate_hz, CLEAVE_RATE_HZ_MIN, CLEAVE_FX_RATE_HZ_MAX},
        {"channels", config->channels, 1, CLEAVE_CHANNELS_MAX},
        {"streams", config->streams, 1, CLEAVE_FX_STREAMS_MAX},
        {"block_frames_max", config->block_frames_max, 1, CLEAVE_FX_BLOCK_FRAMES_MAX},
        {"ring_frames", config->ring_frames, 0, (int64_t)1 << 30},
        {"threads", config->threads, 1, CLEAVE_THREADS_MAX},
    };
    cleave_status status = CLEAVE_OK;

    for (size_t i = 0; status == CLEAVE_OK && i < sizeof ranges / sizeof ranges[0]; i++)
        status = check_range(ranges[i].name, ranges[i].value, ranges[i].low, ranges[i].high, error);
    if (status == CLEAVE_OK && config->ring_frames > 0 && config->streams > 1)
        return cleave_error_set(error, CLEAVE_INVALID, "ring_frames %lld: a ring is for one stream",
                                (long long)config->ring_frames);
    return status == CLEAVE_OK ? cleave_fx_chain_check(config->chain, error) : status;
}

cleave_effect_site cleave_fx_site(const cleave_fx *fx, const cleave_fx_chain *chain, int32_t index)
{
    return (cleave_effect_site){
        .streams = fx->info.streams,
        .channels = fx->info.channels,
        .rate_hz = fx->info.rate_hz,
        .frames_max = fx->info.block_frames_max,
        .stride = fx->layout.stride,
        .values = &chain->effect[index],
        .samples = &fx->samples[index],
    };
}

/* Shape, places and latency of all effects, in `counted`. */
static cleave_status describe(workspace *space, cleave_error *error)
{
    const cleave_fx_config *const config = &space->config;
    cleave_fx *const fx = &space->counted;
    cleave_fx_info *const info = &fx->info;
    int64_t doubles = 0;

    info->rate_hz = config->rate_hz;
    info->channels = config->channels;
    info->streams = config->streams;
    info->threads = config->threads;
    info->block_frames_max = config->block_frames_max;
    info->effect_count = config->chain->count;
    info->ring_frames = config->ring_frames;
    memcpy(info->device, space->device.name, sizeof info->device);
    fx->layout.stride = lines(config->block_frames_max);
    fx->count = space->chain.count;
    memcpy(fx->samples, config->samples, sizeof fx->samples);
    for (int32_t i = 0; i < fx->count; i++) {
        const cleave_effect *const effect = cleave_effect_at(space->chain.effect[i].kind);
        const cleave_effect_site site = cleave_fx_site(fx, &space->chain, i);
        if (effect->check) {
            const cleave_status status = effect->check(&site, error);
            if (status != CLEAVE_OK)
                return status;
        }
        fx->place[i] = (cleave_fx_place){.effect = effect, .parameter_offset = doubles};
        doubles += lines(2 * effect->derived_count(&site)) / 2;
        if (effect->latency_frames)
            info->effect_latency_frames[i] = effect->latency_frames(&site);
        info->latency_frames += info->effect_latency_frames[i];
        info->tail_frames += effect->tail_frames ? effect->tail_frames(&site) : 0;
    }
    fx->parameter_count = doubles;
    fx->layout.parameters = lines(CLEAVE_BLOCK_FLOATS);
    fx->layout.audio_in = fx->layout.parameters + 2 * doubles;
    fx->layout.replaced = (int64_t)fx->count * config->streams;
    fx->layout.audio_out = lines(fx->layout.replaced + config->streams);
    return CLEAVE_OK;
}

/* Rows between two effects. */
static cleave_view rows_of(workspace *space, const char *label)
{
    const cleave_fx *const fx = &space->counted;
    const int64_t count = (int64_t)fx->info.streams * fx->info.channels * fx->layout.stride;

    return (cleave_view){
        cleave_graph_tensor_add(&space->graph, label, count, CLEAVE_TENSOR_TEMPORARY), 0};
}

/* A step from frames to rows, or back. */
static void build_door(workspace *space, cleave_interleave_kind kind, cleave_view rows)
{
    const cleave_fx *const fx = &space->counted;
    const cleave_fx_layout *const layout = &fx->layout;
    const cleave_interleave_args args = {
        .streams = fx->info.streams,
        .channels = fx->info.channels,
        .frames_max = fx->info.block_frames_max,
        .stride = layout->stride,
        .kind = kind,
    };
    const cleave_view block = {space->input, 0};

    if (kind == CLEAVE_INTERLEAVE_SPLIT) {
        const cleave_view operands[] = {
            {space->input, layout->audio_in}, block, rows, {space->output, layout->replaced}};
        cleave_graph_add(&space->graph, "frames to rows", CLEAVE_OP_INTERLEAVE, &args, operands, 4);
    } else {
        const cleave_view operands[] = {rows, block, {space->output, layout->audio_out}};
        cleave_graph_add(&space->graph, "rows to frames", CLEAVE_OP_INTERLEAVE, &args, operands, 3);
    }
}

static void build_graph(workspace *space)
{
    const cleave_fx *const fx = &space->counted;
    const cleave_fx_layout *const layout = &fx->layout;
    const int64_t audio = (int64_t)fx->info.streams * fx->info.channels * fx->info.block_frames_max;

    space->input = cleave_graph_tensor_add(&space->graph, "input", layout->audio_in + audio,
                                           CLEAVE_TENSOR_INPUT);
    space->output = cleave_graph_tensor_add(&space->graph, "output", layout->audio_out + audio,
                                            CLEAVE_TENSOR_OUTPUT);
    cleave_view rows = rows_of(space, "rows");
    build_door(space, CLEAVE_INTERLEAVE_SPLIT, rows);
    for (int32_t i = 0; i < fx->count; i++) {
        const cleave_effect_site site = cleave_fx_site(fx, &space->chain, i);
        char label[CLEAVE_LABEL_BYTES];
        snprintf(label, sizeof label, "%d %s", (int)i + 1, fx->place[i].effect->kind.name);
        const cleave_effect_wires wires = {
            .graph = &space->graph,
            .label = label,
            .block = {space->input, 0},
            .parameters = {space->input, layout->parameters + 2 * fx->place[i].parameter_offset},
            .in = rows,
            .out = rows_of(space, label),
            .report = {space->output, (int64_t)i * fx->info.streams},
        };
        fx->place[i].effect->build(&site, &wires);
        rows = wires.out;
    }
    build_door(space, CLEAVE_INTERLEAVE_JOIN, rows);
}

/* Lays the object out: run on counting arenas first and on real ones then. */
static cleave_status lay_out(workspace *space, arenas *from, cleave_fx **made, cleave_error *error)
{
    cleave_arena *const host = &from->host;
    cleave_fx *const taken = cleave_arena_take(host, 1, sizeof *taken);
    cleave_fx *const fx = taken ? taken : &space->counted;
    const int gpu = space->device.cuda != NULL;

    if (taken)
        *fx = space->counted;
    fx->device = space->device;
    const cleave_plan_target target = {
        .ops = &fx->device.ops,
        .threads = gpu ? fx->device.streams : space->config.threads,
        .streams = fx->device.streams,
        .slots = 1,
        .data = gpu ? &from->device : NULL,
        .upload = gpu ? cleave_device_upload : NULL,
        .context = &fx->device,
        .staging = space->staging,
        .deferred = !gpu,
    };
    const cleave_status status =
        cleave_plan_init_on(&fx->plan, &space->graph, &target, host, error);
    if (status != CLEAVE_OK)
        return status;
    fx->workers = cleave_workers_init(host, space->config.threads);
    fx->run = (cleave_run){
        .device = &fx->device,
        .plan = &fx->plan,
        .workers = fx->workers,
        .input = space->input,
        .output = space->output,
        .input_bytes = space->graph.tensor[space->input].bytes,
        .output_bytes = space->graph.tensor[space->output].bytes,
    };
    fx->device.calls->lay_out(&fx->run, host, &from->pinned);
    if (space->config.ring_frames > 0)
        cleave_ring_init(&fx->ring, host, space->config.ring_frames,
                         (size_t)fx->info.channels * sizeof(float));
    fx->current = cleave_arena_take(host, (size_t)fx->parameter_count, sizeof(double));
    fx->pending = cleave_arena_take(host, (size_t)fx->parameter_count, sizeof(double));
    cleave_arena_seal(host);
    if (host->failed || from->pinned.failed || from->device.failed)
        return cleave_error_set(error, CLEAVE_NO_MEMORY, "the effects are larger than any memory");
    *made = fx;
    return CLEAVE_OK;
}

static void workspace_close(workspace *space)
{
    cleave_engine_memory_close(space->staging);
    cleave_engine_memory_close(space);
}

static cleave_status choose_device(workspace *space, cleave_error *error)
{
    const cleave_fx_config *const config = &space->config;
    const cleave_cuda_api *const cuda = cleave_cuda_api_get();
    cleave_error reason;

    if (config->device != CLEAVE_DEVICE_CPU && cuda) {
        const cleave_status status = cleave_device_cuda_init(
            &space->device, cuda, config->device_index, CLEAVE_FACTORS_FP32, &reason);
        if (status == CLEAVE_OK || config->device == CLEAVE_DEVICE_CUDA) {
            if (status != CLEAVE_OK && error)
                *error = reason;
            return status;
        }
    }
    if (config->device == CLEAVE_DEVICE_CUDA)
        return cleave_error_set(error, CLEAVE_NO_DEVICE,
                                "device cuda: this build computes on the CPU only");
    return cleave_device_cpu_init(&space->device, config->cpu_features_off, CLEAVE_FACTORS_FP32,
                                  error);
}

/* Checks, builds the graph and counts. On success the caller closes *space. */
static cleave_status workspace_open(const cleave_fx_config *config, workspace **space,
                                    cleave_error *error)
{
    const size_t head = cleave_align_up(sizeof(workspace));
    cleave_status status = check_config(config, error);
    if (status != CLEAVE_OK)
        return status;
    workspace *const made =
        cleave_engine_memory_open(head + cleave_graph_bytes(TENSORS_MAX, STEPS_MAX));
    if (!made)
        return cleave_error_set(error, CLEAVE_SYSTEM, "no memory for the plan of the effects");
    memset(made, 0, head);
    made->config = *config;
    made->chain = *config->chain;
    if (made->chain.count == 0)
        cleave_fx_chain_add(&made->chain, "gain", NULL);
    status = choose_device(made, error);
    if (status == CLEAVE_OK)
        status = describe(made, error);
    if (status == CLEAVE_OK) {
        arenas counting = {.device = {0}};
        cleave_fx *counted;
        cleave_graph_init(&made->graph, (unsigned char *)made + head, TENSORS_MAX, STEPS_MAX);
        build_graph(made);
        cleave_arena_init(&counting.host, NULL, 0);
        cleave_arena_init(&counting.pinned, NULL, 0);
        cleave_arena_init(&counting.device, NULL, 0);
        counting.device.foreign = 1;
        status = lay_out(made, &counting, &counted, error);
        made->memory = (cleave_memory){.host_bytes = counting.host.used,
                                       .pinned_bytes = counting.pinned.used,
                                       .device_bytes = counting.device.used};
    }
    if (status != CLEAVE_OK) {
        workspace_close(made);
        return status;
    }
    *space = made;
    return CLEAVE_OK;
}

static void derive_all(cleave_fx *fx)
{
    for (int32_t i = 0; i < fx->count; i++) {
        const cleave_effect_site site = cleave_fx_site(fx, &fx->chain, i);
        fx->place[i].effect->derive(&site, fx->pending + fx->place[i].parameter_offset);
    }
    memcpy(fx->current, fx->pending, (size_t)fx->parameter_count * sizeof(double));
}

/* All that can fail once it is laid out. */
static cleave_status start(cleave_fx *fx, const workspace *space, cleave_error *error)
{
    const cleave_plan_target target = {.workers = fx->workers};

    fx->info.memory = space->memory;
    fx->chain = space->chain;
    atomic_flag_clear(&fx->lock);
    derive_all(fx);
    cleave_status status = fx->device.calls->open(&fx->run, error);
    if (status != CLEAVE_OK)
        return status;
    fx->device.calls->reset(&fx->run);
    status = cleave_workers_start(fx->workers);
    if (status != CLEAVE_OK) {
        cleave_error_set(error, status, "threads %d: the operating system refused to start one",
                         (int)fx->info.threads);
        fx->device.calls->close(&fx->run);
    } else if (!fx->device.cuda) {
        cleave_plan_fill(&fx->plan, &space->graph, &target);
    }
    return status;
}

/* An object of the workspace in a block that is large enough. */
static cleave_status place(workspace *space, void *memory, cleave_fx **fx, cleave_error *error)
{
    cleave_device_blocks blocks;
    cleave_fx *made;
    arenas from;

    if (space->device.cuda) {
        const size_t bytes = cleave_plan_staging_bytes(&space->graph, &space->device.ops);
        space->staging = cleave_engine_memory_open(cleave_align_up(bytes + 1));
        if (!space->staging)
            return cleave_error_set(error, CLEAVE_SYSTEM, "no memory for %zu bytes of tables",
                                    bytes);
    }
    cleave_status status = cleave_device_blocks_open(&space->device, space->memory.device_bytes,
                                                     space->memory.pinned_bytes, &blocks, error);
    if (status != CLEAVE_OK)
        return status;
    cleave_arena_init(&from.host, memory, space->memory.host_bytes);
    cleave_arena_init(&from.pinned, blocks.pinned, space->memory.pinned_bytes);
    cleave_arena_init(&from.device, blocks.device, space->memory.device_bytes);
    from.device.foreign = 1;
    status = lay_out(space, &from, &made, error);
    assert(status != CLEAVE_OK || from.host.used == space->memory.host_bytes);
    if (status == CLEAVE_OK)
        status = start(made, space, error);
    if (status != CLEAVE_OK) {
        cleave_device_blocks_close(&space->device, &blocks);
        return status;
    }
    made->run.blocks = blocks;
    *fx = made;
    return CLEAVE_OK;
}

cleave_status cleave_fx_need(const cleave_fx_config *config, cleave_memory *need,
                             cleave_error *error)
{
    workspace *space;
    const cleave_status status = workspace_open(config, &space, error);

    if (status != CLEAVE_OK)
        return status;
    *need = space->memory;
    workspace_close(space);
    return CLEAVE_OK;
}

cleave_status cleave_fx_init(const cleave_fx_config *config, void *arena, size_t bytes,
                             cleave_fx **fx, cleave_error *error)
{
    workspace *space;

    if (!arena || (uintptr_t)arena % CLEAVE_ALIGN_BYTES)
        return cleave_error_set(error, CLEAVE_INVALID, "arena: must be aligned to %d bytes",
                                CLEAVE_ALIGN_BYTES);
    cleave_status status = workspace_open(config, &space, error);
    if (status != CLEAVE_OK)
        return status;
    const size_t need = space->memory.host_bytes;
    status = bytes < need
                 ? cleave_error_set(error, CLEAVE_NO_MEMORY,
                                    "arena: has %zu bytes, the effects need %zu", bytes, need)
                 : place(space, arena, fx, error);
    workspace_close(space);
    return status;
}

cleave_status cleave_fx_open(const cleave_fx_config *config, cleave_fx **fx, cleave_error *error)
{
    workspace *space;
    cleave_status status = workspace_open(config, &space, error);

    if (status != CLEAVE_OK)
        return status;
    void *const memory = cleave_engine_memory_open(space->memory.host_bytes);
    status = memory ? place(space, memory, fx, error)
                    : cleave_error_set(error, CLEAVE_NO_MEMORY,
                                       "the effects need %zu bytes, which cannot be had",
                                       space->memory.host_bytes);
    if (status == CLEAVE_OK)
        (*fx)->owned = memory;
    else
        cleave_engine_memory_close(memory);
    workspace_close(space);
    return status;
}

void cleave_fx_close(cleave_fx **fx)
{
    if (!fx || !*fx)
        return;
    cleave_workers_stop((*fx)->workers);
    (*fx)->device.calls->close(&(*fx)->run);
    cleave_device_blocks_close(&(*fx)->device, &(*fx)->run.blocks);
    cleave_engine_memory_close((*fx)->owned);
    *fx = NULL;
}

void cleave_fx_info_get(const cleave_fx *fx, cleave_fx_info *info)
{
    *info = fx->info;
}
