/* median_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/median/median_simd.h"

const cleave_kernel cleave_median_avx2 = {
    .run = run,
    .scratch_bytes = scratch_bytes,
    .prepared_bytes = prepared_bytes,
    .prepare = prepare,
};
