/* softmax_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/softmax/softmax_simd.h"

const cleave_kernel cleave_softmax_avx2 = {.run = run};
