/* linear_norm_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/linear_norm/linear_norm_simd.h"

const cleave_kernel cleave_linear_norm_avx2 = {.run = run,
                                               .scratch_bytes = scratch_bytes,
                                               .prepared_bytes = cleave_linear_norm_prepared_bytes,
                                               .prepare = cleave_linear_norm_prepare};
