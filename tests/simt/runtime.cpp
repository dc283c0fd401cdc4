// runtime.cpp: stands in for the CUDA runtime.
//
// What is given to a stream becomes a piece of work that comes after the stream's last one and
// after the events that the stream was told to wait for. It is done when a wait asks for it: a host
// that forgets to wait reads what is not there yet. Memory of a GPU can be touched only while work
// is done, and starts as NaN; pinned memory is made NaN when a copy to it is given to a stream. So
// neither what a step forgot to write nor what an earlier segment left passes for a result.
#include "tests/simt/runtime.h"

#include "runtime/cuda_api.h"
#include "tests/simt/work.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

namespace
{

struct event {
    int device;
    simt_piece_ptr piece;
};

struct machine_state {
    std::recursive_mutex mutex;
    int devices = 1;
    size_t memory_bytes = size_t(1) << 32;
    std::set<simt_stream *> streams;
    std::set<event *> events;
    std::set<simt_graph *> graphs;
    std::map<int, simt_stream> default_streams;
    uint64_t calls = 0, fail_at = 0, allocated = 0;
    int fail_error = 0;
    bool fail_for_good = false;
    uint64_t order = 0; // 0: as late as possible
    int last_error = 0; // of a call, until somebody asks
    bool cpu_kernels = false;
};

machine_state machine;
thread_local int current_device = 0;

using lock = std::lock_guard<std::recursive_mutex>;

simt_stream *stream_of(void *handle)
{
    if (handle)
        return static_cast<simt_stream *>(handle);
    return &machine.default_streams.try_emplace(current_device, current_device).first->second;
}

// The stream, to be given work by the thread.
simt_stream *own_stream(void *handle)
{
    simt_stream *const s = stream_of(handle);

    if (s->device != current_device)
        simt_die("a stream of another GPU than the thread's is given work");
    return s;
}

// Programs that are not tests are told by their environment how many GPUs there are, how many bytes
// each has, and which call is the first to fail.
void obey_environment()
{
    const char *const devices = getenv("CLEAVE_SIMT_DEVICES");
    const char *const bytes = getenv("CLEAVE_SIMT_MEMORY");
    const char *const fail = getenv("CLEAVE_SIMT_LOST_AT");

    if (devices)
        machine.devices = atoi(devices);
    if (bytes)
        machine.memory_bytes = strtoull(bytes, nullptr, 10);
    if (fail)
        simt_runtime_fail(strtoull(fail, nullptr, 10), SIMT_DEVICE_LOST, 1);
}

// Counts a call; the error that it is to fail with, or 0.
int enter()
{
    const uint64_t call = ++machine.calls;

    if (machine.order)
        simt_run_ahead(&machine.order);
    if (!machine.fail_at || call < machine.fail_at ||
        (call > machine.fail_at && !machine.fail_for_good))
        return 0;
    machine.last_error = machine.fail_error;
    return machine.fail_error;
}

// An error that nobody told it to have.
int fail(int error)
{
    machine.last_error = error;
    return error;
}

// ---- the table ----
int device_count(int32_t *count)
{
    const lock l(machine.mutex);
    const int error = enter();

    *count = machine.devices;
    return error ? error : machine.devices == 0 ? fail(SIMT_NO_DEVICE) : 0;
}

int properties(int32_t index, cleave_cuda_properties *p)
{
    const lock l(machine.mutex);
    const int error = enter();

    if (error)
        return error;
    *p = {"executor", 9, 0, machine.memory_bytes};
    return index < machine.devices ? 0 : fail(SIMT_NO_DEVICE);
}

int set_device(int32_t index)
{
    const lock l(machine.mutex);
    const int error = enter();

    if (error)
        return error;
    if (index >= machine.devices)
        return fail(SIMT_NO_DEVICE);
    current_device = index;
    return 0;
}

int memory_free(size_t *bytes)
{
    const lock l(machine.mutex);
    const int error = enter();

    *bytes = machine.memory_bytes - std::min(simt_device_bytes_used(), machine.memory_bytes);
    return error;
}

int allocate(void **memory, size_t bytes, bool on_device)
{
    const lock l(machine.mutex);
    const int error = enter();

    machine.allocated++;
    if (error)
        return error;
    const int refused = simt_allocate(memory, bytes, machine.memory_bytes, on_device);
    return refused ? fail(refused) : 0;
}

int device_malloc(void **memory, size_t bytes)
{
    return allocate(memory, bytes, true);
}

int pinned_malloc(void **memory, size_t bytes)
{
    return allocate(memory, bytes, false);
}

// Waits for everything, as the runtime does. What is given back is gone even if the call fails:
// nobody could try again.
int release(void *memory)
{
    const lock l(machine.mutex);
    const int error = enter();

    simt_complete_all();
    simt_release(memory);
    return error;
}

int stream_create(void **handle)
{
    const lock l(machine.mutex);
    const int error = enter();

    if (!error)
        *handle = *machine.streams.insert(new simt_stream(current_device)).first;
    return error;
}

int stream_destroy(void *handle)
{
    const lock l(machine.mutex);
    const int error = enter();
    simt_stream *const s = static_cast<simt_stream *>(handle);

    if (!machine.streams.erase(s))
        simt_die("a stream is destroyed that is none");
    delete s;
    return error;
}

int stream_synchronize(void *handle)
{
    const lock l(machine.mutex);
    const int error = enter();
    simt_stream *const s = stream_of(handle);

    if (s->capture)
        simt_die("a stream is waited for while it is captured");
    if (!error)
        simt_complete(s->last);
    return error;
}

int event_create(void **handle)
{
    const lock l(machine.mutex);
    const int error = enter();

    if (!error)
        *handle = *machine.events.insert(new event{current_device, {}}).first;
    return error;
}

int event_destroy(void *handle)
{
    const lock l(machine.mutex);
    const int error = enter();
    event *const e = static_cast<event *>(handle);

    if (!machine.events.erase(e))
        simt_die("an event is destroyed that is none");
    delete e;
    return error;
}

int event_record(void *handle, void *on)
{
    const lock l(machine.mutex);
    const int error = enter();
    event *const e = static_cast<event *>(handle);
    simt_stream *const s = own_stream(on);

    if (e->device != s->device)
        simt_die("an event is recorded on a stream of another GPU");
    if (!error)
        e->piece = simt_add(s, {}, {}, {});
    return error;
}

int event_synchronize(void *handle)
{
    const lock l(machine.mutex);
    const int error = enter();

    if (!error)
        simt_complete(static_cast<event *>(handle)->piece);
    return error;
}

int event_query(void *handle, int32_t *is_complete)
{
    const lock l(machine.mutex);
    const int error = enter();
    const event *const e = static_cast<event *>(handle);

    *is_complete = !e->piece || e->piece->done;
    return error;
}

int stream_wait_event(void *handle, void *waited)
{
    const lock l(machine.mutex);
    const int error = enter();
    simt_stream *const s = stream_of(handle);
    const simt_piece_ptr &p = static_cast<event *>(waited)->piece;

    if (error || !p)
        return error;
    // A stream that waits for what is captured is captured from then on.
    if (p->captured_in && !s->capture)
        simt_capture(s, const_cast<simt_graph *>(p->captured_in));
    simt_add(s, {p}, {}, {});
    return 0;
}

int copy(void *to, const void *from, size_t bytes, void *on)
{
    const lock l(machine.mutex);
    const int error = enter();

    simt_check_extent(to, bytes);
    simt_check_extent(from, bytes);
    if (error)
        return error;
    simt_add(
        own_stream(on), {},
        [=] {
            if (simt_is_pinned(to))
                memset(to, 0xFF, bytes);
        },
        [=] { memcpy(to, from, bytes); });
    return 0;
}

int zero(void *to, size_t bytes, void *on)
{
    const lock l(machine.mutex);
    const int error = enter();

    simt_check_extent(to, bytes);
    if (!error)
        simt_add(own_stream(on), {}, {}, [=] { memset(to, 0, bytes); });
    return error;
}

int capture_begin(void *handle)
{
    const lock l(machine.mutex);
    const int error = enter();
    simt_stream *const s = stream_of(handle);

    if (error)
        return error;
    simt_capture(s, *machine.graphs.insert(new simt_graph).first);
    s->capture->device = s->device;
    return 0;
}

// Ends the capture even if the call fails, without a graph.
int capture_end(void *handle, void **captured)
{
    const lock l(machine.mutex);
    int error = enter();
    simt_graph *const g = stream_of(handle)->capture;

    if (!g)
        simt_die("a capture is ended that was not begun");
    if (!error && !simt_is_joined(*g, stream_of(handle)->last))
        error = fail(SIMT_UNJOINED);
    for (simt_stream *s : machine.streams)
        if (s->capture == g)
            simt_capture_stop(s);
    if (error) {
        machine.graphs.erase(g);
        delete g;
        return error;
    }
    *captured = g;
    return 0;
}

int graph_destroy(void *handle)
{
    const lock l(machine.mutex);
    const int error = enter();
    simt_graph *const g = static_cast<simt_graph *>(handle);

    if (!machine.graphs.erase(g))
        simt_die("a graph is destroyed that is none");
    delete g;
    return error;
}

int graph_instantiate(void **exec, void *handle)
{
    const lock l(machine.mutex);
    const int error = enter();

    if (!error)
        *exec = *machine.graphs.insert(new simt_graph(*static_cast<simt_graph *>(handle))).first;
    return error;
}

int exec_upload(void *, void *on)
{
    const lock l(machine.mutex);

    own_stream(on);
    return enter();
}

int exec_launch(void *handle, void *on)
{
    const lock l(machine.mutex);
    const int error = enter();
    const simt_graph *const g = static_cast<simt_graph *>(handle);
    simt_stream *const s = own_stream(on);

    if (g->device != s->device || s->capture)
        simt_die("a graph is launched on a stream of another GPU, or on one that is captured");
    if (!error)
        simt_launch_graph(*g, s);
    return error;
}

int last_error()
{
    const lock l(machine.mutex);
    const int error = enter(), last = machine.last_error;

    machine.last_error = 0;
    return error ? error : last;
}

const char *text(int error)
{
    switch (error) {
    case 0:
        return "no error";
    case SIMT_OUT_OF_MEMORY:
        return "out of memory";
    case SIMT_NO_DEVICE:
        return "no CUDA-capable device is detected";
    case SIMT_UNJOINED:
        return "capturing stream has unjoined work";
    case SIMT_DEVICE_LOST:
        return "the device is busy or unavailable";
    default:
        return "unknown error";
    }
}

void ops(cleave_ops *table, cleave_factors factors)
{
    if (machine.cpu_kernels) {
        simt_cpu_kernels(table);
    } else {
        cleave_ops_cuda(table);
        cleave_ops_cuda_round(table, factors);
    }
}

} // namespace

