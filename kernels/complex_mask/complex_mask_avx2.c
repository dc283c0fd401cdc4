/* complex_mask_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/complex_mask/complex_mask_simd.h"

const cleave_kernel cleave_complex_mask_avx2 = {.run = run};
