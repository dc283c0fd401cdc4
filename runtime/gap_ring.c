/* gap_ring.c: a ring of frames that keep their places when some of them are missing. */
#include "runtime/gap_ring.h"

void cleave_gap_ring_init(cleave_gap_ring *ring, cleave_arena *arena, int64_t capacity,
                          size_t item_bytes)
{
    cleave_ring_init(&ring->ring, arena, capacity, item_bytes);
    atomic_init(&ring->gap_at, 0);
    atomic_init(&ring->gap_frames, 0);
}

int cleave_gap_ring_leave(cleave_gap_ring *ring, int64_t frames)
{
    assert(frames > 0);
    /* Acquire: the consumer has read the place of the last gap before this one's is written. */
    if (atomic_load_explicit(&ring->gap_frames, memory_order_acquire))
        return 0;
    /* Relaxed: the head is the caller's own, and the length that follows publishes the place. */
    atomic_store_explicit(&ring->gap_at,
                          atomic_load_explicit(&ring->ring.head, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&ring->gap_frames, frames, memory_order_release);
    return 1;
}

int64_t cleave_gap_ring_room(const cleave_gap_ring *ring)
{
    return ring->ring.capacity - cleave_ring_filled(&ring->ring);
}

int64_t cleave_gap_ring_look(const cleave_gap_ring *ring, int64_t *gap)
{
    /* The head before the gap: a gap was made before the frames behind it were published, so who
     * sees these, sees it. Who sees the gap, sees all frames before it, be it more than `filled`.
     */
    const int64_t filled = cleave_ring_filled(&ring->ring);
    const int64_t frames = atomic_load_explicit(&ring->gap_frames, memory_order_acquire);

    *gap = frames;
    if (!frames)
        return filled;
    /* Relaxed: the place was stored before the length, which was acquired; the tail is the caller's
     * own. */
    const uint64_t at = atomic_load_explicit(&ring->gap_at, memory_order_relaxed);
    const int64_t before =
        (int64_t)(at - atomic_load_explicit(&ring->ring.tail, memory_order_relaxed));
    assert(before >= 0);
    return before;
}

void cleave_gap_ring_pass(cleave_gap_ring *ring)
{
    assert(atomic_load_explicit(&ring->gap_frames, memory_order_relaxed) > 0);
    atomic_store_explicit(&ring->gap_frames, 0, memory_order_release);
}

void cleave_gap_ring_reset(cleave_gap_ring *ring)
{
    cleave_ring_reset(&ring->ring);
    atomic_store_explicit(&ring->gap_frames, 0, memory_order_release);
}
