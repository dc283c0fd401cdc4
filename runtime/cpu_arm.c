/* cpu_arm.c: FPCR of AArch64, as in the Arm Architecture Reference Manual for A-profile. */
#include "runtime/cpu.h"

/* Of inputs too. The other bits stay 0: round to nearest, no traps. */
#define FPCR_FLUSH_TO_ZERO ((uint64_t)1 << 24)

uint64_t cleave_cpu_mode_set(void)
{
    uint64_t before;

    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    cleave_cpu_mode_restore(FPCR_FLUSH_TO_ZERO);
    return before;
}

void cleave_cpu_mode_restore(uint64_t mode)
{
    /* The clobber keeps memory traffic of the arithmetic on its side of the change. */
    __asm__ volatile("msr fpcr, %0" : : "r"(mode) : "memory");
}

void cleave_cpu_pause(void)
{
    __asm__ volatile("isb" : : : "memory");
}
