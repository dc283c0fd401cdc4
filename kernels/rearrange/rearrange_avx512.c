/* rearrange_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/rearrange/rearrange_simd.h"

const cleave_kernel cleave_rearrange_avx512 = {.run = run};
