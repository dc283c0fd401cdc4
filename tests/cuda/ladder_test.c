/* ladder_test.c: every rung of bench/ladder/ on a GPU against the reference of its op: the small
 * shapes. */
#include "bench/ladder/ladder.h"
#include "tests/check_kernels.h"
#include "tests/gpu_kernel.h"
#include "tests/test.h"

#include <stdio.h>

#define RUNGS_MAX 64

static void check_rung(void)
{
    const ladder_rung *const rung = ladder_rung_at(test_index());
    const char *const missing = gpu_kernel_missing();
    cleave_case test;
    int good = 0;

    if (missing) {
        test_skip(missing);
        return;
    }
    const cleave_kernel kernel =
        rung->kernel ? gpu_kernel_of(rung->op, rung->kernel) : gpu_kernel(rung->op, rung->factors);
    for (int i = 0; ladder_cases(rung->ladder, i, &test); i++) {
        check_case c;
        if (!(test.flags & CLEAVE_CASE_SMALL))
            continue;
        test.limit = ladder_limit(rung, &test);
        if (check_case_new(&c, rung->op, &test)) {
            const check_verdict v = check_kernel_whole(&c, &kernel, CHECK_ALIGNED);
            good += v.runs;
            if (v.fault != CHECK_GOOD)
                TEST_FAIL("%s, %s: fault %d, error %.3g, limit %.3g", rung->what, test.label,
                          (int)v.fault, v.error, test.limit);
        }
        check_case_free(&c);
    }
    test_passed_count(good);
}

int main(int argc, char **argv)
{
    static char names[RUNGS_MAX][LADDER_NAME_BYTES];
    static test_case cases[RUNGS_MAX];
    const ladder_rung *rung;
    int count = 0;

    for (; (rung = ladder_rung_at(count)) && count < RUNGS_MAX; count++) {
        ladder_rung_name(rung, names[count]);
        cases[count] = (test_case){names[count], check_rung};
    }
    return test_main(argc, argv, cases, count);
}
