/* demucs_bf16_test.c: the stems of Demucs by products of bfloat16, against float64.
 *
 * Factors of 8 bits are off by 2^-9 of themselves, and a network of some fifty layers, each of
 * which starts from what earlier ones have rounded, multiplies that by a few: docs/numerics.md has
 * what was seen. CLEAVE_STAGES=1 prints it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/demucs_weights.h"
#include "tests/golden_index.h"
#include "tests/network_bench.h"
#include "tests/test.h"
#include "tests/variants.h"

#define BF16_ERROR     4e-2
#define TINY_FRAMES    40000
#define TINY_H_FRAMES  264600
#define SEGMENT_FRAMES 343980

static double element(const void *context, const golden_entry *e, const int64_t at[GOLDEN_AXES])
{
    const network_bench *const b = context;
    const float *const stems = cleave_plan_data(&b->plan, b->ports.output);

    return (double)stems[(at[0] * e->shape[1] + at[1]) * b->ports.stride + at[2]];
}

static void judge(const network_bench *b, const golden_entry *out, const char *name)
{
    const golden_errors errors = golden_compare(out, element, b);

    if (getenv("CLEAVE_STAGES"))
        printf("     %s: stems off by %.2e of their rms\n", name, errors.relrms);
    if (!(errors.relrms <= BF16_ERROR))
        TEST_FAIL("%s: the stems are off by %.3g of their rms, limit %.3g", name, errors.relrms,
                  BF16_ERROR);
    /* More than float32 would be, or nothing was rounded. */
    TEST_CHECK(errors.relrms > 100 * out->f32_relrms);
}

static void stems(const char *name, const char *folder, const char *prefix, const test_bytes *file,
                  int64_t frames)
{
    const _Atomic int cancel = 0;
    cleave_ops ops = variants_best();
    golden_index index;
    network_bench b = {0};

    if (!cleave_ops_cpu_round(&ops, cleave_cpu_features(), CLEAVE_FACTORS_BF16)) {
        test_skip("this processor has no products of bfloat16");
        return;
    }
    if (!TEST_CHECK(golden_index_open(&index, folder, prefix)))
        return;
    if (network_bench_open(&b, file, frames, ~0u) && network_bench_plan(&b, &ops, 2)) {
        network_bench_input(&b, 0);
        TEST_CHECK(cleave_plan_run(&b.plan, b.workers, &cancel));
        judge(&b, golden_find(&index, "out"), name);
    }
    network_bench_unplan(&b);
    network_bench_close(&b);
    golden_index_close(&index);
}

static void tiny(const char *name, const char *path, const char *prefix, int64_t frames)
{
    test_bytes file = {0};

    if (test_weights_import(path, &file))
        stems(name, "tests/golden/demucs", prefix, &file, frames);
    test_bytes_free(&file);
}

static void tiny_htdemucs(void)
{
    tiny("tiny htdemucs", "tests/golden/models/tiny_htdemucs.th", "ht.", TINY_FRAMES);
}

static void tiny_hdemucs(void)
{
    tiny("tiny hdemucs", "tests/golden/models/tiny_hdemucs.th", "h.", TINY_H_FRAMES);
}

static void full_size(const char *name)
{
    char folder[128];
    test_bytes file = {0};

    snprintf(folder, sizeof folder, "golden/%s/index.tsv", name);
    if (!test_shared(folder)) {
        test_skip("the references of the full-size models are not here");
        return;
    }
    snprintf(folder, sizeof folder, "../shared/golden/%s", name);
    for (uint32_t i = 0; cleave_official_at(i); i++)
        if (!strcmp(cleave_official_at(i)->name, name) &&
            test_weights_synthetic(cleave_official_at(i)->kind, cleave_official_at(i)->config,
                                   &file))
            stems(name, folder, "", &file, SEGMENT_FRAMES);
    TEST_CHECK(file.data != NULL);
    test_bytes_free(&file);
}

static void htdemucs(void)
{
    full_size("htdemucs");
}

static void hdemucs_mmi(void)
{
    full_size("hdemucs_mmi");
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"tiny htdemucs", tiny_htdemucs},
        {"tiny hdemucs", tiny_hdemucs},
        {"htdemucs", htdemucs},
        {"hdemucs_mmi", hdemucs_mmi},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
