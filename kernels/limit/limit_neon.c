/* limit_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/limit/limit_simd.h"

const cleave_kernel cleave_limit_neon = {
    .run = run,
    .prepared_bytes = cleave_limit_prepared_bytes,
    .prepare = cleave_limit_prepare,
};
