/* voice_mask_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/voice_mask/voice_mask_simd.h"

const cleave_kernel cleave_voice_mask_avx2 = {.run = run};