extern "C" const cleave_cuda_api *cleave_cuda_api_get(void)
{
    static const cleave_cuda_api api = {
        "simt",         device_count,
        properties,     set_device,
        memory_free,    device_malloc,
        release,        pinned_malloc,
        release,        stream_create,
        stream_destroy, stream_synchronize,
        event_create,   event_destroy,
        event_record,   event_synchronize,
        event_query,    stream_wait_event,
        copy,           zero,
        capture_begin,  capture_end,
        graph_destroy,  graph_instantiate,
        exec_upload,    graph_destroy,
        exec_launch,    last_error,
        text,           ops,
    };

    static std::once_flag once;
    std::call_once(once, obey_environment);
    return &api;
}

void simt_give(void *handle, std::function<void()> body)
{
    const lock l(machine.mutex);
    const int error = enter();

    if (!error)
        simt_add(own_stream(handle), {}, {}, std::move(body));
}

void simt_launch_on(void *handle, unsigned blocks, unsigned threads, size_t shared_bytes,
                    std::function<void()> body)
{
    if (!handle) {
        simt_launch(blocks, threads, shared_bytes, body);
        return;
    }
    simt_give(handle, [=] { simt_launch(blocks, threads, shared_bytes, body); });
}

void simt_launch_together_on(void *handle, unsigned blocks, unsigned threads, size_t shared_bytes,
                             std::function<void()> body)
{
    if (!handle) {
        simt_launch_together(blocks, threads, shared_bytes, body);
        return;
    }
    simt_give(handle, [=] { simt_launch_together(blocks, threads, shared_bytes, body); });
}

