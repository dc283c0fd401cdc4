/* gram_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#define TILE_ROWS 4

#include "kernels/gram/gram_simd.h"

const cleave_kernel cleave_gram_avx512 = {.run = run, .scratch_bytes = scratch_bytes};
