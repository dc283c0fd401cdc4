/* gap_ring.h: a ring of frames that keep their places when some of them are missing.
 *
 * A gap stands between two frames of the ring and is as long as what is missing there. There is one
 * at a time: the producer makes it, if the consumer has passed the one before. */
#ifndef CLEAVE_RUNTIME_GAP_RING_H
#define CLEAVE_RUNTIME_GAP_RING_H

#include "runtime/ring.h"

typedef struct cleave_gap_ring {
    cleave_ring ring;
    _Atomic uint64_t gap_at;    /* frames of the ring, ever, that stand before the gap */
    _Atomic int64_t gap_frames; /* 0: there is none. Stored by the producer to make one and by the
                                 * consumer to pass it, both with release */
} cleave_gap_ring;

void cleave_gap_ring_init(cleave_gap_ring *ring, cleave_arena *arena, int64_t capacity,
                          size_t item_bytes);

/* Producer. Puts a gap of `frames` > 0 behind what was written; 0 if there is one already. */
int cleave_gap_ring_leave(cleave_gap_ring *ring, int64_t frames);

/* Producer. Frames that there is room for, at least. */
int64_t cleave_gap_ring_room(const cleave_gap_ring *ring);

/* Consumer. Returns the frames that stand before the gap, or all if there is none; *gap is how long
 * the gap is, or 0. */
int64_t cleave_gap_ring_look(const cleave_gap_ring *ring, int64_t *gap);

/* Consumer, when nothing stands before the gap: it is passed. */
void cleave_gap_ring_pass(cleave_gap_ring *ring);

/* Empties the ring; both sides must be quiet. */
void cleave_gap_ring_reset(cleave_gap_ring *ring);

#endif
