/* dither_avx2.c: the flags of the file name. */
#include "kernels/dither/dither_simd.h"

const cleave_kernel cleave_dither_avx2 = {.run = run};
