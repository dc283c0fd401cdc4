// simt.h: runs CUDA kernel sources on the CPU, one fibre a thread.
//
// A block's threads run as fibres, one at a time. Between two barriers one warp after the other
// runs as far as it can, in an order shuffled from a seed as is that of its lanes; shared memory
// starts out as NaN bytes: a kernel that lacks a barrier reads what is not there yet, or no longer,
// under most orders. Blocks run one after the other, also in shuffled order. A shared array ends
// before a page that cannot be touched; what lies before it, and what rounds it up to 16 bytes, is
// NaN and must stay so. A barrier, a warp exchange or a wait for
// another block that cannot end aborts with a sentence. A
// fibre is not interrupted elsewhere: two threads that write a shared value and read it back
// without a barrier in between are not found out.
#ifndef CLEAVE_TESTS_SIMT_H
#define CLEAVE_TESTS_SIMT_H

#include <cstddef>
#include <cstdint>
#include <functional>

struct simt_dim {
    unsigned x = 0, y = 0, z = 0;
};

struct simt_coordinates {
    simt_dim thread, block, block_size, grid_size;
};

#define SIMT_LANES 32 // of a warp

// Coordinates of the fibre that runs.
const simt_coordinates &simt_self();

// Runs body once for every thread of every block.
void simt_launch(unsigned blocks, unsigned threads, size_t shared_bytes,
                 const std::function<void()> &body);

// runtime.cpp. The same at once if the stream is NULL, else as a piece of the stream's work.
void simt_launch_on(void *stream, unsigned blocks, unsigned threads, size_t shared_bytes,
                    std::function<void()> body);

// The same for up to SIMT_TOGETHER_MAX blocks that wait for each other: one after the other, in
// shuffled order, runs as far as it can.
#define SIMT_TOGETHER_MAX 6
void simt_launch_together(unsigned blocks, unsigned threads, size_t shared_bytes,
                          const std::function<void()> &body);
void simt_launch_together_on(void *stream, unsigned blocks, unsigned threads, size_t shared_bytes,
                             std::function<void()> body);

// Waits until *flag, which another block raises, is `value` or more.
void simt_wait_for(const uint32_t *flag, uint32_t value);

// Prints the sentence and aborts.
[[noreturn]] void simt_die(const char *sentence);

// All threads of the block that have not returned wait for each other.
void simt_barrier();

// So many threads of the block, whole warps, wait for each other at barrier `id`, 1 to 15.
void simt_barrier_named(int id, unsigned threads);

// What the lanes of a warp do together: every lane that has not returned comes with something of
// its own, then the operation runs once on all of it (NULL for lanes that are not there), then the
// lanes go on.
typedef void (*simt_operation)(void *const lanes[SIMT_LANES]);
void simt_together(simt_operation operation, void *mine);

// The value that lane `from` of the warp passes; those who name a lane past the end get their own.
double simt_shuffle(double value, unsigned from);

// The block's array for this declaration (site), `bytes` long.
void *simt_shared(const void *site, size_t bytes);
void *simt_shared_dynamic();

// Aborts if an access of so many bytes at once is not aligned on them.
void simt_check_aligned(const void *at, size_t bytes);

// memory.cpp. Room of `bytes`, all NaN, that ends before a page without access and begins on a
// multiple of 16 bytes; given back after use, and whether nothing was written around it.
unsigned char *simt_room_take(size_t bytes);
bool simt_room_give_back(unsigned char *room, size_t bytes);

// memory.cpp. The asynchronous copies of one thread. `to` reads as NaN until the wait that covers
// the copy, since on a GPU nobody knows when between the two it changes.
struct simt_copies;
simt_copies **simt_copies_place(); // where the running fibre keeps its own; NULL at first
void simt_copies_free(simt_copies *copies);
void simt_copy_start(void *to, const void *from, size_t bytes, size_t valid); // zeros after `valid`
void simt_copy_commit();
void simt_copy_wait(unsigned groups); // for all groups but the last so many

// tensor.cpp. d += a b by the lanes of a warp, fragments as PTX lays them out: m16n8k8 of tf32,
// m16n8k16 of bf16 and fp16.
void simt_mma_tf32(float d[4], const uint32_t a[4], const uint32_t b[2]);
void simt_mma_bf16(float d[4], const uint32_t a[4], const uint32_t b[2]);
void simt_mma_fp16(float d[4], const uint32_t a[4], const uint32_t b[2]);

// The order of everything from now on, and how many kernels were launched since the start.
extern "C" void simt_seed(uint64_t seed);
extern "C" uint64_t simt_launch_count(void);

#endif
