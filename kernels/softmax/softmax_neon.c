/* softmax_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/softmax/softmax_simd.h"

const cleave_kernel cleave_softmax_neon = {.run = run};
