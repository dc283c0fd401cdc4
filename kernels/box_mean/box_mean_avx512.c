/* box_mean_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/box_mean/box_mean_simd.h"

const cleave_kernel cleave_box_mean_avx512 = {.run = run, .scratch_bytes = scratch_bytes};
