/* linear_norm_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/linear_norm/linear_norm_simd.h"

const cleave_kernel cleave_linear_norm_avx512 = {.run = run,
                                                 .scratch_bytes = scratch_bytes,
                                                 .prepared_bytes =
                                                     cleave_linear_norm_prepared_bytes,
                                                 .prepare = cleave_linear_norm_prepare};
