/* cpu_x86.c: MXCSR. Bits from the Intel Software Developer's Manual, volume 1, section 10.2.3. */
#include "runtime/cpu.h"

#include <immintrin.h>

#define MXCSR_DEFAULT        0x1F80u /* all exceptions masked, round to nearest */
#define MXCSR_DENORMALS_ZERO 0x0040u
#define MXCSR_FLUSH_TO_ZERO  0x8000u

uint64_t cleave_cpu_mode_set(void)
{
    uint64_t before = _mm_getcsr();

    _mm_setcsr(MXCSR_DEFAULT | MXCSR_DENORMALS_ZERO | MXCSR_FLUSH_TO_ZERO);
    return before;
}

void cleave_cpu_mode_restore(uint64_t mode)
{
    _mm_setcsr((unsigned)mode);
}

void cleave_cpu_pause(void)
{
    _mm_pause();
}
