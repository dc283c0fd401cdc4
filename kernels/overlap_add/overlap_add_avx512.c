/* overlap_add_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/overlap_add/overlap_add_simd.h"

const cleave_kernel cleave_overlap_add_avx512 = {.run = run};
