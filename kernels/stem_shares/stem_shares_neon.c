/* stem_shares_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/stem_shares/stem_shares_simd.h"

const cleave_kernel cleave_stem_shares_neon = {.run = run};
