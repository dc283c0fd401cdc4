/* ratio_mask_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/ratio_mask/ratio_mask_simd.h"

const cleave_kernel cleave_ratio_mask_neon = {.run = run};
