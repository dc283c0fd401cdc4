/* dither_neon.c: the flags of the file name. */
#include "kernels/dither/dither_simd.h"

const cleave_kernel cleave_dither_neon = {.run = run};
