/* device_gpu.c: a GPU as a device, through the table of cuda_api.h, in every build.
 *
 * Each slot has a shared block of its own in the GPU's memory, pinned memory on either side of it,
 * and streams of its own. All that computing a segment takes - copy in, every step, copy out - is
 * captured once a slot, as a graph, so that starting a segment is one call, and what one slot
 * copies overlaps with what another computes. A plan that was refitted for a short segment is given
 * to the streams step by step. */
#include "runtime/device.h"

#include <stdio.h>
#include <string.h>

#include "runtime/error.h"

/* One segment at a time. */
typedef struct cuda_slot {
    float *in, *out;                  /* pinned */
    void *stream[CLEAVE_STREAMS_MAX]; /* of which the first is the slot's */
    void *done;                       /* the event of its end */
    void *exec;                       /* its graph */
} cuda_slot;

struct cleave_cuda {
    cuda_slot *slot;
    void **signal;     /* [signal_count] events of the plan */
    void *fork, *join; /* of the second stream */
    int32_t forks;     /* not 0: steps run on it */
};

/* ---- errors --------------------------------------------------------------------------------- */
/* Keeps the first error as a sentence about what was being done; whether there is none. */
static int keep(cleave_run *run, int error, const char *what)
{
    if (error && run->error.status == CLEAVE_OK)
        cleave_error_set(&run->error, CLEAVE_NO_DEVICE, "%s: %s: %s", run->device->name, what,
                         run->device->cuda->text(error));
    return !error;
}

static int keep_step(cleave_run *run, int error, const cleave_plan_step *step)
{
    char what[CLEAVE_LABEL_BYTES + 16];

    if (!error)
        return 1;
    snprintf(what, sizeof what, "step \"%s\"", step->label);
    return keep(run, error, what);
}

static int select_device(cleave_run *run)
{
    return run->error.status == CLEAVE_OK &&
           keep(run, run->device->cuda->set_device(run->device->index), "selecting it");
}

/* ---- the work of a segment ------------------------------------------------------------------ */
static int launch(cleave_run *run, const cuda_slot *slot, int32_t index)
{
    const cleave_cuda_api *const api = run->device->cuda;
    const cleave_plan *const plan = run->plan;
    const cleave_plan_step *const step = &plan->step[index];
    const size_t place = (size_t)(plan->slot * plan->threads + step->stream);
    const cleave_work work = {
        .end = step->items,
        .scratch = plan->scratch ? plan->scratch + place * plan->scratch_bytes : NULL,
        .prepared = step->prepared,
        .stream = slot->stream[step->stream],
    };

    if (step->wait >= 0 &&
        !keep_step(
            run,
            api->stream_wait_event(work.stream, run->cuda->signal[plan->step[step->wait].signal]),
            step))
        return 0;
    step->kernel->run(step->args, &work);
    if (!keep_step(run, api->last_error(), step))
        return 0;
    return step->signal < 0 ||
           keep_step(run, api->event_record(run->cuda->signal[step->signal], work.stream), step);
}

/* What comes after this on `then` comes after all that was given to `first`. */
static int chain(cleave_run *run, void *event, void *first, void *then)
{
    const cleave_cuda_api *const api = run->device->cuda;

    return keep(run, api->event_record(event, first), "recording an event") &&
           keep(run, api->stream_wait_event(then, event), "waiting for an event");
}

/* Where the plan has the tensor in that slot. */
static unsigned char *place_of(const cleave_run *run, cleave_tensor tensor, int32_t slot)
{
    return run->plan->tensor[tensor].data + (size_t)slot * run->plan->shared_bytes;
}

static int copy_in(cleave_run *run, int32_t index)
{
    const cuda_slot *const slot = &run->cuda->slot[index];
    unsigned char *const to = place_of(run, run->input, index);

    return keep(run, run->device->cuda->copy(to, slot->in, run->input_bytes, slot->stream[0]),
                "copying a segment to it");
}

static int copy_out(cleave_run *run, int32_t index)
{
    const cuda_slot *const slot = &run->cuda->slot[index];
    const unsigned char *const from = place_of(run, run->output, index);

    return keep(run, run->device->cuda->copy(slot->out, from, run->output_bytes, slot->stream[0]),
                "copying a segment from it");
}

