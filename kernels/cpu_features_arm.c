/* cpu_features_arm.c: Advanced SIMD is part of the AArch64 base architecture. */
#include "kernels/ops.h"

uint32_t cleave_cpu_features(void)
{
    return CLEAVE_CPU_NEON;
}
