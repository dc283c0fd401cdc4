/* biquad_avx2.c: two sections of two channels. */
#include "kernels/simd_avx2.h"

#include "kernels/biquad/biquad_simd.h"

const cleave_kernel cleave_biquad_avx2 = {.run = run};
