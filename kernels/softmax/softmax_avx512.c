/* softmax_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/softmax/softmax_simd.h"

const cleave_kernel cleave_softmax_avx512 = {.run = run};
