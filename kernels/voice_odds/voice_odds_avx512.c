/* voice_odds_avx512.c: sixteen lanes. */
#include "kernels/simd_avx512.h"

#include "kernels/voice_odds/voice_odds_simd.h"

const cleave_kernel cleave_voice_odds_avx512 = {.run = run};
