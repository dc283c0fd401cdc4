/* complex_mask_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/complex_mask/complex_mask_simd.h"

const cleave_kernel cleave_complex_mask_avx512 = {.run = run};
