/* repetition_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/repetition/repetition_simd.h"

const cleave_kernel cleave_repetition_neon = {.run = run, .scratch_bytes = scratch_bytes};
