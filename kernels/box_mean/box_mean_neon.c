/* box_mean_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/box_mean/box_mean_simd.h"

const cleave_kernel cleave_box_mean_neon = {.run = run, .scratch_bytes = scratch_bytes};
