/* simd_math_neon.c: on Advanced SIMD. */
#include "kernels/simd_neon.h"

#include "tests/simd_math_body.h"

const test_simd_math test_simd_math_neon = {CLEAVE_CPU_NEON, log_of,  exp_of,   sigmoid_of, tanh_of,
                                            gelu_of,         exp2_of, expm1_of, pow_of};
