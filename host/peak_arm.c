/* peak_arm.c: fused multiply-adds on enough registers to hide their latency. */
#include "host/measure.h"

#include <arm_neon.h>

#define CHAINS 16

double measure_peak_run(int64_t rounds)
{
    const float32x4_t a = vdupq_n_f32(0.999f), b = vdupq_n_f32(1e-3f);
    float32x4_t sum[CHAINS];

    for (int k = 0; k < CHAINS; k++)
        sum[k] = vdupq_n_f32((float)k);
    for (int64_t r = 0; r < rounds; r++)
#pragma GCC unroll 16
        for (int k = 0; k < CHAINS; k++)
            sum[k] = vfmaq_f32(sum[k], a, b);
    for (int k = 0; k < CHAINS; k++)
        __asm__ volatile("" : : "w"(sum[k]));
    return 2.0 * 4 * CHAINS * (double)rounds;
}
