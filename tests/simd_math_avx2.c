/* simd_math_avx2.c: on AVX2. */
#include "kernels/simd_avx2.h"

#include "tests/simd_math_body.h"

const test_simd_math test_simd_math_avx2 = {CLEAVE_CPU_AVX2, log_of,  exp_of,   sigmoid_of, tanh_of,
                                            gelu_of,         exp2_of, expm1_of, pow_of};
