/* ratio_mask_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/ratio_mask/ratio_mask_simd.h"

const cleave_kernel cleave_ratio_mask_avx2 = {.run = run};
