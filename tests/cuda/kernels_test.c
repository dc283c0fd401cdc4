/* kernels_test.c: every CUDA kernel on a GPU, on every case, against the reference of its op. */
#include "tests/check_kernels.h"
#include "tests/gpu_kernel.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

/* With CLEAVE_TEST_SMALL only the cases that are small: under a tool that looks at every access. */
static int is_wanted(const cleave_case *test)
{
    return !getenv("CLEAVE_TEST_SMALL") || (test->flags & CLEAVE_CASE_SMALL);
}

static void check_op(void)
{
    const int index = test_index();
    const char *const missing = gpu_kernel_missing();
    cleave_case test;
    check_case c;
    int passed = 0;

    if (missing) {
        test_skip(missing);
        return;
    }
    const cleave_kernel kernel = gpu_kernel(index);
    if (!TEST_CHECK(kernel.run != NULL))
        return;
    for (int i = 0; cleave_cases[index](i, &test); i++) {
        if (!is_wanted(&test))
            continue;
        if (check_case_new(&c, index, &test))
            passed += check_kernel(&c, &kernel, "on the GPU");
        check_case_free(&c);
    }
    test_passed_count(passed);
}

int main(int argc, char **argv)
{
    test_case cases[CLEAVE_OP_COUNT];

    for (int op = 0; op < CLEAVE_OP_COUNT; op++)
        cases[op] = (test_case){cleave_op_get(op)->name, check_op};
    return test_main(argc, argv, cases, CLEAVE_OP_COUNT);
}
