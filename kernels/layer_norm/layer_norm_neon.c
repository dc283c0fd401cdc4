/* layer_norm_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/layer_norm/layer_norm_simd.h"

const cleave_kernel cleave_layer_norm_neon = {.run = run};
