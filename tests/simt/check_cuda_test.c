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

static void check_op(int index)
{
    cleave_case test;
    cleave_ops table = {0};
    int good = 0;

    cleave_ops_cuda(&table);
    if (!TEST_CHECK(table.kernel[index].run != NULL))
        return;
    for (int i = 0; cleave_cases[index](i, &test); i++)
        if (test.flags & CLEAVE_CASE_SMALL)
            good += check_op_case(index, &table.kernel[index], &test);
    test_passed_count(good);
}

static void check_fft(void)
{
    check_op(CLEAVE_OP_FFT);
}

static void check_stft(void)
{
    check_op(CLEAVE_OP_STFT);
}

static void check_istft(void)
{
    check_op(CLEAVE_OP_ISTFT);
}

static void check_overlap_add(void)
{
    check_op(CLEAVE_OP_OVERLAP_ADD);
}

static void check_complex_mask(void)
{
    check_op(CLEAVE_OP_COMPLEX_MASK);
}

static void check_median(void)
{
    check_op(CLEAVE_OP_MEDIAN);
}

static void check_reduce(void)
{
    check_op(CLEAVE_OP_REDUCE);
}

static void check_elementwise(void)
{
    check_op(CLEAVE_OP_ELEMENTWISE);
}

static void check_rearrange(void)
{
    check_op(CLEAVE_OP_REARRANGE);
}

static void check_mix(void)
{
    check_op(CLEAVE_OP_MIX);
}

static void check_gram(void)
{
    check_op(CLEAVE_OP_GRAM);
}

static void check_repetition(void)
{
    check_op(CLEAVE_OP_REPETITION);
}

static void check_box_mean(void)
{
    check_op(CLEAVE_OP_BOX_MEAN);
}

static void check_voice_odds(void)
{
    check_op(CLEAVE_OP_VOICE_ODDS);
}

static void check_voice_mask(void)
{
    check_op(CLEAVE_OP_VOICE_MASK);
}

static void check_stem_shares(void)
{
    check_op(CLEAVE_OP_STEM_SHARES);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"fft", check_fft},
        {"stft", check_stft},
        {"istft", check_istft},
        {"overlap_add", check_overlap_add},
        {"complex_mask", check_complex_mask},
        {"median", check_median},
        {"reduce", check_reduce},
        {"elementwise", check_elementwise},
        {"rearrange", check_rearrange},
        {"mix", check_mix},
        {"gram", check_gram},
        {"repetition", check_repetition},
        {"box_mean", check_box_mean},
        {"voice_odds", check_voice_odds},
        {"voice_mask", check_voice_mask},
        {"stem_shares", check_stem_shares},
    };
    _Static_assert(sizeof cases / sizeof cases[0] == CLEAVE_OP_COUNT, "no op is left out");
    uint64_t seeds[SEEDS];
    const int count = seeds_of_run(seeds);

    for (int i = 0; i < count; i++)
        printf("%s%llu%s", i ? ", " : "seeds ", (unsigned long long)seeds[i],
               i + 1 == count ? "\n" : "");
    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
