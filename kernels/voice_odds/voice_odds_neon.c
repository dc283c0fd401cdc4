/* voice_odds_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/voice_odds/voice_odds_simd.h"

const cleave_kernel cleave_voice_odds_neon = {.run = run};
