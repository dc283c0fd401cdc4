/* simd_math_test.c: vector functions against libm in double. */
#include "kernels/ops.h"
#include "tests/simd_math.h"
#include "tests/test.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 4096

/* |x - truth| in units in the last place of the float next to truth. */
static double ulps(float x, double truth)
{
    const float near = fabsf((float)truth);
    const double ulp = (double)nextafterf(near, INFINITY) - (double)near;

    return fabs((double)x - truth) / ulp;
}

static double worst_of_block(const float *x, const float *y, double (*truth)(double))
{
    double worst = 0;

    for (int i = 0; i < BLOCK; i++) {
        const double error = ulps(y[i], truth((double)x[i]));
        worst = isnan(error) ? INFINITY : fmax(worst, error);
    }
    return worst;
}

static float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Every exponent with 4096 fractions, ends included; then every float around 1, where the
 * logarithm passes through zero and a relative error is hardest to keep. */
static double worst_log(const test_simd_math *math)
{
    static float x[BLOCK], y[BLOCK];
    double worst = 0;

    for (uint32_t e = 1; e < 255; e++) {
        for (uint32_t i = 0; i < BLOCK; i++)
            x[i] = float_of(e << 23 | (uint32_t)((uint64_t)i * 0x7fffff / (BLOCK - 1)));
        math->log(x, y, BLOCK);
        worst = fmax(worst, worst_of_block(x, y, log));
    }
    for (uint32_t bits = 0x3f700000; bits < 0x3f900000; bits += BLOCK) {
        for (uint32_t i = 0; i < BLOCK; i++)
            x[i] = float_of(bits + i);
        math->log(x, y, BLOCK);
        worst = fmax(worst, worst_of_block(x, y, log));
    }
    return worst;
}

/* A grid over the whole range, then every exponent of the argument with both signs. */
static double worst_exp(const test_simd_math *math)
{
    static float x[BLOCK], y[BLOCK];
    double worst = 0;

    for (int k = 0; k < 512; k++) {
        for (int i = 0; i < BLOCK; i++)
            x[i] = (float)(-87 + 175.0 * (k * BLOCK + i) / (512 * BLOCK - 1));
        math->exp(x, y, BLOCK);
        worst = fmax(worst, worst_of_block(x, y, exp));
    }
    for (uint32_t e = 0; e < 133; e++) {
        for (uint32_t i = 0; i < BLOCK; i++)
            x[i] = float_of((i & 1) << 31 | e << 23 | (i * 2039 & 0x7fffff));
        math->exp(x, y, BLOCK);
        worst = fmax(worst, worst_of_block(x, y, exp));
    }
    return worst;
}

typedef void vector_function(const float *in, float *out, int64_t count);

/* Every exponent with 4096 fractions and both signs, as far as from <= x <= to. */
static double worst_between(vector_function *f, double (*truth)(double), float from, float to)
{
    static float x[BLOCK], y[BLOCK];
    double worst = 0;

    for (uint32_t e = 0; e < 2 * 255; e++) {
        for (uint32_t i = 0; i < BLOCK; i++) {
            const float value = float_of((e & 1) << 31 | e >> 1 << 23 |
                                         (uint32_t)((uint64_t)i * 0x7fffff / (BLOCK - 1)));
            x[i] = fmaxf(from, fminf(value, to));
        }
        f(x, y, BLOCK);
        worst = fmax(worst, worst_of_block(x, y, truth));
    }
    return worst;
}

static double worst_exp2(const test_simd_math *math)
{
    return worst_between(math->exp2, exp2, -126, 127);
}