/* Gives the streams of the slot all that a segment takes: copy in, steps, copy out. What another
 * run of the thread failed in is none of its errors. */
static int submit(cleave_run *run, int32_t index)
{
    const cuda_slot *const slot = &run->cuda->slot[index];
    void *const *const stream = slot->stream;
    const int forks = run->cuda->forks;

    run->device->cuda->last_error();
    cleave_plan_move(run->plan, index);
    if (!copy_in(run, index) || (forks && !chain(run, run->cuda->fork, stream[0], stream[1])))
        return 0;
    for (int32_t i = 0; i < run->plan->step_count; i++)
        if (!launch(run, slot, i))
            return 0;
    return (!forks || chain(run, run->cuda->join, stream[1], stream[0])) && copy_out(run, index);
}

/* The graph of a slot. A capture that was begun is ended whatever becomes of it. */
static int capture(cleave_run *run, int32_t index)
{
    const cleave_cuda_api *const api = run->device->cuda;
    cuda_slot *const slot = &run->cuda->slot[index];
    void *graph = NULL;

    if (!keep(run, api->capture_begin(slot->stream[0]), "beginning to capture"))
        return 0;
    const int submitted = submit(run, index);
    const int ended = keep(run, api->capture_end(slot->stream[0], &graph), "capturing the plan");
    const int made = submitted && ended &&
                     keep(run, api->graph_instantiate(&slot->exec, graph), "making the graph") &&
                     keep(run, api->exec_upload(slot->exec, slot->stream[0]), "loading the graph");
    if (graph)
        api->graph_destroy(graph);
    return made;
}

/* ---- a run ----------------------------------------------------------------------------------- */
static void lay_out(cleave_run *run, cleave_arena *host, cleave_arena *pinned)
{
    struct cleave_cuda *const cuda = cleave_arena_take(host, 1, sizeof *cuda);
    cuda_slot *const slot = cleave_arena_take(host, (size_t)run->plan->slots, sizeof *slot);
    void **const signal = cleave_arena_take(host, (size_t)run->plan->signal_count, sizeof *signal);

    for (int32_t i = 0; i < run->plan->slots; i++) {
        float *const in = cleave_arena_take(pinned, run->input_bytes, 1);
        float *const out = cleave_arena_take(pinned, run->output_bytes, 1);
        if (slot)
            slot[i] = (cuda_slot){.in = in, .out = out};
    }
    run->cuda = cuda;
    if (cuda)
        *cuda = (struct cleave_cuda){.slot = slot, .signal = signal};
}

static int create_event(cleave_run *run, void **event)
{
    return keep(run, run->device->cuda->event_create(event), "making an event");
}

static int create_slot(cleave_run *run, cuda_slot *slot)
{
    for (int s = 0; s < (run->cuda->forks ? 2 : 1); s++)
        if (!keep(run, run->device->cuda->stream_create(&slot->stream[s]), "making a stream"))
            return 0;
    return create_event(run, &slot->done);
}

static void reset(cleave_run *run)
{
    const cleave_cuda_api *const api = run->device->cuda;
    const cleave_plan *const plan = run->plan;
    void *const stream = run->cuda->slot[0].stream[0];

    if (!select_device(run))
        return;
    for (int32_t i = 0; i < plan->slots; i++)
        keep(run, api->stream_synchronize(run->cuda->slot[i].stream[0]), "waiting");
    for (int32_t i = 0; i < plan->tensor_count; i++)
        if (plan->tensor[i].kind == CLEAVE_TENSOR_STATE)
            keep(run, api->zero(plan->tensor[i].data, plan->tensor[i].bytes, stream),
                 "zeroing the states");
}

static cleave_status open_run(cleave_run *run, cleave_error *error)
{
    struct cleave_cuda *const cuda = run->cuda;
    int good = select_device(run);

    for (int32_t i = 0; i < run->plan->step_count; i++)
        cuda->forks |= run->plan->step[i].stream > 0;
    good = good && create_event(run, &cuda->fork) && create_event(run, &cuda->join);
    for (int32_t i = 0; i < run->plan->signal_count && good; i++)
        good = create_event(run, &cuda->signal[i]);
    for (int32_t i = 0; i < run->plan->slots && good; i++)
        good = create_slot(run, &cuda->slot[i]) && capture(run, i);
    if (good) {
        cleave_plan_move(run->plan, 0);
        reset(run);
    }
    return run->error.status == CLEAVE_OK
               ? CLEAVE_OK
               : cleave_error_set(error, run->error.status, "%s", run->error.message);
}

