/* cpu_features_emulated.c: in the place of what the processor has, for `make check-avx512`. */
#include "kernels/ops.h"

uint32_t cleave_cpu_features(void)
{
    return CLEAVE_CPU_AVX2 | CLEAVE_CPU_AVX512 | CLEAVE_CPU_BF16;
}
