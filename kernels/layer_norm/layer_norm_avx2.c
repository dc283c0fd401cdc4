/* layer_norm_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/layer_norm/layer_norm_simd.h"

const cleave_kernel cleave_layer_norm_avx2 = {.run = run};
