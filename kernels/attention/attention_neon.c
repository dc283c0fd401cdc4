/* attention_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#define TILE_ROWS 8

#include "kernels/attention/attention_float.h"
#include "kernels/attention/attention_simd.h"

const cleave_kernel cleave_attention_neon = {.run = run, .scratch_bytes = scratch_bytes};
