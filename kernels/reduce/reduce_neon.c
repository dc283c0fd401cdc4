/* reduce_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/reduce/reduce_simd.h"

const cleave_kernel cleave_reduce_neon = {.run = run};
