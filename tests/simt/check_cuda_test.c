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

/* The kernels of a table: those of every op with factors as they are, then those that round them.
 */
static const struct {
    const char *name;
    double unit; /* of the rounding: half the distance of neighbours, beside values just above 1 */
} factors[] = {
    [CLEAVE_FACTORS_FP32] = {"", 0x1p-24},
    [CLEAVE_FACTORS_TF32] = {" tf32", 0x1p-11},
    [CLEAVE_FACTORS_BF16] = {" bf16", 0x1p-8},
    [CLEAVE_FACTORS_FP16] = {" fp16", 0x1p-11},
};

static struct {
    int op, factors;
    char name[48];
} checked[4 * CLEAVE_OP_COUNT];

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

/* A case's limit counts roundings of 2^-24, which is what exact kernels do to factors and sums; as
 * many by the unit of the format are allowed where factors are rounded to that. Softmax of scores
 * so large that they are then off by one and more has no right result: limits of that size are
 * none. */
static void check_op(void)
{
    const int op = checked[test_index()].op, which = checked[test_index()].factors;
    cleave_case test;
    cleave_ops table = {0};
    int good = 0;

    cleave_ops_cuda(&table);
    cleave_ops_cuda_round(&table, (cleave_factors)which);
    if (!table.kernel[op].run) {
        test_skip("the op has no CUDA kernel yet");
        return;
    }
    for (int i = 0; cleave_cases[op](i, &test); i++) {
        test.limit *= factors[which].unit / factors[CLEAVE_FACTORS_FP32].unit;
        if (test.flags & CLEAVE_CASE_SMALL && test.limit < 0.25)
            good += check_op_case(op, &table.kernel[op], &test);
    }
    test_passed_count(good);
}

static int add(test_case *cases, int count, int op, int which)
{
    checked[count].op = op;
    checked[count].factors = which;
    snprintf(checked[count].name, sizeof checked[count].name, "%s%s", cleave_op_get(op)->name,
             factors[which].name);
    cases[count] = (test_case){checked[count].name, check_op};
    return count + 1;
}

int main(int argc, char **argv)
{
    static test_case cases[4 * CLEAVE_OP_COUNT];
    uint64_t seeds[SEEDS];
    const int count = seeds_of_run(seeds);
    int cases_count = 0;

    for (int i = 0; i < count; i++)
        printf("%s%llu%s", i ? ", " : "seeds ", (unsigned long long)seeds[i],
               i + 1 == count ? "\n" : "");
    for (int which = CLEAVE_FACTORS_FP32; which <= CLEAVE_FACTORS_FP16; which++) {
        cleave_ops exact = {0}, rounded = {0};
        cleave_ops_cuda(&exact);
        cleave_ops_cuda(&rounded);
        cleave_ops_cuda_round(&rounded, (cleave_factors)which);
        for (int op = 0; op < CLEAVE_OP_COUNT; op++)
            if (which == CLEAVE_FACTORS_FP32 || exact.kernel[op].run != rounded.kernel[op].run)
                cases_count = add(cases, cases_count, op, which);
    }
    return test_main(argc, argv, cases, cases_count);
}
