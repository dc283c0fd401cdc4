/* network_test.c: whole networks by the CUDA kernels alone, against float64 outputs of the official
 * code.
 *
 * As they are, factors may cost twice the error of the official float32 run. A rounding of tf32 or
 * fp16 is 2^-11, one of bf16 2^-8, and a network of some fifty layers, each of which starts from
 * values that earlier ones have rounded, has been seen to multiply that by a few: hence 4e-3 and
 * 3e-2, an error 48 and 30 dB below the stems. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/demucs_weights.h"
#include "tests/golden_index.h"
#include "tests/network_bench.h"
#include "tests/test.h"

void simt_seed(uint64_t seed);
uint64_t simt_launch_count(void);

#define FP32_FACTOR 2.0

static const double limits[] = {
    [CLEAVE_FACTORS_TF32] = 4e-3, [CLEAVE_FACTORS_BF16] = 3e-2, [CLEAVE_FACTORS_FP16] = 4e-3};

typedef struct stems {
    const float *data;
    int64_t stride;
} stems;

static double stem_value(const void *context, const golden_entry *e, const int64_t at[GOLDEN_AXES])
{
    const stems *const s = context;

    return (double)s->data[(at[0] * e->shape[1] + at[1]) * s->stride + at[2]];
}

static void check_stems(const network_bench *b, const char *prefix, cleave_factors factors)
{
    const stems s = {cleave_plan_data(&b->plan, b->ports.output), b->ports.stride};
    golden_index index;

    if (!golden_index_open(&index, "tests/golden/demucs", prefix)) {
        TEST_FAIL("no references");
        return;
    }
    const golden_entry *const out = golden_find(&index, "out");
    if (TEST_CHECK(out != NULL)) {
        const double error = golden_compare(out, stem_value, &s).relrms;
        const double limit =
            factors == CLEAVE_FACTORS_FP32 ? FP32_FACTOR * out->f32_relrms : limits[factors];
        printf("     %sout: error %.3g, official float32 %.3g, limit %.3g\n", prefix, error,
               out->f32_relrms, limit);
        TEST_CHECK(error <= limit);
    }
    golden_index_close(&index);
}

static void run_network(const char *path, const char *prefix, int64_t frames,
                        cleave_factors factors)
{
    test_bytes file = {0};
    network_bench *const b = calloc(1, sizeof *b);
    cleave_ops ops = {0};
    const uint64_t launches = simt_launch_count();

    if (TEST_SANITIZER[0]) {
        test_skip("takes too long under a sanitizer, under which every kernel is run alone");
        free(b);
        return;
    }
    cleave_ops_cuda(&ops);
    cleave_ops_cuda_round(&ops, factors);
    simt_seed(1);
    if (test_weights_import(path, &file) && network_bench_open(b, &file, frames, ~0u) &&
        network_bench_plan(b, &ops, 1)) {
        network_bench_input(b, 0);
        cleave_plan_run(&b->plan, b->workers, &(const _Atomic int){0});
        TEST_CHECK(simt_launch_count() >= launches + (uint64_t)b->plan.step_count);
        check_stems(b, prefix, factors);
    }
    network_bench_unplan(b);
    network_bench_close(b);
    free(b);
    test_bytes_free(&file);
}

static void htdemucs(void)
{
    run_network("tests/golden/models/tiny_htdemucs.th", "ht.", 40000, (cleave_factors)test_index());
}

static void hdemucs(void)
{
    run_network("tests/golden/models/tiny_hdemucs.th", "h.", 264600, CLEAVE_FACTORS_FP32);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"tiny htdemucs", htdemucs},       {"tiny htdemucs, tf32", htdemucs},
        {"tiny htdemucs, bf16", htdemucs}, {"tiny htdemucs, fp16", htdemucs},
        {"tiny hdemucs", hdemucs},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
