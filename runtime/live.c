/* live.c: a live object from need to close: its memory and its thread. */
#include "runtime/live.h"

#include "runtime/error.h"

void cleave_live_config_default(cleave_live_config *config)
{
    *config = (cleave_live_config){.block_frames_max = 1024};
    cleave_config_default(&config->engine);
}

/* The engine's configuration. Frames are to come as soon as they can: a GPU is given one segment at
 * a time. */
static cleave_config engine_config(const cleave_live_config *config)
{
    cleave_config engine = config->engine;

    engine.batch = 1;
    return engine;
}

/* What the object will be, from the configuration: all of *info but its memory. */
static cleave_status describe(const cleave_model *model, const cleave_live_config *config,
                              cleave_live_info *info, cleave_error *error)
{
    const int64_t block = config->block_frames_max;

    if (block < 1 || block > CLEAVE_LIVE_BLOCK_FRAMES_MAX)
        return cleave_error_set(error, CLEAVE_INVALID, "block_frames_max %lld: must be 1 to %d",
                                (long long)block, CLEAVE_LIVE_BLOCK_FRAMES_MAX);
    const cleave_config engine = engine_config(config);
    const cleave_status status = cleave_engine_need(model, &engine, &info->engine, error);
    if (status != CLEAVE_OK)
        return status;
    const int64_t least = info->engine.segment_frames + block;
    info->block_frames_max = config->block_frames_max;
    info->latency_frames =
        config->latency_frames ? config->latency_frames : least + info->engine.stride_frames;
    if (info->latency_frames < least || info->latency_frames > CLEAVE_LIVE_LATENCY_FRAMES_MAX)
        return cleave_error_set(error, CLEAVE_INVALID,
                                "latency_frames %lld: must be 0 or %lld, a segment and a block, "
                                "to %d",
                                (long long)config->latency_frames, (long long)least,
                                CLEAVE_LIVE_LATENCY_FRAMES_MAX);
    return CLEAVE_OK;
}

/* The input ring holds what comes in while frames are not yet late. The output ring holds what is
 * still to be given before the block that completes the next segment, so that its computation need
 * not wait for room, and a block more. */
static void lay_out_rings(cleave_live *live, const cleave_live_info *info, cleave_arena *arena)
{
    const size_t frame_bytes = (size_t)info->engine.channels * sizeof(float);
    const int64_t slack = info->latency_frames - info->engine.segment_frames;

    cleave_gap_ring_init(&live->in, arena, info->latency_frames, frame_bytes);
    cleave_gap_ring_init(&live->out, arena, slack + 2 * info->block_frames_max, frame_bytes);
    for (int32_t s = 1; s < info->engine.stem_count; s++)
        live->rest[s] = cleave_arena_take(arena, (size_t)live->out.ring.capacity, frame_bytes);
    live->silence = cleave_arena_take(arena, CLEAVE_LIVE_SILENCE_FRAMES, frame_bytes);
}

/* Takes all that the object needs from the arena, the engine's own arena last; its start goes to
 * *engine_memory. Returns the object, or `counted` on a counting arena. */
static cleave_live *lay_out(const cleave_live_info *info, cleave_arena *arena, cleave_live *counted,
                            void **engine_memory)
{
    cleave_live *const taken = cleave_arena_take(arena, 1, sizeof *taken);
    cleave_live *const live = taken ? taken : counted;

    lay_out_rings(live, info, arena);
    *engine_memory = cleave_arena_take_raw(arena, info->engine.memory.host_bytes, 1);
    cleave_arena_seal(arena);
    return live;
}

/* *info with the memory that is needed. */
static cleave_status measure(const cleave_model *model, const cleave_live_config *config,
                             cleave_live_info *info, cleave_error *error)
{
    const cleave_status status = describe(model, config, info, error);
    cleave_live counted = {0};
    cleave_arena arena;
    void *engine_memory;

    if (status != CLEAVE_OK)
        return status;
    cleave_arena_init(&arena, NULL, 0);
    lay_out(info, &arena, &counted, &engine_memory);
    if (arena.failed)
        return cleave_error_set(error, CLEAVE_NO_MEMORY, "the rings are larger than any memory");
    info->memory = info->engine.memory;
    info->memory.host_bytes = arena.used;
    return CLEAVE_OK;
}

