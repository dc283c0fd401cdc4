/* compress_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/compress/compress_simd.h"

const cleave_kernel cleave_compress_neon = {.run = run};
