/* interleave_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/interleave/interleave_simd.h"

const cleave_kernel cleave_interleave_avx2 = {.run = run};
