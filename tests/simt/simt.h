// simt.h: runs CUDA kernel sources on the CPU, one fibre a thread.
//
// A block's threads run as fibres, one at a time. Between two barriers one warp after the other
// runs as far as it can, in an order shuffled from a seed as is that of its lanes; shared memory
// starts out as NaN bytes: a kernel that lacks a barrier reads what is not there yet, or no longer,
// under most orders. Blocks run one after the other, also in shuffled order. Shared arrays end in a
// guard zone that is checked when the block ends. A barrier or warp exchange that cannot complete
// aborts with a sentence. A fibre is not interrupted elsewhere: two threads that write a shared
// value and read it back without a barrier in between are not found out.
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

// Coordinates of the fibre that runs.
const simt_coordinates &simt_self();

// Runs body once for every thread of every block.
void simt_launch(unsigned blocks, unsigned threads, size_t shared_bytes,
                 const std::function<void()> &body);

// All threads of the block that have not returned wait for each other.
void simt_barrier();

// The value that lane + delta of the same warp passes; every lane of the warp that has not returned
// must take part.
double simt_shuffle_down(double value, int delta);

// The block's array for this declaration (site), `bytes` long.
void *simt_shared(const void *site, size_t bytes);
void *simt_shared_dynamic();

// The order of everything from now on, and how many kernels were launched since the start.
extern "C" void simt_seed(uint64_t seed);
extern "C" uint64_t simt_launch_count(void);

#endif
