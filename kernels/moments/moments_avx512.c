/* moments_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/moments/moments_simd.h"

const cleave_kernel cleave_moments_avx512 = {.run = run};
