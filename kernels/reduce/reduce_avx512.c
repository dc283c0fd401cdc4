/* reduce_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/reduce/reduce_simd.h"

const cleave_kernel cleave_reduce_avx512 = {.run = run};
