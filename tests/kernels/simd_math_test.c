/* simd_math_test.c: vector logarithm and exponential against libm in double. */
#include "kernels/ops.h"
#include "tests/simd_math.h"
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 4096
/* What simd_math.h promises. */
#define ULP_LIMIT 1.0

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
        worst = error > worst || isnan(error) ? error : worst;
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

static void each(const char *name, double (*worst)(const test_simd_math *math))
{
    int tried = 0;

    for (int i = 0; test_simd_math_all[i]; i++) {
        if (test_simd_math_all[i]->features & ~cleave_cpu_features())
            continue;
        const double error = worst(test_simd_math_all[i]);
        if (!(error <= ULP_LIMIT))
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
    each("log", worst_log);
}

static void exp_is_accurate(void)
{
    each("exp", worst_exp);
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

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"log_is_accurate", log_is_accurate},
        {"exp_is_accurate", exp_is_accurate},
        {"exp_saturates", exp_saturates},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
