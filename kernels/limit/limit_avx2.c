/* limit_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/limit/limit_simd.h"

const cleave_kernel cleave_limit_avx2 = {
    .run = run,
    .prepared_bytes = cleave_limit_prepared_bytes,
    .prepare = cleave_limit_prepare,
};
