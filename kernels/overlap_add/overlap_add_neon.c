/* overlap_add_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/overlap_add/overlap_add_simd.h"

const cleave_kernel cleave_overlap_add_neon = {.run = run};
