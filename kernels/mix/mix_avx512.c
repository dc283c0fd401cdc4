/* mix_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/mix/mix_simd.h"

const cleave_kernel cleave_mix_avx512 = {.run = run};
