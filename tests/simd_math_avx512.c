/* simd_math_avx512.c: on AVX-512. */
#include "kernels/simd_avx512.h"

#include "tests/simd_math_body.h"

const test_simd_math test_simd_math_avx512 = {
    CLEAVE_CPU_AVX512, log_of, exp_of, sigmoid_of, tanh_of, gelu_of, exp2_of, expm1_of, pow_of};
