/* median_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/median/median_simd.h"

const cleave_kernel cleave_median_neon = {
    .run = run,
    .scratch_bytes = scratch_bytes,
    .prepared_bytes = prepared_bytes,
    .prepare = prepare,
};
