/* overlap_add_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/overlap_add/overlap_add_simd.h"

const cleave_kernel cleave_overlap_add_avx2 = {.run = run};
