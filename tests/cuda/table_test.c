/* table_test.c: the CUDA kernels of a build with CUDA link, on machines without a driver, too. */
#include "kernels/ops.h"
#include "tests/test.h"

#include <string.h>

static void table_links_and_fills(void)
{
    cleave_ops ops;

    memset(&ops, 0, sizeof ops);
    cleave_ops_cuda(&ops);
    TEST_CHECK(!strcmp(ops.name, "cuda"));
    for (int i = 0; i < CLEAVE_OP_COUNT; i++) {
        const cleave_kernel *k = &ops.kernel[i];
        if (!k->run)
            TEST_FAIL("%s: no CUDA kernel", cleave_op_get(i)->name);
        TEST_CHECK(!k->prepare == !k->prepared_bytes);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {{"the table links and is filled", table_links_and_fills}};

    return test_main(argc, argv, cases, 1);
}
