/* repetition_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/repetition/repetition_simd.h"

const cleave_kernel cleave_repetition_avx512 = {.run = run, .scratch_bytes = scratch_bytes};
