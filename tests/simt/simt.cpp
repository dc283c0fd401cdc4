// simt.cpp: the fibres, their scheduler, barriers and warp exchanges.
#include "tests/simt/simt.h"
#include "tests/simt/switch.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <vector>

namespace
{

constexpr size_t stack_bytes = 128 * 1024;
constexpr int named_barriers = 16;

enum class fibre_state { ready, at_barrier, at_flag, together, returned };

struct fibre {
    simt_place place;
    std::unique_ptr<unsigned char[]> stack;
    fibre_state state = fibre_state::returned;
    simt_coordinates self;
    int barrier = 0; // where it waits: 0 is that of the whole block
    unsigned barrier_threads = 0;
    const uint32_t *flag = nullptr; // that it waits for, and its value
    uint32_t flag_value = 0;
    simt_operation operation = nullptr;
    void *mine = nullptr;
    simt_copies *copies = nullptr;
    ~fibre()
    {
        simt_copies_free(copies);
    }
};

struct shared_array {
    const void *site;
    size_t bytes;
    unsigned char *data;
};

// A block of threads, and after it the next.
struct block {
    std::vector<std::unique_ptr<fibre>> fibres;
    std::vector<shared_array> shared;
};

struct executor {
    simt_place scheduler;
    std::vector<std::unique_ptr<block>> blocks; // one, or those that run together
    block *current = nullptr;
    fibre *running = nullptr;
    size_t dynamic_bytes = 0;
    const std::function<void()> *body = nullptr;
    uint64_t random = 1;
    uint64_t launches = 0;
    bool moved = false; // whether a fibre has run since this was last set
};

thread_local executor machine;
const char dynamic_site = 0;

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

void wait_as(fibre_state state)
{
    fibre *self = machine.running;

    self->state = state;
    simt_switch(&self->place, &machine.scheduler);
}

// A fibre serves one thread after another.
void fibre_main()
{
    for (;;) {
        (*machine.body)();
        wait_as(fibre_state::returned);
    }
}

void start(fibre &f, unsigned thread, unsigned block, unsigned threads, unsigned blocks)
{
    if (!f.stack) {
        f.stack.reset(new unsigned char[stack_bytes]);
        simt_place_make(&f.place, f.stack.get(), stack_bytes, fibre_main);
    }
    f.self.thread = {thread, 0, 0};
    f.self.block = {block, 0, 0};
    f.self.block_size = {threads, 1, 1};
    f.self.grid_size = {blocks, 1, 1};
    f.state = fibre_state::ready;
    simt_copies_free(f.copies);
    f.copies = nullptr;
}

// Completes what the lanes first to last - 1 do together if they have all come to it. Returns
// whether it did.
bool complete_together(unsigned first, unsigned last)
{
    void *lanes[SIMT_LANES] = {};
    simt_operation operation = nullptr;
    unsigned elsewhere = 0;

    for (unsigned t = first; t < last; t++) {
        fibre &f = *machine.current->fibres[t];
        elsewhere += f.state == fibre_state::at_barrier;
        if (f.state == fibre_state::at_flag)
            return false; // it may still come
        if (f.state != fibre_state::together)
            continue;
        if (operation && operation != f.operation)
            simt_die("lanes of one warp wait for different things of each other");
        operation = f.operation;
        lanes[t - first] = f.mine;
    }
    if (!operation)
        return false;
    if (elsewhere)
        simt_die("lanes of one warp wait at a barrier and at a warp exchange");
    operation(lanes);
    for (unsigned t = first; t < last; t++)
        if (machine.current->fibres[t]->state == fibre_state::together)
            machine.current->fibres[t]->state = fibre_state::ready;
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
            fibre &f = *machine.current->fibres[t];
            if (f.state == fibre_state::at_flag && *f.flag >= f.flag_value)
                f.state = fibre_state::ready;
            if (f.state != fibre_state::ready)
                continue;
            machine.moved = true;
            machine.running = &f;
            simt_switch(&machine.scheduler, &f.place);
        }
    } while (complete_together(first, last));
}

// Opens the barriers at which all are that they wait for. Returns whether a fibre may go on.
bool open_barriers(unsigned threads)
{
    unsigned waiting[named_barriers] = {}, wanted[named_barriers] = {}, there = 0;
    bool released = false, at_flag = false;

    for (unsigned t = 0; t < threads; t++) {
        const fibre &f = *machine.current->fibres[t];
        there += f.state != fibre_state::returned;
        at_flag |= f.state == fibre_state::at_flag;
        if (f.state != fibre_state::at_barrier)
            continue;
        if (waiting[f.barrier]++ && wanted[f.barrier] != f.barrier_threads)
            simt_die("threads disagree about how many a barrier waits for");
        wanted[f.barrier] = f.barrier_threads;
    }
    wanted[0] = there;
    for (unsigned t = 0; t < threads; t++) {
        fibre &f = *machine.current->fibres[t];
        if (f.state != fibre_state::at_barrier || waiting[f.barrier] != wanted[f.barrier])
            continue;
        f.state = fibre_state::ready;
        released = true;
    }
    if (there && !released && !at_flag)
        simt_die("threads wait at barriers that cannot open");
    return released;
}

void give_back_shared()
{
    for (const shared_array &array : machine.current->shared)
        if (!simt_room_give_back(array.data, array.bytes))
            simt_die("a kernel wrote outside of a shared array");
    machine.current->shared.clear();
}

