/* conv_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#define TILE_ROWS 8

#include "kernels/conv/conv_float.h"
#include "kernels/conv/conv_simd.h"

const cleave_kernel cleave_conv_avx512 = {.run = run,
                                          .scratch_bytes = scratch_bytes,
                                          .prepared_bytes = prepared_bytes,
                                          .prepare = prepare};