static float *input(const cleave_run *run, int32_t slot)
{
    return run->cuda->slot[slot].in;
}

static cleave_status start(cleave_run *run, int32_t index, int refitted, const _Atomic int *cancel)
{
    const cleave_cuda_api *const api = run->device->cuda;
    const cuda_slot *const slot = &run->cuda->slot[index];

    (void)cancel;
    if (select_device(run) &&
        (refitted ? submit(run, index)
                  : keep(run, api->exec_launch(slot->exec, slot->stream[0]), "starting")))
        keep(run, api->event_record(slot->done, slot->stream[0]), "recording an event");
    return run->error.status;
}

static int is_done(cleave_run *run, int32_t slot)
{
    int32_t done = 0;

    return !select_device(run) ||
           !keep(run, run->device->cuda->event_query(run->cuda->slot[slot].done, &done),
                 "computing") ||
           done;
}

static cleave_status finish(cleave_run *run, int32_t slot, const float **output)
{
    if (select_device(run) &&
        keep(run, run->device->cuda->event_synchronize(run->cuda->slot[slot].done), "computing"))
        *output = run->cuda->slot[slot].out;
    return run->error.status;
}

/* Waits for both streams of slot 0. */
static cleave_status wait_for_all(cleave_run *run)
{
    for (int s = 0; s < CLEAVE_STREAMS_MAX; s++)
        if (run->cuda->slot[0].stream[s])
            keep(run, run->device->cuda->stream_synchronize(run->cuda->slot[0].stream[s]),
                 "computing");
    return run->error.status;
}

static cleave_status load(cleave_run *run)
{
    return select_device(run) && copy_in(run, 0) ? wait_for_all(run) : run->error.status;
}

static cleave_status step(cleave_run *run, int32_t index)
{
    run->device->cuda->last_error();
    return select_device(run) && launch(run, &run->cuda->slot[0], index) ? wait_for_all(run)
                                                                         : run->error.status;
}

static cleave_status unload(cleave_run *run, const float **output)
{
    if (select_device(run) && copy_out(run, 0) && wait_for_all(run) == CLEAVE_OK)
        *output = run->cuda->slot[0].out;
    return run->error.status;
}

/* What of the run was made goes, and an error does not keep the rest from going. */
static void close_run(cleave_run *run)
{
    const cleave_cuda_api *const api = run->device->cuda;
    struct cleave_cuda *const cuda = run->cuda;

    api->set_device(run->device->index);
    for (int32_t i = 0; i < run->plan->slots; i++) {
        cuda_slot *const slot = &cuda->slot[i];
        for (int s = 0; s < CLEAVE_STREAMS_MAX; s++)
            if (slot->stream[s])
                api->stream_synchronize(slot->stream[s]);
        if (slot->exec)
            api->exec_destroy(slot->exec);
        if (slot->done)
            api->event_destroy(slot->done);
        for (int s = 0; s < CLEAVE_STREAMS_MAX; s++)
            if (slot->stream[s])
                api->stream_destroy(slot->stream[s]);
    }
    for (int32_t i = 0; i < run->plan->signal_count; i++)
        if (cuda->signal[i])
            api->event_destroy(cuda->signal[i]);
    if (cuda->fork)
        api->event_destroy(cuda->fork);
    if (cuda->join)
        api->event_destroy(cuda->join);
    *cuda = (struct cleave_cuda){.slot = cuda->slot, .signal = cuda->signal};
}

