/* simd_math_isa_none.c: no vector sets on this architecture. */
#include "tests/simd_math.h"

#include <stddef.h>

const test_simd_math *const test_simd_math_all[] = {NULL};
