/* elementwise_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/elementwise/elementwise_simd.h"

const cleave_kernel cleave_elementwise_neon = {.run = run};
