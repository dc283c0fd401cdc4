/* level_avx2.c: eight frames at once. */
#include "kernels/simd_avx2.h"

#include "kernels/level/level_simd.h"

const cleave_kernel cleave_level_avx2 = {.run = run};
