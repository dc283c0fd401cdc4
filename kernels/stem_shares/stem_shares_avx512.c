/* stem_shares_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/stem_shares/stem_shares_simd.h"

const cleave_kernel cleave_stem_shares_avx512 = {.run = run};
