/* level_neon.c: four frames at once. */
#include "kernels/simd_neon.h"

#include "kernels/level/level_simd.h"

const cleave_kernel cleave_level_neon = {.run = run};
