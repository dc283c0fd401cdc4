/* variants_list.c: the op tables that feature masks reach on this machine. */
#include "tests/variants.h"

variants variants_list(void)
{
    static const uint32_t masks[] = {0, CLEAVE_CPU_AVX2, CLEAVE_CPU_AVX2 | CLEAVE_CPU_AVX512,
                                     CLEAVE_CPU_NEON};
    uint32_t features = cleave_cpu_features();
    variants all = {0};

    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
        if ((masks[i] & features) == masks[i])
            cleave_ops_cpu(&all.ops[all.count++], masks[i]);
    return all;
}
