/* gram_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#define TILE_ROWS 3 /* with TILE_COLUMNS sums, a row and a column: 16 registers */

#include "kernels/gram/gram_simd.h"

const cleave_kernel cleave_gram_avx2 = {.run = run, .scratch_bytes = scratch_bytes};
