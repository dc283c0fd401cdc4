/* compress_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/compress/compress_simd.h"

const cleave_kernel cleave_compress_avx2 = {.run = run};
