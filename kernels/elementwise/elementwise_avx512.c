/* elementwise_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/elementwise/elementwise_simd.h"

const cleave_kernel cleave_elementwise_avx512 = {.run = run};
