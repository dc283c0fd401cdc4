/* alloc_trap_none.c: for builds in which a sanitizer owns malloc. */
#include "tests/runtime/alloc_trap.h"

int alloc_trap_set(void)
{
    return 0;
}

uint64_t alloc_trap_count(void)
{
    return 0;
}

const char *alloc_trap_last(void)
{
    return "none";
}

int alloc_trap_forbid(void)
{
    return 0;
}
