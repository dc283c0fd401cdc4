/* cpu_isa_none.c: for other instruction sets; all that portable C can set is the rounding. */
#include "runtime/cpu.h"

#include <fenv.h>

uint64_t cleave_cpu_mode_set(void)
{
    int before = fegetround();

    fesetround(FE_TONEAREST);
    return (uint64_t)(before < 0 ? FE_TONEAREST : before);
}

void cleave_cpu_mode_restore(uint64_t mode)
{
    fesetround((int)mode);
}

void cleave_cpu_pause(void)
{
}
