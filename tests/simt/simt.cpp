// simt.cpp: the fibres, their scheduler, barriers, warp exchanges and shared memory.
#include "tests/simt/simt.h"

#include <ucontext.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

namespace
{

constexpr size_t stack_bytes = 128 * 1024;
constexpr size_t guard_bytes = 64;
constexpr unsigned warp_lanes = 32;

enum class fibre_state { ready, at_barrier, at_exchange, returned };

struct fibre {
    ucontext_t context;
    std::unique_ptr<unsigned char[]> stack;
    fibre_state state = fibre_state::returned;
    simt_coordinates self;
    double offered = 0;  // to the lanes of the warp
    double received = 0; // from the lane asked for
    int delta = 0;
};

struct shared_array {
    const void *site;
    size_t bytes;
    std::unique_ptr<unsigned char[]> data;
};

struct executor {
    ucontext_t scheduler;
    std::vector<std::unique_ptr<fibre>> fibres;
    fibre *running = nullptr;
    std::vector<shared_array> shared;
    size_t dynamic_bytes = 0;
    const std::function<void()> *body = nullptr;
    uint64_t random = 1;
    uint64_t launches = 0;
};

thread_local executor machine;
const char dynamic_site = 0;

[[noreturn]] void die(const char *sentence)
{
    fprintf(stderr, "simt: %s\n", sentence);
    abort();
}

uint64_t next_random()
{
    uint64_t z = machine.random += 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void shuffle(std::vector<unsigned> &order)
{
    for (size_t i = order.size(); i > 1; i--)
        std::swap(order[i - 1], order[next_random() % i]);
}

void fibre_main()
{
    (*machine.body)();
    machine.running->state = fibre_state::returned;
    swapcontext(&machine.running->context, &machine.scheduler);
}

void wait_as(fibre_state state)
{
    fibre *self = machine.running;

    self->state = state;
    swapcontext(&self->context, &machine.scheduler);
}

void start(fibre &f, unsigned thread, unsigned block, unsigned threads, unsigned blocks)
{
    if (!f.stack)
        f.stack.reset(new unsigned char[stack_bytes]);
    f.self.thread = {thread, 0, 0};
    f.self.block = {block, 0, 0};
    f.self.block_size = {threads, 1, 1};
    f.self.grid_size = {blocks, 1, 1};
    f.state = fibre_state::ready;
    getcontext(&f.context);
    f.context.uc_stack.ss_sp = f.stack.get();
    f.context.uc_stack.ss_size = stack_bytes;
    f.context.uc_link = &machine.scheduler;
    makecontext(&f.context, fibre_main, 0);
}

// Completes the exchange of the lanes first to last - 1 if they have all come to it. Returns
// whether it did.
bool complete_exchange(unsigned first, unsigned last)
{
    unsigned waiting = 0, elsewhere = 0;

    for (unsigned t = first; t < last; t++) {
        waiting += machine.fibres[t]->state == fibre_state::at_exchange;
        elsewhere += machine.fibres[t]->state == fibre_state::at_barrier;
    }
    if (!waiting)
        return false;
    if (elsewhere)
        die("lanes of one warp wait at a barrier and at a warp exchange");
    for (unsigned t = first; t < last; t++) {
        fibre &f = *machine.fibres[t];
        const unsigned from = t + (unsigned)f.delta;
        if (f.state != fibre_state::at_exchange)
            continue;
        if (from < last && machine.fibres[from]->state != fibre_state::at_exchange)
            die("a warp exchange asks for the value of a lane that has returned");
        f.received = from < last ? machine.fibres[from]->offered : f.offered;
    }
    for (unsigned t = first; t < last; t++)
        if (machine.fibres[t]->state == fibre_state::at_exchange)
            machine.fibres[t]->state = fibre_state::ready;
    return true;
}

// Lets every ready fibre of a warp run, in shuffled order, until all wait at a barrier or have
// returned.
void run_warp(unsigned first, unsigned last)
{
    std::vector<unsigned> lanes(last - first);

    std::iota(lanes.begin(), lanes.end(), first);
    do {
        shuffle(lanes);
        for (unsigned t : lanes) {
            fibre &f = *machine.fibres[t];
            if (f.state != fibre_state::ready)
                continue;
            machine.running = &f;
            swapcontext(&machine.scheduler, &f.context);
        }
    } while (complete_exchange(first, last));
}

void check_guards()
{
    for (const shared_array &array : machine.shared)
        for (size_t i = 0; i < guard_bytes; i++)
            if (array.data[array.bytes + i] != 0xA5)
                die("a kernel wrote past the end of a shared array");
}

// Between two barriers one warp after the other runs as far as it can, in shuffled order: no order
// of warps is further from the even pace that hides a missing barrier.
void run_block(unsigned block, unsigned blocks, unsigned threads)
{
    std::vector<unsigned> warps((threads + warp_lanes - 1) / warp_lanes);
    bool released = true;

    std::iota(warps.begin(), warps.end(), 0u);
    machine.shared.clear();
    for (unsigned t = 0; t < threads; t++)
        start(*machine.fibres[t], t, block, threads, blocks);
    while (released) {
        shuffle(warps);
        for (unsigned warp : warps)
            run_warp(warp * warp_lanes, std::min((warp + 1) * warp_lanes, threads));
        released = false;
        for (unsigned t = 0; t < threads; t++)
            if (machine.fibres[t]->state == fibre_state::at_barrier) {
                machine.fibres[t]->state = fibre_state::ready;
                released = true;
            }
    }
    check_guards();
}

} // namespace

const simt_coordinates &simt_self()
{
    return machine.running->self;
}

void simt_launch(unsigned blocks, unsigned threads, size_t shared_bytes,
                 const std::function<void()> &body)
{
    std::vector<unsigned> order(blocks);

    if (blocks == 0 || threads == 0 || threads > 1024)
        die("a launch needs 1 block or more, and 1 to 1024 threads a block");
    while (machine.fibres.size() < threads)
        machine.fibres.emplace_back(new fibre);
    machine.body = &body;
    machine.dynamic_bytes = shared_bytes;
    machine.launches++;
    std::iota(order.begin(), order.end(), 0u);
    shuffle(order);
    for (unsigned block : order)
        run_block(block, blocks, threads);
    machine.running = nullptr;
}

void simt_barrier()
{
    wait_as(fibre_state::at_barrier);
}

double simt_shuffle_down(double value, int delta)
{
    fibre *self = machine.running;

    self->offered = value;
    self->delta = delta;
    wait_as(fibre_state::at_exchange);
    return self->received;
}

void *simt_shared(const void *site, size_t bytes)
{
    for (const shared_array &array : machine.shared)
        if (array.site == site)
            return array.data.get();
    machine.shared.push_back(
        {site, bytes, std::unique_ptr<unsigned char[]>(new unsigned char[bytes + guard_bytes])});
    memset(machine.shared.back().data.get(), 0xFF, bytes);
    memset(machine.shared.back().data.get() + bytes, 0xA5, guard_bytes);
    return machine.shared.back().data.get();
}

void *simt_shared_dynamic()
{
    return simt_shared(&dynamic_site, machine.dynamic_bytes);
}

extern "C" void simt_seed(uint64_t seed)
{
    machine.random = seed;
}

extern "C" uint64_t simt_launch_count(void)
{
    return machine.launches;
}
