/* peak_x86.c: fused multiply-adds on enough registers to hide their latency. */
#include "host/measure.h"

#include <immintrin.h>

#define CHAINS 12

__attribute__((target("avx512f"))) static double run_avx512(int64_t rounds)
{
    const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-3f);
    __m512 sum[CHAINS];

    for (int k = 0; k < CHAINS; k++)
        sum[k] = _mm512_set1_ps((float)k);
    for (int64_t r = 0; r < rounds; r++)
#pragma GCC unroll 12
        for (int k = 0; k < CHAINS; k++)
            sum[k] = _mm512_fmadd_ps(sum[k], a, b);
    for (int k = 0; k < CHAINS; k++)
        __asm__ volatile("" : : "v"(sum[k]));
    return 2.0 * 16 * CHAINS * (double)rounds;
}

__attribute__((target("avx2,fma"))) static double run_avx2(int64_t rounds)
{
    const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(1e-3f);
    __m256 sum[CHAINS];

    for (int k = 0; k < CHAINS; k++)
        sum[k] = _mm256_set1_ps((float)k);
    for (int64_t r = 0; r < rounds; r++)
#pragma GCC unroll 12
        for (int k = 0; k < CHAINS; k++)
            sum[k] = _mm256_fmadd_ps(sum[k], a, b);
    for (int k = 0; k < CHAINS; k++)
        __asm__ volatile("" : : "x"(sum[k]));
    return 2.0 * 8 * CHAINS * (double)rounds;
}

/* SSE2 has no fused form: a product and a sum. */
static double run_sse2(int64_t rounds)
{
    const __m128 a = _mm_set1_ps(0.999f), b = _mm_set1_ps(1e-3f);
    __m128 sum[CHAINS];

    for (int k = 0; k < CHAINS; k++)
        sum[k] = _mm_set1_ps((float)k);
    for (int64_t r = 0; r < rounds; r++)
#pragma GCC unroll 12
        for (int k = 0; k < CHAINS; k++)
            sum[k] = _mm_add_ps(_mm_mul_ps(sum[k], a), b);
    for (int k = 0; k < CHAINS; k++)
        __asm__ volatile("" : : "x"(sum[k]));
    return 2.0 * 4 * CHAINS * (double)rounds;
}

double measure_peak_run(int64_t rounds)
{
    if (__builtin_cpu_supports("avx512f")) {
        return run_avx512(rounds);
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return run_avx2(rounds);
    }
    return run_sse2(rounds);
}
