/* arena.c: the one block of memory of an engine. */
#include "runtime/arena.h"

#include <string.h>

/* Sizes of an engine are products of a few limits, from 600 s at 192 kHz up to tensors of 2^44
 * floats: none of them leaves 64 bits. */
_Static_assert(SIZE_MAX >= UINT64_MAX, "sizes of an engine are counted in 64 bits");

void cleave_arena_init(cleave_arena *arena, void *memory, size_t bytes)
{
    assert((uintptr_t)memory % CLEAVE_ALIGN_BYTES == 0);

    arena->memory = memory;
    arena->bytes = memory ? bytes : SIZE_MAX;
    arena->used = 0;
    arena->failed = 0;
    arena->sealed = 0;
    arena->foreign = 0;
}

void *cleave_arena_take_raw(cleave_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    unsigned char *start;

    assert(!arena->sealed);
    if (!cleave_size_multiply(count, size, &bytes) || bytes > SIZE_MAX - (CLEAVE_ALIGN_BYTES - 1)) {
        arena->failed = 1;
        return NULL;
    }
    /* Sizes are rounded up, not starts, so that `used` is a size that aligned_alloc() accepts. */
    bytes = cleave_align_up(bytes);
    if (bytes > arena->bytes - arena->used) {
        arena->failed = 1;
        return NULL;
    }
    if (!arena->memory) {
        arena->used += bytes;
        return NULL;
    }
    if (!bytes)
        return NULL;
    start = arena->memory + arena->used;
    arena->used += bytes;
    assert((uintptr_t)start % CLEAVE_ALIGN_BYTES == 0);
    return start;
}

void *cleave_arena_take(cleave_arena *arena, size_t count, size_t size)
{
    void *const start = cleave_arena_take_raw(arena, count, size);

    return start && !arena->foreign ? memset(start, 0, count * size) : start;
}

void cleave_arena_seal(cleave_arena *arena)
{
    arena->sealed = 1;
}

int cleave_size_multiply(size_t a, size_t b, size_t *product)
{
    if (b && a > SIZE_MAX / b)
        return 0;
    *product = a * b;
    return 1;
}
