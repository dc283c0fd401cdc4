/* fdn_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/fdn/fdn_simd.h"

const cleave_kernel cleave_fdn_avx2 = {.run = run};
