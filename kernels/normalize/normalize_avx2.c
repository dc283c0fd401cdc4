/* normalize_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/normalize/normalize_simd.h"

const cleave_kernel cleave_normalize_avx2 = {.run = run};
