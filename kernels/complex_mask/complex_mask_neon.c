/* complex_mask_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/complex_mask/complex_mask_simd.h"

const cleave_kernel cleave_complex_mask_neon = {.run = run};
