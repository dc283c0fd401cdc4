/* simd_math_arm.c: the sets of AArch64. */
#include "tests/simd_math.h"

#include <stddef.h>

const test_simd_math *const test_simd_math_all[] = {&test_simd_math_neon, NULL};
