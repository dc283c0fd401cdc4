/* pair_sums_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/pair_sums/pair_sums_simd.h"

const cleave_kernel cleave_pair_sums_avx512 = {.run = run};
