/* box_mean_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/box_mean/box_mean_simd.h"

const cleave_kernel cleave_box_mean_avx2 = {.run = run, .scratch_bytes = scratch_bytes};
