/* attention_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#define TILE_ROWS 8

#include "kernels/attention/attention_float.h"
#include "kernels/attention/attention_simd.h"

const cleave_kernel cleave_attention_avx512 = {.run = run, .scratch_bytes = scratch_bytes};