/* ---- the device ------------------------------------------------------------------------------ */
cleave_status cleave_device_cuda_init(cleave_device_table *device, const cleave_cuda_api *cuda,
                                      int32_t index, cleave_factors factors, cleave_error *error)
{
    static const cleave_device_calls calls = {
        .lay_out = lay_out,
        .open = open_run,
        .input = input,
        .start = start,
        .is_done = is_done,
        .finish = finish,
        .load = load,
        .step = step,
        .unload = unload,
        .reset = reset,
        .close = close_run,
    };
    cleave_cuda_properties properties = {0};
    int32_t count = 0;
    int failed = cuda->device_count(&count);

    if (failed || count < 1)
        return cleave_error_set(error, CLEAVE_NO_DEVICE, "device cuda: no GPU can be used: %s",
                                failed ? cuda->text(failed) : "there is none");
    if (index >= count)
        return cleave_error_set(error, CLEAVE_NO_DEVICE,
                                "device cuda:%d: the GPUs here are numbered 0 to %d", (int)index,
                                (int)count - 1);
    failed = cuda->set_device(index);
    failed = failed ? failed : cuda->properties(index, &properties);
    if (failed)
        return cleave_error_set(error, CLEAVE_NO_DEVICE, "device cuda:%d: cannot be used: %s",
                                (int)index, cuda->text(failed));
    *device = (cleave_device_table){
        .calls = &calls, .streams = CLEAVE_STREAMS_MAX, .cuda = cuda, .index = index};
    cuda->ops(&device->ops, factors);
    snprintf(device->name, sizeof device->name, "%s:%d %s", cuda->name, (int)index,
             properties.name);
    return CLEAVE_OK;
}

static cleave_status refuse_memory(const cleave_device_table *device, int failed, size_t bytes,
                                   const char *kind, cleave_error *error)
{
    return cleave_error_set(error, CLEAVE_NO_MEMORY, "%s: %zu bytes of %s cannot be had: %s",
                            device->name, bytes, kind, device->cuda->text(failed));
}

cleave_status cleave_device_blocks_open(const cleave_device_table *device, size_t device_bytes,
                                        size_t pinned_bytes, cleave_device_blocks *blocks,
                                        cleave_error *error)
{
    cleave_device_blocks made = {0};
    int failed = 0;

    *blocks = made;
    if (device->cuda && (failed = device->cuda->set_device(device->index)))
        return cleave_error_set(error, CLEAVE_NO_DEVICE, "%s: cannot be used: %s", device->name,
                                device->cuda->text(failed));
    if (device_bytes && (failed = device->cuda->device_malloc(&made.device, device_bytes)))
        return refuse_memory(device, failed, device_bytes, "its memory", error);
    if (pinned_bytes && (failed = device->cuda->pinned_malloc(&made.pinned, pinned_bytes))) {
        cleave_device_blocks_close(device, &made);
        return refuse_memory(device, failed, pinned_bytes, "page-locked memory", error);
    }
    *blocks = made;
    return CLEAVE_OK;
}

void cleave_device_blocks_close(const cleave_device_table *device, cleave_device_blocks *blocks)
{
    if (blocks->device)
        device->cuda->device_free(blocks->device);
    if (blocks->pinned)
        device->cuda->pinned_free(blocks->pinned);
    *blocks = (cleave_device_blocks){0};
}

size_t cleave_device_memory_free(const cleave_device_table *device)
{
    size_t bytes = 0;

    return device->cuda->set_device(device->index) || device->cuda->memory_free(&bytes) ? 0 : bytes;
}

int cleave_device_upload(void *context, void *to, const void *from, size_t bytes)
{
    const cleave_device_table *const device = context;

    return !device->cuda->copy(to, from, bytes, NULL) && !device->cuda->stream_synchronize(NULL);
}

cleave_status cleave_device_at(int32_t index, cleave_device_info *info, cleave_error *error)
{
    const cleave_cuda_api *const cuda = cleave_cuda_api_get();
    cleave_cuda_properties properties;
    cleave_device_table device;

    if (!cuda)
        return cleave_error_set(error, CLEAVE_UNSUPPORTED, "this build computes on the CPU only");
    const cleave_status status =
        cleave_device_cuda_init(&device, cuda, index, CLEAVE_FACTORS_FP32, error);
    if (status != CLEAVE_OK)
        return status;
    const int failed = cuda->properties(index, &properties);
    if (failed)
        return cleave_error_set(error, CLEAVE_NO_DEVICE, "%s: cannot be used: %s", device.name,
                                cuda->text(failed));
    *info = (cleave_device_info){
        .major = properties.major,
        .minor = properties.minor,
        .memory_bytes = properties.memory_bytes,
        .memory_free_bytes = cleave_device_memory_free(&device),
    };
    memcpy(info->name, device.name, sizeof info->name);
    return CLEAVE_OK;
}
