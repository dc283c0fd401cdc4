/* table_test.c: the CUDA kernels of a build with CUDA link, on machines without a driver, too. */
#include "kernels/ops.h"
#include "tests/test.h"

#include <string.h>

/* The op whose index the running case has. */
static void kernel_is_there(void)
{
    const int index = test_index() - 1;
    cleave_ops ops = {0};

    cleave_ops_cuda(&ops);
    if (ops.kernel[index].run)
        TEST_CHECK(!ops.kernel[index].prepare == !ops.kernel[index].prepared_bytes);
    else
        test_skip("the op has no CUDA kernel yet");
}

static void table_has_a_name(void)
{
    cleave_ops ops;

    memset(&ops, 0, sizeof ops);
    cleave_ops_cuda(&ops);
    TEST_CHECK(!strcmp(ops.name, "cuda"));
}

int main(int argc, char **argv)
{
    test_case cases[1 + CLEAVE_OP_COUNT] = {{"the table links and has a name", table_has_a_name}};

    for (int op = 0; op < CLEAVE_OP_COUNT; op++)
        cases[1 + op] = (test_case){cleave_op_get(op)->name, kernel_is_there};
    return test_main(argc, argv, cases, 1 + CLEAVE_OP_COUNT);
}
