/* median_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/median/median_simd.h"

const cleave_kernel cleave_median_avx512 = {
    .run = run,
    .scratch_bytes = scratch_bytes,
    .prepared_bytes = prepared_bytes,
    .prepare = prepare,
};
