/* ops_isa_none.c: no vector kernels on this architecture. */
#include "kernels/ops_overlay.h"

void cleave_ops_overlay(cleave_ops *ops, uint32_t features)
{
    (void)ops;
    (void)features;
}

int cleave_ops_bf16(cleave_ops *ops, uint32_t features)
{
    (void)ops;
    (void)features;
    return 0;
}
