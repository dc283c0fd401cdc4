/* engine_test.c: whole engines on a GPU, against the CPU and against float64. */
#include "tests/apply_golden.h"
#include "tests/device_compare.h"
#include "tests/gpu_kernel.h"
#include "tests/test.h"

static const device_trial trial = {.device = "cuda:0 ", .runs = 8};

/* Whether there is a GPU; if not, the case is skipped. */
static int is_there(void)
{
    const char *const missing = gpu_kernel_missing();

    if (missing)
        test_skip(missing);
    return !missing;
}

static void identity(void)
{
    if (is_there())
        device_compare_identity(&trial);
}

static void center(void)
{
    if (is_there())
        device_compare_center(&trial);
}

static void any_length(void)
{
    if (is_there())
        device_compare_any_length(&trial);
}

static void htdemucs(void)
{
    if (is_there())
        device_compare_htdemucs(&trial);
}

static void many(void)
{
    if (is_there())
        device_compare_many(&trial);
}

static void hdemucs(void)
{
    if (is_there())
        device_compare_hdemucs(&trial);
}

static void spleeter(void)
{
    if (is_there())
        device_compare_spleeter(&trial);
}

static void rounded(void)
{
    device_trial rounding = trial;

    for (int p = CLEAVE_PRECISION_TF32; is_there() && p <= CLEAVE_PRECISION_FP16; p++) {
        rounding.precision = (cleave_precision)p;
        device_compare_htdemucs(&rounding);
        device_compare_hdemucs(&rounding);
        device_compare_spleeter(&rounding);
    }
}

static void tiny(void)
{
    if (is_there())
        apply_golden_tiny(CLEAVE_DEVICE_CUDA, 1);
}

static void full(void)
{
    if (is_there())
        apply_golden_full(CLEAVE_DEVICE_CUDA, 1);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"GPU: identity", identity},
        {"GPU: center", center},
        {"GPU: models of any length, and one that remembers", any_length},
        {"GPU: a tiny HTDemucs", htdemucs},
        {"GPU: more of its segments than may be at a time", many},
        {"GPU: a tiny HDemucs", hdemucs},
        {"GPU: a tiny Spleeter", spleeter},
        {"GPU: tiny networks with rounded factors", rounded},
        {"GPU: a tiny HTDemucs against float64", tiny},
        {"GPU: HTDemucs in its full size against float64", full},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
