/* check_cuda_test.c: every CUDA kernel against the reference of its op, on every small case, under
 * several orders of its threads. CLEAVE_TEST_SEED=n tries the order of seed n instead. */
#include "tests/check_kernels.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>

void simt_seed(uint64_t seed);
uint64_t simt_launch_count(void);

#define SEEDS 3

/* The seeds to try into seeds[]; returns how many. */
static int seeds_of_run(uint64_t seeds[SEEDS])
{
    const char *chosen = getenv("CLEAVE_TEST_SEED");

    if (chosen) {
        seeds[0] = strtoull(chosen, NULL, 0);
        return 1;
    }
    for (int i = 0; i < SEEDS; i++)
        seeds[i] = (uint64_t)i + 1;
    return SEEDS;
}

static int check_op_case(int index, const cleave_kernel *kernel, const cleave_case *test)
{
    uint64_t seeds[SEEDS];
    const int count = seeds_of_run(seeds);
    int good = 0;
    check_case c;

    if (check_case_new(&c, index, test))
        for (int i = 0; i < count; i++) {
            const uint64_t launches = simt_launch_count();
            char name[48];
            snprintf(name, sizeof name, "cuda (seed %llu)", (unsigned long long)seeds[i]);
            simt_seed(seeds[i]);
            good += check_kernel(&c, kernel, name);
            TEST_CHECK(simt_launch_count() > launches);
        }
    check_case_free(&c);
    return good;
}

static void check_op(void)
{
    const int index = test_index();
    cleave_case test;
    cleave_ops table = {0};
    int good = 0;

    cleave_ops_cuda(&table);
    if (!table.kernel[index].run) {
        test_skip("the op has no CUDA kernel yet");
        return;
    }
    for (int i = 0; cleave_cases[index](i, &test); i++)
        if (test.flags & CLEAVE_CASE_SMALL)
            good += check_op_case(index, &table.kernel[index], &test);
    test_passed_count(good);
}

int main(int argc, char **argv)
{
    test_case cases[CLEAVE_OP_COUNT];
    uint64_t seeds[SEEDS];
    const int count = seeds_of_run(seeds);

    for (int i = 0; i < count; i++)
        printf("%s%llu%s", i ? ", " : "seeds ", (unsigned long long)seeds[i],
               i + 1 == count ? "\n" : "");
    for (int op = 0; op < CLEAVE_OP_COUNT; op++)
        cases[op] = (test_case){cleave_op_get(op)->name, check_op};
    return test_main(argc, argv, cases, CLEAVE_OP_COUNT);
}
