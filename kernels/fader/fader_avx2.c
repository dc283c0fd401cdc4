/* fader_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/fader/fader_simd.h"

const cleave_kernel cleave_fader_avx2 = {.run = run};
