/* rearrange_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/rearrange/rearrange_simd.h"

const cleave_kernel cleave_rearrange_avx2 = {.run = run};
