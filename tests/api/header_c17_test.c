/* header_c17_test.c: the public header before all others, as an embedder includes it. */
#include "runtime/cleave.h"

#include <stdio.h>
#include <string.h>

#include "tests/test.h"

/* Numbers that programs may have written down. */
_Static_assert(CLEAVE_OK == 0 && CLEAVE_AGAIN == 1 && CLEAVE_END == 2, "no error is positive");
_Static_assert(CLEAVE_INVALID == -1 && CLEAVE_SYSTEM == -7, "errors are negative");
_Static_assert(sizeof(((cleave_error *)0)->message) == CLEAVE_MESSAGE_BYTES, "a whole sentence");

static void version(void)
{
    char text[32];

    snprintf(text, sizeof text, "%d.%d.%d", CLEAVE_VERSION_MAJOR, CLEAVE_VERSION_MINOR,
             CLEAVE_VERSION_PATCH);
    TEST_CHECK(!strcmp(cleave_version(), text));
}

static void status_texts(void)
{
    for (int a = CLEAVE_SYSTEM; a <= CLEAVE_END; a++) {
        TEST_CHECK(strcmp(cleave_status_text((cleave_status)a), "unknown status") != 0);
        for (int b = CLEAVE_SYSTEM; b < a; b++)
            TEST_CHECK(strcmp(cleave_status_text((cleave_status)a),
                              cleave_status_text((cleave_status)b)) != 0);
    }
    TEST_CHECK(!strcmp(cleave_status_text((cleave_status)3), "unknown status"));
    TEST_CHECK(!strcmp(cleave_status_text((cleave_status)-8), "unknown status"));
}

/* The other functions by their declared types: what is missing in the library does not link. */
static void functions(void)
{
    cleave_status (*const model_at)(int32_t, cleave_model_info *) = cleave_model_at;
    cleave_status (*const model_find)(const char *, cleave_model_info *) = cleave_model_find;
    void (*const config_default)(cleave_config *) = cleave_config_default;
    cleave_status (*const need)(const cleave_config *, cleave_memory *, cleave_error *) =
        cleave_need;
    cleave_status (*const init)(const cleave_config *, void *, size_t, cleave_engine **,
                                cleave_error *) = cleave_init;
    cleave_status (*const open)(const cleave_config *, cleave_engine **, cleave_error *) =
        cleave_open;
    void (*const close)(cleave_engine **) = cleave_close;
    void (*const info)(const cleave_engine *, cleave_engine_info *) = cleave_engine_info_get;
    cleave_status (*const push)(cleave_engine *, const float *, int64_t, int64_t *) = cleave_push;
    cleave_status (*const flush)(cleave_engine *) = cleave_flush;
    cleave_status (*const pull)(cleave_engine *, float *const *, int64_t, int64_t *) = cleave_pull;
    void (*const reset)(cleave_engine *) = cleave_reset;
    void (*const cancel)(cleave_engine *) = cleave_cancel;
    void (*const stats)(const cleave_engine *, cleave_stats *) = cleave_engine_stats;
    size_t (*const map)(const cleave_engine *, char *, size_t) = cleave_engine_memory_map;
    int32_t (*const step_count)(const cleave_engine *) = cleave_engine_step_count;
    cleave_status (*const profile)(cleave_engine *, const float *, const cleave_profile *) =
        cleave_engine_profile;

    size_t (*const quality_need)(int32_t) = cleave_quality_need;
    cleave_status (*const quality_init)(int32_t, void *, size_t, cleave_quality **) =
        cleave_quality_init;
    void (*const quality_push)(cleave_quality *, const float *, const float *, int64_t) =
        cleave_quality_push;
    void (*const quality_finish)(cleave_quality *, cleave_quality_scores *) = cleave_quality_finish;
    size_t (*const bss_need)(int32_t, int32_t) = cleave_bss_need;
    cleave_status (*const bss_init)(int32_t, int32_t, void *, size_t, cleave_bss **) =
        cleave_bss_init;
    void (*const bss_correlate)(cleave_bss *, const float *const *, const float *const *, int64_t) =
        cleave_bss_correlate;
    cleave_status (*const bss_solve)(cleave_bss *) = cleave_bss_solve;
    void (*const bss_window)(cleave_bss *, const float *const *, const float *const *, int64_t,
                             cleave_bss_ratios *) = cleave_bss_window;

    void (*const live_default)(cleave_live_config *) = cleave_live_config_default;
    cleave_status (*const live_need)(const cleave_live_config *, cleave_memory *, cleave_error *) =
        cleave_live_need;
    cleave_status (*const live_init)(const cleave_live_config *, void *, size_t, cleave_live **,
                                     cleave_error *) = cleave_live_init;
    cleave_status (*const live_open)(const cleave_live_config *, cleave_live **, cleave_error *) =
        cleave_live_open;
    void (*const live_close)(cleave_live **) = cleave_live_close;
    void (*const live_info)(const cleave_live *, cleave_live_info *) = cleave_live_info_get;
    cleave_status (*const live_process)(cleave_live *, const float *, float *const *, int64_t) =
        cleave_live_process;
    cleave_status (*const live_push)(cleave_live *, const float *, int64_t, int64_t *) =
        cleave_live_push;
    cleave_status (*const live_pull)(cleave_live *, float *const *, int64_t, int64_t *) =
        cleave_live_pull;
    cleave_status (*const live_flush)(cleave_live *) = cleave_live_flush;
    cleave_status (*const live_normalize)(cleave_live *, double, double) = cleave_live_normalize;
    void (*const live_wait)(cleave_live *) = cleave_live_wait;
    void (*const live_reset)(cleave_live *) = cleave_live_reset;
    void (*const live_stats)(const cleave_live *, cleave_live_stats *) = cleave_live_stats_get;

    TEST_CHECK(live_default && live_need && live_init && live_open && live_close && live_info);
    TEST_CHECK(live_process && live_push && live_pull && live_flush && live_normalize);
    TEST_CHECK(live_wait && live_reset && live_stats);
    TEST_CHECK(quality_need && quality_init && quality_push && quality_finish);
    TEST_CHECK(bss_need && bss_init && bss_correlate && bss_solve && bss_window);
    TEST_CHECK(config_default && need && init && open && close && info && push && flush && pull);
    TEST_CHECK(reset && cancel && stats && map && model_at && model_find);
    TEST_CHECK(step_count && profile);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"header: version", version},
        {"header: status texts", status_texts},
        {"header: every function links", functions},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
