/* ratio_mask_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/ratio_mask/ratio_mask_simd.h"

const cleave_kernel cleave_ratio_mask_avx512 = {.run = run};
