/* ring.c: single producer, single consumer ring.
 *
 * Each side owns one position and publishes it with a release store; the other side reads it with
 * an acquire load, so that what was written before an advance is seen after it. A side reads its
 * own position relaxed (Lamport, "Specifying concurrent program modules", 1983). Positions only
 * grow, for longer than any machine lasts; a slot is the remainder by the capacity. */
#include "runtime/ring.h"

#include <string.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && sizeof(long long) == sizeof(uint64_t),
               "positions and counters take no lock");

void cleave_ring_init(cleave_ring *ring, cleave_arena *arena, int64_t capacity, size_t item_bytes)
{
    assert(capacity >= 1);
    assert(item_bytes >= 1);

    ring->data = cleave_arena_take_raw(arena, (size_t)capacity, item_bytes);
    ring->capacity = capacity;
    ring->item_bytes = item_bytes;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->overruns, 0);
    atomic_init(&ring->tail, 0);
    atomic_init(&ring->underruns, 0);
}

/* The `count` items from `position` on, as what lies before the wrap and what lies after it. */
static void regions_of(const cleave_ring *ring, uint64_t position, int64_t count,
                       cleave_ring_regions *regions)
{
    int64_t slot = (int64_t)(position % (uint64_t)ring->capacity);
    int64_t first = cleave_i64_min(count, ring->capacity - slot);

    regions->first = first ? ring->data + (size_t)slot * ring->item_bytes : NULL;
    regions->first_count = first;
    regions->second = count > first ? ring->data : NULL;
    regions->second_count = count - first;
}

/* Only one thread writes a counter, so a load and a store do for an increment. */
static void increment(_Atomic uint64_t *counter)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, value + 1, memory_order_relaxed);
}

int64_t cleave_ring_write_regions(cleave_ring *ring, int64_t count, cleave_ring_regions *regions)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    int64_t room = ring->capacity - (int64_t)(head - tail);

    assert(count >= 0);
    assert(room >= 0);
    assert(room <= ring->capacity);
    if (room < count) {
        increment(&ring->overruns);
        count = room;
    }
    regions_of(ring, head, count, regions);
    return count;
}

void cleave_ring_write_advance(cleave_ring *ring, int64_t count)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

    assert(count >= 0);
    assert((int64_t)(head - atomic_load_explicit(&ring->tail, memory_order_relaxed)) + count <=
           ring->capacity);
    atomic_store_explicit(&ring->head, head + (uint64_t)count, memory_order_release);
}

int64_t cleave_ring_write(cleave_ring *ring, const void *items, int64_t count)
{
    const unsigned char *from = items;
    cleave_ring_regions to;

    count = cleave_ring_write_regions(ring, count, &to);
    if (to.first_count)
        memcpy(to.first, from, (size_t)to.first_count * ring->item_bytes);
    if (to.second_count)
        memcpy(to.second, from + (size_t)to.first_count * ring->item_bytes,
               (size_t)to.second_count * ring->item_bytes);
    cleave_ring_write_advance(ring, count);
    return count;
}

int64_t cleave_ring_read_regions(cleave_ring *ring, int64_t skip, int64_t count,
                                 cleave_ring_regions *regions)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    int64_t filled = (int64_t)(head - tail);

    assert(skip >= 0);
    assert(count >= 0);
    assert(filled >= 0);
    assert(filled <= ring->capacity);
    skip = cleave_i64_min(skip, filled);
    if (filled - skip < count) {
        increment(&ring->underruns);
        count = filled - skip;
    }
    regions_of(ring, tail + (uint64_t)skip, count, regions);
    return count;
}

void cleave_ring_read_advance(cleave_ring *ring, int64_t count)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    assert(count >= 0);
    assert(count <= (int64_t)(atomic_load_explicit(&ring->head, memory_order_relaxed) - tail));
    atomic_store_explicit(&ring->tail, tail + (uint64_t)count, memory_order_release);
}

int64_t cleave_ring_read(cleave_ring *ring, void *items, int64_t count)
{
    unsigned char *to = items;
    cleave_ring_regions from;

    count = cleave_ring_read_regions(ring, 0, count, &from);
    if (from.first_count)
        memcpy(to, from.first, (size_t)from.first_count * ring->item_bytes);
    if (from.second_count)
        memcpy(to + (size_t)from.first_count * ring->item_bytes, from.second,
               (size_t)from.second_count * ring->item_bytes);
    cleave_ring_read_advance(ring, count);
    return count;
}

int64_t cleave_ring_filled(const cleave_ring *ring)
{
    /* The tail first: the head that is read later is not behind it, so the difference is never
     * negative. A third thread may see the head move on in between. */
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);

    return cleave_i64_min((int64_t)(head - tail), ring->capacity);
}

void cleave_ring_reset(cleave_ring *ring)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);

    atomic_store_explicit(&ring->tail, head, memory_order_release);
}
