/* alloc_trap.h: counts every call to an allocator, and lets the kernel forbid what hides behind
 * one.
 *
 * alloc_trap.c defines malloc and its relatives in the test program itself, so that calls from
 * everywhere, the shared libraries included, come by. Where a sanitizer owns malloc,
 * alloc_trap_none.c stands in. */
#ifndef CLEAVE_TESTS_RUNTIME_ALLOC_TRAP_H
#define CLEAVE_TESTS_RUNTIME_ALLOC_TRAP_H

#include <stdint.h>

/* Whether calls are counted in this build. */
int alloc_trap_set(void);

/* Calls so far, from all threads, to malloc calloc realloc reallocarray posix_memalign
 * aligned_alloc memalign valloc pvalloc free (of other than NULL) mmap mmap64 munmap mremap brk
 * sbrk. */
uint64_t alloc_trap_count(void);

/* The function that was called last, or "none". */
const char *alloc_trap_last(void);

/* From now on a change of the address space (mmap, munmap, mremap, mprotect, brk) or a new thread
 * or process kills this process, whichever of its threads asks and however: pthread_create() maps
 * stacks without calling any function that could be defined here. There is no way back, so call it
 * in a child. Returns 0 where the system refuses. */
int alloc_trap_forbid(void);

#endif
