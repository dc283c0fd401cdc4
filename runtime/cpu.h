/* cpu.h: what C has no words for: a thread's floating-point mode and the pause of a spin loop.
 *
 * cpu_x86.c, cpu_arm.c and cpu_isa_none.c implement it; the build picks one. */
#ifndef CLEAVE_RUNTIME_CPU_H
#define CLEAVE_RUNTIME_CPU_H

#include <stdint.h>

/* Sets the calling thread to the mode in which kernels run: round to nearest, no traps, denormals
 * (inputs too, where the processor can) count as zero. Returns the mode before, for
 * cleave_cpu_mode_restore(). */
uint64_t cleave_cpu_mode_set(void);

void cleave_cpu_mode_restore(uint64_t mode);

/* A hint that this thread waits in a loop for another one. */
void cleave_cpu_pause(void);

#endif
