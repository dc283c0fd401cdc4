/* mix_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/mix/mix_simd.h"

const cleave_kernel cleave_mix_neon = {.run = run};