/* An object of that description in a block that is large enough. */
static cleave_status place(const cleave_model *model, const cleave_live_config *config,
                           const cleave_live_info *info, void *memory, cleave_live **live,
                           cleave_error *error)
{
    cleave_arena arena;
    void *engine_memory;

    cleave_arena_init(&arena, memory, info->memory.host_bytes);
    cleave_live *const made = lay_out(info, &arena, NULL, &engine_memory);
    assert(!arena.failed);
    assert(arena.used == info->memory.host_bytes);
    const cleave_config engine = engine_config(config);
    cleave_status status = cleave_engine_init(model, &engine, engine_memory,
                                              info->engine.memory.host_bytes, &made->engine, error);
    if (status != CLEAVE_OK)
        return status;
    made->info = *info;
    cleave_engine_info_get(made->engine, &made->info.engine);
    cleave_live_rewind(made);
    status = cleave_live_thread_start(made);
    if (status != CLEAVE_OK) {
        cleave_close(&made->engine);
        return cleave_error_set(error, status, "the operating system refused to start a thread");
    }
    *live = made;
    return CLEAVE_OK;
}

cleave_status cleave_live_need(const cleave_live_config *config, cleave_memory *need,
                               cleave_error *error)
{
    cleave_live_info info;
    const cleave_status status = measure(NULL, config, &info, error);

    if (status == CLEAVE_OK)
        *need = info.memory;
    return status;
}

cleave_status cleave_live_init(const cleave_live_config *config, void *arena, size_t bytes,
                               cleave_live **live, cleave_error *error)
{
    cleave_live_info info;

    if (!arena || (uintptr_t)arena % CLEAVE_ALIGN_BYTES)
        return cleave_error_set(error, CLEAVE_INVALID, "arena: must be aligned to %d bytes",
                                CLEAVE_ALIGN_BYTES);
    const cleave_status status = measure(NULL, config, &info, error);
    if (status != CLEAVE_OK)
        return status;
    if (bytes < info.memory.host_bytes)
        return cleave_error_set(error, CLEAVE_NO_MEMORY,
                                "arena: has %zu bytes, the live object needs %zu", bytes,
                                info.memory.host_bytes);
    return place(NULL, config, &info, arena, live, error);
}

cleave_status cleave_live_open(const cleave_live_config *config, cleave_live **live,
                               cleave_error *error)
{
    return cleave_live_open_model(NULL, config, live, error);
}

cleave_status cleave_live_open_model(const cleave_model *model, const cleave_live_config *config,
                                     cleave_live **live, cleave_error *error)
{
    cleave_live_info info;
    cleave_status status = measure(model, config, &info, error);

    if (status != CLEAVE_OK)
        return status;
    void *const memory = cleave_engine_memory_open(info.memory.host_bytes);
    if (!memory)
        return cleave_error_set(error, CLEAVE_NO_MEMORY,
                                "the live object needs %zu bytes, which cannot be had",
                                info.memory.host_bytes);
    status = place(model, config, &info, memory, live, error);
    if (status == CLEAVE_OK)
        (*live)->owned = memory;
    else
        cleave_engine_memory_close(memory);
    return status;
}

void cleave_live_close(cleave_live **live)
{
    if (!live || !*live)
        return;
    cleave_live_thread_stop(*live);
    cleave_close(&(*live)->engine);
    cleave_engine_memory_close((*live)->owned);
    *live = NULL;
}

void cleave_live_info_get(const cleave_live *live, cleave_live_info *info)
{
    *info = live->info;
}

void cleave_live_stats_get(const cleave_live *live, cleave_live_stats *stats)
{
    cleave_stats engine;

    cleave_engine_stats(live->engine, &engine);
    *stats = (cleave_live_stats){
        .frames_in = atomic_load_explicit(&live->frames_in, memory_order_relaxed),
        .frames_out = atomic_load_explicit(&live->frames_out, memory_order_relaxed),
        .underruns = atomic_load_explicit(&live->underruns, memory_order_relaxed),
        .underrun_frames = atomic_load_explicit(&live->underrun_frames, memory_order_relaxed),
        .overruns = atomic_load_explicit(&live->overruns, memory_order_relaxed),
        .overrun_frames = atomic_load_explicit(&live->overrun_frames, memory_order_relaxed),
        .segments = engine.segments,
        .skipped_frames = atomic_load_explicit(&live->skipped_frames, memory_order_relaxed),
        .worst_block_ns = atomic_load_explicit(&live->worst_block_ns, memory_order_relaxed),
        .worst_segment_ns = atomic_load_explicit(&live->worst_segment_ns, memory_order_relaxed),
    };
}
