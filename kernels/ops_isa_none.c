/* ops_isa_none.c: no vector kernels on this architecture. */
#include "kernels/ops_overlay.h"

void cleave_ops_overlay(cleave_ops *ops, uint32_t features)
{
    (void)ops;
    (void)features;
}

int cleave_ops_cpu_round(cleave_ops *ops, uint32_t features, cleave_factors factors)
{
    (void)ops;
    (void)features;
    return factors == CLEAVE_FACTORS_FP32;
}
