/* mix_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/mix/mix_simd.h"

const cleave_kernel cleave_mix_avx2 = {.run = run};
