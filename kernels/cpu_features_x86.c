/* cpu_features_x86.c: what the processor has and the operating system saves. */
#include "kernels/ops.h"

#include <cpuid.h>

/* Register state that the operating system saves on a context switch: without it, the instructions
 * exist and fault. Intel SDM volume 1, 13.3 and 14.3. */
#define XCR0_AVX    0x06u /* SSE, upper halves of ymm */
#define XCR0_AVX512 0xE6u /* those, opmasks, upper halves of zmm0-15, zmm16-31 */

static uint32_t xcr0(void)
{
    uint32_t low, high;

    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

uint32_t cleave_cpu_features(void)
{
    const uint32_t leaf7_avx512 =
        bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | (uint32_t)bit_AVX512VL;
    const uint32_t leaf1_avx2 = bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C;
    uint32_t eax, ebx, ecx, edx, leaf1, features = 0;

    if (!__get_cpuid(1, &eax, &ebx, &leaf1, &edx) || (leaf1 & leaf1_avx2) != leaf1_avx2)
        return 0;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
        return 0;
    if ((xcr0() & XCR0_AVX) != XCR0_AVX || !(ebx & bit_AVX2))
        return 0;
    features |= CLEAVE_CPU_AVX2;
    if ((xcr0() & XCR0_AVX512) == XCR0_AVX512 && (ebx & leaf7_avx512) == leaf7_avx512)
        features |= CLEAVE_CPU_AVX512;
    if (features & CLEAVE_CPU_AVX512 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) &&
        eax & bit_AVX512BF16)
        features |= CLEAVE_CPU_BF16;
    return features;
}
