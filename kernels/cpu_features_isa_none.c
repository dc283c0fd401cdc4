/* cpu_features_isa_none.c: an architecture for which only the references exist. */
#include "kernels/ops.h"

uint32_t cleave_cpu_features(void)
{
    return 0;
}
