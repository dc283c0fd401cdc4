/* simd_math_body.h: what simd_math_<isa>.c share; include a simd header first. */
#include "kernels/ops.h"
#include "kernels/simd_math.h"
#include "tests/simd_math.h"

static void log_of(const float *in, float *out, int64_t count)
{
    for (int64_t i = 0; i < count; i += SIMD_LANES)
        simd_store(out + i, simd_log(simd_load(in + i)));
}

static void exp_of(const float *in, float *out, int64_t count)
{
    for (int64_t i = 0; i < count; i += SIMD_LANES)
        simd_store(out + i, simd_exp(simd_load(in + i)));
}

static void sigmoid_of(const float *in, float *out, int64_t count)
{
    for (int64_t i = 0; i < count; i += SIMD_LANES)
        simd_store(out + i, simd_sigmoid(simd_load(in + i)));
}

static void tanh_of(const float *in, float *out, int64_t count)
{
    for (int64_t i = 0; i < count; i += SIMD_LANES)
        simd_store(out + i, simd_tanh(simd_load(in + i)));
}

static void gelu_of(const float *in, float *out, int64_t count)
{
    for (int64_t i = 0; i < count; i += SIMD_LANES)
        simd_store(out + i, simd_gelu(simd_load(in + i)));
}

static void exp2_of(const float *in, float *out, int64_t count)
{
    for (int64_t i = 0; i < count; i += SIMD_LANES)
        simd_store(out + i, simd_exp2(simd_load(in + i)));
}

static void expm1_of(const float *in, float *out, int64_t count)
{
    for (int64_t i = 0; i < count; i += SIMD_LANES)
        simd_store(out + i, simd_expm1(simd_load(in + i)));
}

static void pow_of(const float *in, float *out, int64_t count, float power)
{
    for (int64_t i = 0; i < count; i += SIMD_LANES)
        simd_store(out + i, simd_pow(simd_load(in + i), simd_set1(power)));
}
