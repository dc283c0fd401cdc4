/* normalize_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/normalize/normalize_simd.h"

const cleave_kernel cleave_normalize_avx512 = {.run = run};
