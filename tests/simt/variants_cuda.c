/* variants_cuda.c: takes the place of tests/variants_list.c in programs that compare networks stage
 * by stage, so that they do it for the CUDA kernels, on the executor. */
#include "tests/variants.h"

variants variants_list(void)
{
    variants all = {.count = 1};

    cleave_ops_cuda(&all.ops[0]);
    return all;
}
