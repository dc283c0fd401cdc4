/* fader_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/fader/fader_simd.h"

const cleave_kernel cleave_fader_neon = {.run = run};