extern "C" void simt_runtime_use_cpu_kernels(int use)
{
    machine.cpu_kernels = use != 0;
}

extern "C" void simt_runtime_machine(int32_t devices, size_t memory_bytes)
{
    const lock l(machine.mutex);

    machine.devices = devices;
    machine.memory_bytes = memory_bytes;
    machine.fail_at = 0;
    machine.order = 0;
    machine.last_error = 0;
}

extern "C" void simt_runtime_order(uint64_t seed)
{
    machine.order = seed;
}

extern "C" void simt_runtime_fail(uint64_t call, int error, int for_good)
{
    const lock l(machine.mutex);

    machine.calls = 0;
    machine.fail_at = call;
    machine.fail_error = error;
    machine.fail_for_good = for_good != 0;
}

extern "C" uint64_t simt_runtime_calls(void)
{
    return machine.calls;
}

extern "C" simt_runtime_objects simt_runtime_live(void)
{
    const lock l(machine.mutex);
    simt_runtime_objects live = {};

    simt_count_memory(&live);
    live.streams = static_cast<int32_t>(machine.streams.size());
    live.events = static_cast<int32_t>(machine.events.size());
    live.graphs = static_cast<int32_t>(machine.graphs.size());
    return live;
}

extern "C" uint64_t simt_runtime_allocations(void)
{
    return machine.allocated;
}
