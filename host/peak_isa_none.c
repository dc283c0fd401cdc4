/* peak_isa_none.c: a product and a sum in plain C. */
#include "host/measure.h"

#define CHAINS 8

double measure_peak_run(int64_t rounds)
{
    volatile float result;
    float sum[CHAINS], total = 0;

    for (int k = 0; k < CHAINS; k++)
        sum[k] = (float)k;
    for (int64_t r = 0; r < rounds; r++)
        for (int k = 0; k < CHAINS; k++)
            sum[k] = sum[k] * 0.999f + 1e-3f;
    for (int k = 0; k < CHAINS; k++)
        total += sum[k];
    result = total;
    (void)result;
    return 2.0 * CHAINS * (double)rounds;
}
