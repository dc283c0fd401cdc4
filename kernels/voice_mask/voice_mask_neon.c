/* voice_mask_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/voice_mask/voice_mask_simd.h"

const cleave_kernel cleave_voice_mask_neon = {.run = run};
