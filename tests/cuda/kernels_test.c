/* kernels_test.c: every CUDA kernel on a GPU, on every case, against the reference of its op. */
#include "tests/check_kernels.h"
#include "tests/gpu_kernel.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With CLEAVE_TEST_SMALL only the cases that are small: under a tool that looks at every access. */
static int is_wanted(const cleave_case *test)
{
    return !getenv("CLEAVE_TEST_SMALL") || (test->flags & CLEAVE_CASE_SMALL);
}

/* Units of rounding of factors, against that of float32, in which limits are counted: see
 * tests/simt/check_cuda_test.c. */
static const struct {
    const char *name;
    double times;
} factors[] = {
    [CLEAVE_FACTORS_FP32] = {"", 1},
    [CLEAVE_FACTORS_TF32] = {" tf32", 0x1p13},
    [CLEAVE_FACTORS_BF16] = {" bf16", 0x1p16},
    [CLEAVE_FACTORS_FP16] = {" fp16", 0x1p13},
};

static struct {
    int op, factors;
    char name[48];
} checked[4 * CLEAVE_OP_COUNT];

static void check_op(void)
{
    const int index = checked[test_index()].op, which = checked[test_index()].factors;
    const char *const missing = gpu_kernel_missing();
    cleave_case test;
    check_case c;
    int passed = 0;

    if (missing) {
        test_skip(missing);
        return;
    }
    const cleave_kernel kernel = gpu_kernel(index, (cleave_factors)which);
    if (!TEST_CHECK(kernel.run != NULL))
        return;
    for (int i = 0; cleave_cases[index](i, &test); i++) {
        test.limit *= factors[which].times;
        if (!is_wanted(&test) || test.limit >= 0.25)
            continue;
        if (check_case_new(&c, index, &test))
            passed += check_kernel(&c, &kernel, "on the GPU");
        check_case_free(&c);
    }
    test_passed_count(passed);
}

int main(int argc, char **argv)
{
    static test_case cases[4 * CLEAVE_OP_COUNT];
    int count = 0;

    for (int which = CLEAVE_FACTORS_FP32; which <= CLEAVE_FACTORS_FP16; which++) {
        cleave_ops exact = {0}, rounded = {0};
        cleave_ops_cuda(&exact);
        cleave_ops_cuda(&rounded);
        cleave_ops_cuda_round(&rounded, (cleave_factors)which);
        for (int op = 0; op < CLEAVE_OP_COUNT; op++) {
            if (which != CLEAVE_FACTORS_FP32 && exact.kernel[op].run == rounded.kernel[op].run)
                continue;
            checked[count].op = op;
            checked[count].factors = which;
            snprintf(checked[count].name, sizeof checked[count].name, "%s%s",
                     cleave_op_get(op)->name, factors[which].name);
            cases[count] = (test_case){checked[count].name, check_op};
            count++;
        }
    }
    return test_main(argc, argv, cases, count);
}
