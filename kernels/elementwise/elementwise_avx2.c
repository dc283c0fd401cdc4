/* elementwise_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/elementwise/elementwise_simd.h"

const cleave_kernel cleave_elementwise_avx2 = {.run = run};
