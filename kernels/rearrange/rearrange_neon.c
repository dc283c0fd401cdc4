/* rearrange_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/rearrange/rearrange_simd.h"

const cleave_kernel cleave_rearrange_neon = {.run = run};
