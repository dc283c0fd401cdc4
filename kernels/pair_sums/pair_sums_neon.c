/* pair_sums_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/pair_sums/pair_sums_simd.h"

const cleave_kernel cleave_pair_sums_neon = {.run = run};