void start_block(unsigned index, unsigned threads, unsigned blocks)
{
    while (machine.current->fibres.size() < threads)
        machine.current->fibres.emplace_back(new fibre);
    for (unsigned t = 0; t < threads; t++)
        start(*machine.current->fibres[t], t, index, threads, blocks);
}

bool block_has_returned(unsigned threads)
{
    for (unsigned t = 0; t < threads; t++)
        if (machine.current->fibres[t]->state != fibre_state::returned)
            return false;
    return true;
}

// Between two barriers one warp after the other runs as far as it can, in shuffled order: no order
// of warps is further from the even pace that hides a missing barrier. Returns when all threads
// have returned or wait for another block.
void run_block(unsigned threads)
{
    std::vector<unsigned> warps((threads + SIMT_LANES - 1) / SIMT_LANES);

    std::iota(warps.begin(), warps.end(), 0u);
    do {
        shuffle(warps);
        for (unsigned warp : warps)
            run_warp(warp * SIMT_LANES, std::min((warp + 1) * SIMT_LANES, threads));
    } while (open_barriers(threads));
}

// The order of a launch; the machine is ready for it.
std::vector<unsigned> begin_launch(unsigned blocks, unsigned threads, size_t shared_bytes,
                                   const std::function<void()> &body, size_t at_once)
{
    std::vector<unsigned> order(blocks);

    if (blocks == 0 || threads == 0 || threads > 1024)
        simt_die("a launch needs 1 block or more, and 1 to 1024 threads a block");
    while (machine.blocks.size() < at_once)
        machine.blocks.emplace_back(new block);
    machine.body = &body;
    machine.dynamic_bytes = shared_bytes;
    machine.launches++;
    std::iota(order.begin(), order.end(), 0u);
    shuffle(order);
    return order;
}

struct shuffled {
    double value;
    unsigned from;
    double received;
};

void shuffle_lanes(void *const lanes[SIMT_LANES])
{
    for (int i = 0; i < SIMT_LANES; i++) {
        shuffled *const s = static_cast<shuffled *>(lanes[i]);
        if (!s)
            continue;
        if (s->from < SIMT_LANES && !lanes[s->from])
            simt_die("a warp exchange asks for the value of a lane that has returned");
        s->received =
            s->from < SIMT_LANES ? static_cast<shuffled *>(lanes[s->from])->value : s->value;
    }
}

} // namespace

[[noreturn]] void simt_die(const char *sentence)
{
    fprintf(stderr, "simt: %s\n", sentence);
    abort();
}

const simt_coordinates &simt_self()
{
    return machine.running->self;
}

void simt_launch(unsigned blocks, unsigned threads, size_t shared_bytes,
                 const std::function<void()> &body)
{
    for (unsigned index : begin_launch(blocks, threads, shared_bytes, body, 1)) {
        machine.current = machine.blocks[0].get();
        start_block(index, threads, blocks);
        run_block(threads);
        if (!block_has_returned(threads))
            simt_die("a block waits for another of a launch whose blocks need not run together");
        give_back_shared();
    }
    machine.running = nullptr;
}

void simt_launch_together(unsigned blocks, unsigned threads, size_t shared_bytes,
                          const std::function<void()> &body)
{
    std::vector<unsigned> order = begin_launch(blocks, threads, shared_bytes, body, blocks);

    if (blocks > SIMT_TOGETHER_MAX)
        simt_die("more blocks are to run together than there are multiprocessors");
    for (unsigned index : order) {
        machine.current = machine.blocks[index].get();
        start_block(index, threads, blocks);
    }
    while (!order.empty()) {
        std::vector<unsigned> rest;
        machine.moved = false;
        shuffle(order);
        for (unsigned index : order) {
            machine.current = machine.blocks[index].get();
            run_block(threads);
            if (block_has_returned(threads))
                give_back_shared();
            else
                rest.push_back(index);
        }
        if (!machine.moved)
            simt_die("blocks wait for flags that nobody raises");
        order = rest;
    }
    machine.running = nullptr;
}

void simt_wait_for(const uint32_t *flag, uint32_t value)
{
    while (*flag < value) {
        machine.running->flag = flag;
        machine.running->flag_value = value;
        wait_as(fibre_state::at_flag);
    }
}

void simt_barrier()
{
    machine.running->barrier = 0;
    machine.running->barrier_threads = 0;
    wait_as(fibre_state::at_barrier);
}

void simt_barrier_named(int id, unsigned threads)
{
    if (id < 1 || id >= named_barriers || threads == 0 || threads % SIMT_LANES)
        simt_die("a named barrier is 1 to 15 and waits for whole warps");
    machine.running->barrier = id;
    machine.running->barrier_threads = threads;
    wait_as(fibre_state::at_barrier);
}

void simt_together(simt_operation operation, void *mine)
{
    machine.running->operation = operation;
    machine.running->mine = mine;
    wait_as(fibre_state::together);
}

double simt_shuffle(double value, unsigned from)
{
    shuffled s = {value, from, 0};

    simt_together(shuffle_lanes, &s);
    return s.received;
}

simt_copies **simt_copies_place()
{
    return &machine.running->copies;
}

void *simt_shared(const void *site, size_t bytes)
{
    for (const shared_array &array : machine.current->shared)
        if (array.site == site)
            return array.data;
    machine.current->shared.push_back({site, bytes, simt_room_take(bytes)});
    return machine.current->shared.back().data;
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
