/* ring.h: single producer, single consumer ring of equal-sized items, lock-free and wait-free.
 *
 * The ring shows its free and its filled space as two contiguous regions each, so that a device
 * copy or a file read works straight on it. Exactly one thread may call the producer's functions
 * and one the consumer's; the counters may be read by any. Head and tail count items since the
 * start in 64 bits and never wrap. */
#ifndef CLEAVE_RUNTIME_RING_H
#define CLEAVE_RUNTIME_RING_H

#include <stdatomic.h>

#include "runtime/arena.h"

typedef struct cleave_ring_regions {
    void *first;         /* NULL if there are none */
    int64_t first_count; /* items */
    void *second;        /* the part after the wrap; NULL if there is none */
    int64_t second_count;
} cleave_ring_regions;

typedef struct cleave_ring {
    unsigned char *data;
    int64_t capacity; /* items */
    size_t item_bytes;
    _Alignas(
        64) _Atomic uint64_t head; /* items ever written; stored by the producer with release */
    _Atomic uint64_t overruns;     /* writes that found too little room */
    _Alignas(
        64) _Atomic uint64_t tail; /* items ever consumed; stored by the consumer with release */
    _Atomic uint64_t underruns;    /* reads that found too little */
} cleave_ring;

/* Takes the storage of `capacity` items from the arena. */
void cleave_ring_init(cleave_ring *ring, cleave_arena *arena, int64_t capacity, size_t item_bytes);

/* Producer. write_regions: the free space, at most `count` items of it; returns how many the
 * regions hold, and counts an overrun if that is less than `count`. Fill them in order, then
 * write_advance by what was filled. */
int64_t cleave_ring_write_regions(cleave_ring *ring, int64_t count, cleave_ring_regions *regions);
void cleave_ring_write_advance(cleave_ring *ring, int64_t count);
/* Copies up to `count` items in; returns how many. */
int64_t cleave_ring_write(cleave_ring *ring, const void *items, int64_t count);

/* Consumer. read_regions: filled space starting `skip` items after the tail, at most `count` items;
 * returns how many and counts an underrun if that is less than `count`. read_advance gives space
 * back to the producer. */
int64_t cleave_ring_read_regions(cleave_ring *ring, int64_t skip, int64_t count,
                                 cleave_ring_regions *regions);
void cleave_ring_read_advance(cleave_ring *ring, int64_t count);
int64_t cleave_ring_read(cleave_ring *ring, void *items, int64_t count);

/* Items that wait. Exact for the consumer's thread as a lower bound, for the producer's as an upper
 * bound. */
int64_t cleave_ring_filled(const cleave_ring *ring);

/* Empties the ring; both sides must be quiet. Counters go on. */
void cleave_ring_reset(cleave_ring *ring);

#endif
