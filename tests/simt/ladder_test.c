/* ladder_test.c: every rung of bench/ladder/ against the reference of its op, on the executor,
 * under two orders of its threads. */
#include "bench/ladder/ladder.h"
#include "tests/check_kernels.h"
#include "tests/test.h"

#include <stdio.h>

void simt_seed(uint64_t seed);
uint64_t simt_launch_count(void);

#define SEEDS     2
#define RUNGS_MAX 64

/* Tensors that end where vectors of 16 bytes do may end at a page that cannot be touched. */
static int can_end_at_border(const check_case *c)
{
    for (int k = 0; k < c->inputs.count; k++)
        if (c->inputs.operand[k].bytes % 16 != 0)
            return 0;
    return 1;
}

static int check_case_of(const ladder_rung *rung, const cleave_kernel *kernel, check_case *c,
                         const char *name)
{
    int good = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        for (int place = CHECK_ALIGNED; place <= CHECK_AT_BORDER; place++) {
            const uint64_t launches = simt_launch_count();
            if (place == CHECK_AT_BORDER && !can_end_at_border(c))
                continue;
            simt_seed(seed);
            const check_verdict v = check_kernel_whole(c, kernel, (check_placement)place);
            good += v.runs;
            TEST_CHECK(simt_launch_count() > launches);
            if (v.fault != CHECK_GOOD)
                TEST_FAIL("%s (%s), %s, seed %llu: fault %d, error %.3g, limit %.3g", name,
                          rung->what, c->ref.test.label, (unsigned long long)seed, (int)v.fault,
                          v.error, c->ref.test.limit);
        }
    return good;
}

static void check_rung(void)
{
    const ladder_rung *const rung = ladder_rung_at(test_index());
    char name[LADDER_NAME_BYTES];
    cleave_ops ops = {0};
    cleave_case test;
    int good = 0;

    ladder_rung_name(rung, name);
    cleave_ops_cuda(&ops);
    cleave_ops_cuda_round(&ops, rung->factors);
    for (int i = 0; ladder_cases(rung->ladder, i, &test); i++) {
        check_case c;
        if (!(test.flags & CLEAVE_CASE_SMALL))
            continue;
        test.limit = ladder_limit(rung, &test);
        if (check_case_new(&c, rung->op, &test))
            good +=
                check_case_of(rung, rung->kernel ? rung->kernel : &ops.kernel[rung->op], &c, name);
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
