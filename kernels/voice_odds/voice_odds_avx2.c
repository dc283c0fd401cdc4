/* voice_odds_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/voice_odds/voice_odds_simd.h"

const cleave_kernel cleave_voice_odds_avx2 = {.run = run};