static double worst_expm1(const test_simd_math *math)
{
    return worst_between(math->expm1, expm1, -87, 88);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double worst_sigmoid(const test_simd_math *math)
{
    return worst_between(math->sigmoid, sigmoid, -87, FLT_MAX);
}

static double worst_tanh(const test_simd_math *math)
{
    return worst_between(math->tanh, tanh, -FLT_MAX, FLT_MAX);
}

static double gelu(double x)
{
    return x * 0.5 * erfc(-x * 0.70710678118654752440);
}

static double worst_gelu_positive(const test_simd_math *math)
{
    return worst_between(math->gelu, gelu, 0, FLT_MAX);
}

static double worst_gelu_near(const test_simd_math *math)
{
    return worst_between(math->gelu, gelu, -1, 0);
}

static double worst_gelu_tail(const test_simd_math *math)
{
    return worst_between(math->gelu, gelu, -12.8f, -1);
}

/* Every exponent with 4096 fractions where neither x nor its power is subnormal or overflows. */
static double worst_pow(const test_simd_math *math)
{
    static const float powers[] = {0.1f, 0.5f, 0.7f, 1, 1.5f, 2, 2.5f, 3, 3.3f, 4};
    static float x[BLOCK], y[BLOCK];
    double worst = 0;

    for (size_t p = 0; p < sizeof powers / sizeof powers[0]; p++)
        for (uint32_t e = 1; e < 255; e++) {
            for (uint32_t i = 0; i < BLOCK; i++)
                x[i] = float_of(e << 23 | (uint32_t)((uint64_t)i * 0x7fffff / (BLOCK - 1)));
            math->pow(x, y, BLOCK, powers[p]);
            for (int i = 0; i < BLOCK; i++) {
                const double truth = pow((double)x[i], (double)powers[p]);
                if (truth < 0x1p-126 || truth >= 0x1p127)
                    continue;
                const double error = ulps(y[i], truth);
                worst = isnan(error) ? INFINITY : fmax(worst, error);
            }
        }
    return worst;
}

/* `limit` is what simd_math.h promises, in units in the last place. */
static void each(const char *name, double (*worst)(const test_simd_math *math), double limit)
{
    int tried = 0;

    for (int i = 0; test_simd_math_all[i]; i++) {
        if (test_simd_math_all[i]->features & ~cleave_cpu_features())
            continue;
        const double error = worst(test_simd_math_all[i]);
        if (!(error <= limit))
            TEST_FAIL("%s, set %d: %.3f units in the last place", name, i, error);
        else
            TEST_CHECK(1);
        tried++;
    }
    if (!tried)
        test_skip("no vector set on this processor");
}

static void log_is_accurate(void)
{
    each("log", worst_log, 1);
}

static void exp_is_accurate(void)
{
    each("exp", worst_exp, 1);
}

static void exp2_is_accurate(void)
{
    each("exp2", worst_exp2, 1);
}

static void expm1_is_accurate(void)
{
    each("expm1", worst_expm1, 1.5);
}

static void sigmoid_is_accurate(void)
{
    each("sigmoid", worst_sigmoid, 2.25);
}

static void tanh_is_accurate(void)
{
    each("tanh", worst_tanh, 2.5);
}

static void gelu_is_accurate(void)
{
    each("gelu, x >= 0", worst_gelu_positive, 3);
    each("gelu, x >= -1", worst_gelu_near, 3.5);
    each("gelu, x < -1", worst_gelu_tail, 5.5);
}

static void pow_is_accurate(void)
{
    each("pow", worst_pow, 2.75);
}

/* Nothing of nothing, of what is subnormal, and where the power would be. */
static void pow_of_nothing(void)
{
    const float x[16] = {0, 0x1p-127f, 0x1p-149f, 1e-30f, 0x1p-32f, 1};
    float y[16];

    for (int i = 0; test_simd_math_all[i]; i++) {
        if (test_simd_math_all[i]->features & ~cleave_cpu_features())
            continue;
        test_simd_math_all[i]->pow(x, y, 16, 0.5f);
        TEST_CHECK(y[0] == 0 && y[1] == 0 && y[2] == 0 && y[3] > 0 && y[4] == 0x1p-16f);
        test_simd_math_all[i]->pow(x, y, 16, 4);
        TEST_CHECK(y[0] == 0 && y[1] == 0 && y[2] == 0 && y[3] == 0 && y[4] == 0 && y[5] == 1);
    }
    if (!test_simd_math_all[0])
        test_skip("no vector set on this architecture");
}

/* Out of range counts as its end, and nothing becomes NaN. */
static void exp_saturates(void)
{
    const float x[16] = {-1e30f, -88, -87, 88, 89, 1e30f};
    float y[16];

    for (int i = 0; test_simd_math_all[i]; i++) {
        if (test_simd_math_all[i]->features & ~cleave_cpu_features())
            continue;
        test_simd_math_all[i]->exp(x, y, 16);
        TEST_CHECK(y[0] == y[2] && y[1] == y[2] && y[2] > 0);
        TEST_CHECK(y[4] == y[3] && y[5] == y[3] && isfinite(y[3]));
        TEST_CHECK(y[6] == 1);
    }
    if (!test_simd_math_all[0])
        test_skip("no vector set on this architecture");
}

/* Limits far out, the sign of zero, and no NaN lost. */
static void activations_at_the_ends(void)
{
    const float x[16] = {INFINITY, -INFINITY, 1e30f, -1e30f, 0, -0.0f, NAN};
    float y[16];

    for (int i = 0; test_simd_math_all[i]; i++) {
        const test_simd_math *const math = test_simd_math_all[i];
        if (math->features & ~cleave_cpu_features())
            continue;
        math->sigmoid(x, y, 16);
        TEST_CHECK(y[0] == 1 && y[2] == 1 && y[4] == 0.5f && y[5] == 0.5f && isnan(y[6]));
        TEST_CHECK(y[1] == y[3] && y[1] >= 0 && y[1] < 2e-38f);
        math->tanh(x, y, 16);
        TEST_CHECK(y[0] == 1 && y[1] == -1 && y[2] == 1 && y[3] == -1 && isnan(y[6]));
        TEST_CHECK(y[4] == 0 && !signbit(y[4]) && y[5] == 0 && signbit(y[5]));
        math->expm1(x, y, 16);
        TEST_CHECK(y[0] == y[2] && isfinite(y[0]) && y[1] == -1 && y[3] == -1 && isnan(y[6]));
        TEST_CHECK(y[4] == 0 && y[5] == 0);
        math->gelu(x, y, 16);
        TEST_CHECK(y[0] == INFINITY && y[2] == 1e30f && y[4] == 0 && y[5] == 0 && isnan(y[6]));
        TEST_CHECK(y[1] == y[3] && y[1] <= 0 && y[1] > -2e-36f);
    }
    if (!test_simd_math_all[0])
        test_skip("no vector set on this architecture");
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"log_is_accurate", log_is_accurate},
        {"exp_is_accurate", exp_is_accurate},
        {"exp_saturates", exp_saturates},
        {"exp2_is_accurate", exp2_is_accurate},
        {"expm1_is_accurate", expm1_is_accurate},
        {"pow_is_accurate", pow_is_accurate},
        {"pow_of_nothing", pow_of_nothing},
        {"sigmoid_is_accurate", sigmoid_is_accurate},
        {"tanh_is_accurate", tanh_is_accurate},
        {"gelu_is_accurate", gelu_is_accurate},
        {"activations_at_the_ends", activations_at_the_ends},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
