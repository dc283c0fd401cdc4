/* stem_shares_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/stem_shares/stem_shares_simd.h"

const cleave_kernel cleave_stem_shares_avx2 = {.run = run};
