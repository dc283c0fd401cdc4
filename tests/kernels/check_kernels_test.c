/* check_kernels_test.c: every CPU kernel against the reference of its op, on every case. */
#include "kernels/mix/mix.h"
#include "tests/check_kernels.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <string.h>

/* A kernel that several tables share is tried once. */
static int shared_with_earlier(const variants *all, int v, int index)
{
    int shared = 0;

    for (int i = 0; i < v; i++)
        shared |= all->ops[i].kernel[index].run == all->ops[v].kernel[index].run;
    return shared;
}

/* The kernel that rounds to bfloat16, where there is one. A case's limit counts roundings of 2^-24;
 * here as many of 2^-8 are allowed. Softmax of scores so large that they are then off by one and
 * more has no right result: limits of that size are none. */
static int check_rounded(int index, check_case *c)
{
    cleave_ops exact, rounded;

    cleave_ops_cpu(&exact, cleave_cpu_features());
    rounded = exact;
    if (!cleave_ops_cpu_round(&rounded, cleave_cpu_features(), CLEAVE_FACTORS_BF16) ||
        rounded.kernel[index].run == exact.kernel[index].run)
        return 0;
    c->ref.test.limit *= 0x1p-8 / 0x1p-24;
    return c->ref.test.limit < 0.25 ? check_kernel(c, &rounded.kernel[index], rounded.name) : 0;
}

static int check_op_case(int index, const cleave_case *test)
{
    const variants all = variants_list();
    int good = 0;
    check_case c;

    if (check_case_new(&c, index, test))
        for (int v = 0; v < all.count; v++) {
            /* Timed shapes are large: there the reference is only the judge of the others. */
            if (shared_with_earlier(&all, v, index) || (v == 0 && test->flags & CLEAVE_CASE_BENCH))
                continue;
            good += check_kernel(&c, &all.ops[v].kernel[index], all.ops[v].name);
        }
    good += check_rounded(index, &c);
    check_case_free(&c);
    return good;
}

static void check_op(void)
{
    const int index = test_index();
    cleave_case test;
    int good = 0;

    for (int i = 0; cleave_cases[index](i, &test); i++)
        good += check_op_case(index, &test);
    test_passed_count(good);
}

/* The checker must notice what it is there for: the kernel of mix, spoiled in one way or another.
 */
static float *output_of(const void *args)
{
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    const int last = cleave_op_get(CLEAVE_OP_MIX)->operands(args, operand) - 1;
    float *out;

    memcpy(&out, (const char *)args + operand[last].field, sizeof(float *));
    return out;
}

static void run_right(const void *args, const cleave_work *work)
{
    cleave_ops table;

    cleave_ops_cpu(&table, 0);
    table.kernel[CLEAVE_OP_MIX].run(args, work);
}

static void run_inexact(const void *args, const cleave_work *work)
{
    run_right(args, work);
    output_of(args)[0] *= 1.0001f;
}

static void run_outside(const void *args, const cleave_work *work)
{
    run_right(args, work);
    output_of(args)[-1] = 0;
}

static void run_input(const void *args, const cleave_work *work)
{
    float *matrix;

    run_right(args, work);
    memcpy(&matrix, (const char *)args + offsetof(cleave_mix_args, matrix), sizeof(float *));
    matrix[0] += 1;
}

static void run_partial(const void *args, const cleave_work *work)
{
    const uint32_t bits = CHECK_POISON_BITS;

    run_right(args, work);
    memcpy(&output_of(args)[2], &bits, sizeof bits);
}

static void run_nothing(const void *args, const cleave_work *work)
{
    (void)args;
    (void)work;
}

/* Right as long as the items come in one part. */
static void run_first_items(const void *args, const cleave_work *work)
{
    const cleave_work first = {.begin = 0, .end = work->end - work->begin};

    run_right(args, &first);
}

static void checker_notices(void)
{
    static const struct {
        void (*run)(const void *, const cleave_work *);
        check_fault fault;
    } kernels[] = {
        {run_right, CHECK_GOOD},
        {run_inexact, CHECK_INEXACT},
        {run_outside, CHECK_OUTSIDE},
        {run_input, CHECK_OUTSIDE},
        {run_partial, CHECK_INEXACT},
        {run_nothing, CHECK_INEXACT},
        {run_first_items, CHECK_PARTITION},
    };
    cleave_case test;
    check_case c;

    TEST_CHECK(cleave_cases[CLEAVE_OP_MIX](1, &test));
    TEST_CHECK(check_case_new(&c, CLEAVE_OP_MIX, &test));
    TEST_CHECK(c.op->items(test.args.bytes) > 1);
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        const cleave_kernel kernel = {.run = kernels[i].run};
        for (int place = 0; place < 2; place++)
            TEST_CHECK(check_kernel_at(&c, &kernel, (check_placement)place).fault ==
                       kernels[i].fault);
    }
    check_case_free(&c);
}

/* What this processor lacks has not been tried. */
static void all_variants(void)
{
    const cleave_ops best = variants_best();
    cleave_ops newest;

    cleave_ops_cpu(&newest, ~0u);
    if (strcmp(best.name, newest.name))
        test_skip("the newest kernels are not for this processor (make check-avx512)");
    else
        TEST_CHECK(!memcmp(best.kernel, newest.kernel, sizeof best.kernel));
}

int main(int argc, char **argv)
{
    test_case cases[CLEAVE_OP_COUNT + 2];

    for (int op = 0; op < CLEAVE_OP_COUNT; op++)
        cases[op] = (test_case){cleave_op_get(op)->name, check_op};
    cases[CLEAVE_OP_COUNT] = (test_case){"checker_notices", checker_notices};
    cases[CLEAVE_OP_COUNT + 1] = (test_case){"all_variants", all_variants};
    return test_main(argc, argv, cases, CLEAVE_OP_COUNT + 2);
}
