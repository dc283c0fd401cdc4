/* conv_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#define TILE_ROWS 4

#include "kernels/conv/conv_float.h"
#include "kernels/conv/conv_simd.h"

const cleave_kernel cleave_conv_avx2 = {.run = run,
                                        .scratch_bytes = scratch_bytes,
                                        .prepared_bytes = prepared_bytes,
                                        .prepare = prepare};
