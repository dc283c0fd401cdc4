/* moments_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/moments/moments_simd.h"

const cleave_kernel cleave_moments_neon = {.run = run};
