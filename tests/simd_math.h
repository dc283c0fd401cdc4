/* simd_math.h: the vector functions of each instruction set, for tests. */
#ifndef CLEAVE_TESTS_SIMD_MATH_H
#define CLEAVE_TESTS_SIMD_MATH_H

#include <stdint.h>

typedef struct test_simd_math {
    uint32_t features; /* CLEAVE_CPU_* that it needs */
    /* out[i] = f(in[i]) for count values, a multiple of 16. */
    void (*log)(const float *in, float *out, int64_t count);
    void (*exp)(const float *in, float *out, int64_t count);
    void (*sigmoid)(const float *in, float *out, int64_t count);
    void (*tanh)(const float *in, float *out, int64_t count);
    void (*gelu)(const float *in, float *out, int64_t count);
    void (*exp2)(const float *in, float *out, int64_t count);
    void (*expm1)(const float *in, float *out, int64_t count);
    /* out[i] = in[i]^power */
    void (*pow)(const float *in, float *out, int64_t count, float power);
} test_simd_math;

extern const test_simd_math test_simd_math_avx2, test_simd_math_avx512, test_simd_math_neon;

/* The sets that this build has, NULL after the last: one of simd_math_x86.c, _arm.c, _isa_none.c.
 */
extern const test_simd_math *const test_simd_math_all[];

#endif
