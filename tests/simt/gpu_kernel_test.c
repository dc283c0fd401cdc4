/* gpu_kernel_test.c: what judges kernels on a GPU (tests/gpu_kernel.h), on the executor: it passes
 * kernels that are right and tells of calls that fail. */
#include "tests/check_kernels.h"
#include "tests/gpu_kernel.h"
#include "tests/simt/runtime.h"
#include "tests/test.h"

static void judges(void)
{
    static const int indices[] = {CLEAVE_OP_MIX, CLEAVE_OP_STFT, CLEAVE_OP_REPETITION,
                                  CLEAVE_OP_OVERLAP_ADD};
    cleave_case test;
    check_case c;
    int passed = 0;

    simt_runtime_machine(1, (size_t)1 << 30);
    TEST_CHECK(!gpu_kernel_missing());
    for (int k = 0; k < 4; k++) {
        const cleave_kernel kernel = gpu_kernel(indices[k], CLEAVE_FACTORS_FP32);
        int cases = 0;
        for (int i = 0; cleave_cases[indices[k]](i, &test) && cases < 3; i++) {
            if (!(test.flags & CLEAVE_CASE_SMALL))
                continue;
            cases++;
            if (check_case_new(&c, indices[k], &test))
                passed += check_kernel(&c, &kernel, "on the executor");
            check_case_free(&c);
        }
    }
    TEST_CHECK(simt_runtime_live().allocations == 0 && simt_runtime_live().streams == 0);
    TEST_CHECK(passed > 20);
}

static void says_why(void)
{
    simt_runtime_machine(0, 0);
    TEST_CHECK(gpu_kernel_missing() != NULL);
    simt_runtime_machine(1, (size_t)1 << 30);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"kernels on a GPU are judged as those of the CPU", judges},
        {"a GPU that is missing is told", says_why},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
