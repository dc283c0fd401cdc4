/* layer_norm_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/layer_norm/layer_norm_simd.h"

const cleave_kernel cleave_layer_norm_avx512 = {.run = run};
