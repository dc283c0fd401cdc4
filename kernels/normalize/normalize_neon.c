/* normalize_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/normalize/normalize_simd.h"

const cleave_kernel cleave_normalize_neon = {.run = run};
