/* pair_sums_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/pair_sums/pair_sums_simd.h"

const cleave_kernel cleave_pair_sums_avx2 = {.run = run};
