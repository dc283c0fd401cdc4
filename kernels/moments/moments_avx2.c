/* moments_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/moments/moments_simd.h"

const cleave_kernel cleave_moments_avx2 = {.run = run};
