/* repetition_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/repetition/repetition_simd.h"

const cleave_kernel cleave_repetition_avx2 = {.run = run, .scratch_bytes = scratch_bytes};
