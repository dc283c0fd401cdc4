/* voice_mask_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/voice_mask/voice_mask_simd.h"

const cleave_kernel cleave_voice_mask_avx512 = {.run = run};
