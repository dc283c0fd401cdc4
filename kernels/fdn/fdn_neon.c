/* fdn_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/fdn/fdn_simd.h"

const cleave_kernel cleave_fdn_neon = {.run = run};
