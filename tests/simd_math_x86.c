/* simd_math_x86.c: the sets of x86-64. */
#include "tests/simd_math.h"

#include <stddef.h>

const test_simd_math *const test_simd_math_all[] = {&test_simd_math_avx2, &test_simd_math_avx512,
                                                    NULL};
