/* interleave_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/interleave/interleave_simd.h"

const cleave_kernel cleave_interleave_neon = {.run = run};
