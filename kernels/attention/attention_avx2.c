/* attention_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#define TILE_ROWS 4

#include "kernels/attention/attention_float.h"
#include "kernels/attention/attention_simd.h"

const cleave_kernel cleave_attention_avx2 = {.run = run, .scratch_bytes = scratch_bytes};
