/* biquad_neon.c: a section of two channels. */
#include "kernels/simd_neon.h"

#include "kernels/biquad/biquad_simd.h"

const cleave_kernel cleave_biquad_neon = {.run = run};
