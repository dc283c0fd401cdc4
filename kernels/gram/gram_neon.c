/* gram_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#define TILE_ROWS 4

#include "kernels/gram/gram_simd.h"

const cleave_kernel cleave_gram_neon = {.run = run, .scratch_bytes = scratch_bytes};
