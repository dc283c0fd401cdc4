/* reduce_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/reduce/reduce_simd.h"

const cleave_kernel cleave_reduce_avx2 = {.run = run};
