// work.h: what the executor's stand-in for the CUDA runtime is made of: memory of GPUs, and work
// that is done when something waits for it. Only runtime.cpp, which locks, calls these.
#ifndef CLEAVE_TESTS_SIMT_WORK_H
#define CLEAVE_TESTS_SIMT_WORK_H

#include "kernels/ops.h"
#include "tests/simt/runtime.h"
#include "tests/simt/simt.h"

#include <functional>
#include <memory>
#include <set>
#include <vector>

// ---- device_memory.cpp ----
// Memory of a GPU starts as NaN and lies between pages without access; it ends where a page does.
// It can be touched only while one of these is there.
struct simt_access {
    simt_access();
    ~simt_access();
};

// Both from NULL or an allocation to 0 or an error.
int simt_allocate(void **memory, size_t bytes, size_t limit, bool on_device);
void simt_release(void *memory);

// Whether the byte lies in an allocation that the host may touch at any time.
bool simt_is_pinned(const void *byte);

// Dies if the extent begins in an allocation and leaves it.
void simt_check_extent(const void *first, size_t bytes);

size_t simt_device_bytes_used();
void simt_count_memory(simt_runtime_objects *live);

// ---- cpu_kernels.cpp ----
void simt_cpu_kernels(cleave_ops *ops);

// ---- work.cpp ----
struct simt_graph;

// A piece of work. It comes after others, and is done at most once.
struct simt_piece {
    std::function<void()> begin; // when it is given to a stream, or its graph is launched
    std::function<void()> body;
    std::vector<std::shared_ptr<simt_piece>> after;
    const simt_graph *captured_in = nullptr;
    bool done = false;
};

using simt_piece_ptr = std::shared_ptr<simt_piece>;

struct simt_graph {
    std::vector<simt_piece_ptr> pieces; // each comes after those that it depends on
    int device = 0;
};

struct simt_stream {
    explicit simt_stream(int on) : device(on)
    {
    }

    int device;
    simt_piece_ptr last;
    simt_graph *capture = nullptr; // that it adds to instead
    simt_piece_ptr before_capture;
};

// Gives the stream a piece of work.
simt_piece_ptr simt_add(simt_stream *stream, std::vector<simt_piece_ptr> after,
                        std::function<void()> begin, std::function<void()> body);

// Does what the piece needs, and then the piece; nothing else.
void simt_complete(const simt_piece_ptr &wanted);
void simt_complete_all();

// Does some of the work that could be done now, by the next random numbers of the state.
void simt_run_ahead(uint64_t *state);

// The stream adds to the graph from now on, and no more.
void simt_capture(simt_stream *stream, simt_graph *graph);
void simt_capture_stop(simt_stream *stream);

// runtime.cpp. Gives the stream a launch, which counts as a call and may fail as one.
void simt_give(void *stream, std::function<void()> body);

// Whether all that was captured comes before the last piece.
bool simt_is_joined(const simt_graph &graph, const simt_piece_ptr &last);

// Gives the stream a copy of the graph.
void simt_launch_graph(const simt_graph &graph, simt_stream *stream);

#endif
