/* arena.h: the one block of memory of an engine, handed out from its start and never given back.
 *
 * A counting arena (memory NULL) hands out NULL and counts. need() and init() run the same code,
 * the first on a counting arena, so what is reported is what is used. One thread at a time. */
#ifndef CLEAVE_RUNTIME_ARENA_H
#define CLEAVE_RUNTIME_ARENA_H

#include "kernels/base.h"

typedef struct cleave_arena {
    unsigned char *memory; /* NULL: counting */
    size_t bytes;          /* capacity; SIZE_MAX when counting */
    size_t used;
    int failed;  /* a request did not fit, or overflowed */
    int sealed;  /* requests are bugs from now on */
    int foreign; /* memory that the host does not touch, a device's: nothing of it is zeroed */
} cleave_arena;

/* Starts an arena on the caller's memory, 64-byte aligned; NULL memory makes it count. */
void cleave_arena_init(cleave_arena *arena, void *memory, size_t bytes);

/* count * size bytes, zeroed unless foreign, 64-byte aligned; NULL when counting, or (failed is
 * set) when there is no room or the product overflows. A request of 0 bytes takes nothing and
 * returns NULL. */
void *cleave_arena_take(cleave_arena *arena, size_t count, size_t size);

/* The same, not zeroed: for what is written before it is read. Memory that the system hands out
 * page by page is then not touched before it is needed. */
void *cleave_arena_take_raw(cleave_arena *arena, size_t count, size_t size);

/* No request may follow. */
void cleave_arena_seal(cleave_arena *arena);

/* *product = a * b; returns 0 and leaves *product alone if that overflows. */
int cleave_size_multiply(size_t a, size_t b, size_t *product);

#endif
