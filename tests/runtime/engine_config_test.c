/* engine_config_test.c: every field of a configuration that is out of its range is refused in a
 * sentence. */
#include <math.h>
#include <string.h>

#include "tests/runtime/track.h"

static void refused(const cleave_config *config, cleave_status status, const char *words)
{
    cleave_error error = {.status = CLEAVE_OK};
    cleave_engine *engine = NULL;
    cleave_memory need = {.host_bytes = 7};

    if (!TEST_CHECK(cleave_need(config, &need, &error) == status && error.status == status &&
                    strstr(error.message, words)))
        TEST_FAIL("%d, \"%s\" instead of %d, \"%s\"", (int)error.status, error.message, (int)status,
                  words);
    TEST_CHECK(need.host_bytes == 7);
    memset(&error, 0, sizeof error);
    TEST_CHECK(cleave_open(config, &engine, &error) == status && error.status == status);
    TEST_CHECK(strstr(error.message, words) != NULL && engine == NULL);
    TEST_CHECK(cleave_open(config, &engine, NULL) == status && engine == NULL);
}

#define REFUSED(model, change, status, words)                                                      \
    do {                                                                                           \
        cleave_config config = track_config(model);                                                \
        change;                                                                                    \
        refused(&config, status, words);                                                           \
    } while (0)

static void names_refused(void)
{
    refused(NULL, CLEAVE_INVALID, "config");
    REFUSED(NULL, (void)0, CLEAVE_INVALID, "model: no name");
    REFUSED("vocoder", (void)0, CLEAVE_NO_MODEL, "model \"vocoder\": no such model");
    REFUSED("centre", (void)0, CLEAVE_NO_MODEL, "did you mean \"center\"?");
    REFUSED("idenity", (void)0, CLEAVE_NO_MODEL, "model \"idenity\": no such model");
    REFUSED("center:niave", (void)0, CLEAVE_NO_MODEL, "did you mean \"center:naive\"?");
    REFUSED("", (void)0, CLEAVE_NO_MODEL, "model \"\": no such model");
    REFUSED("center:naive", (config.stem_count = 1, config.stems[0] = "vocal"), CLEAVE_UNSUPPORTED,
            "stem \"vocal\": model center:naive has vocals, accompaniment");
    REFUSED("center:naive", (config.stem_count = 1, config.stems[0] = "no_drums"),
            CLEAVE_UNSUPPORTED, "stem \"no_drums\"");
    REFUSED("center:naive", (config.stem_count = 2, config.stems[0] = "vocals"), CLEAVE_INVALID,
            "stem number 2");
    REFUSED("center:naive", (config.stem_count = 2, config.stems[0] = config.stems[1] = "vocals"),
            CLEAVE_INVALID, "stem \"vocals\": asked for twice");
    REFUSED("center:naive", config.stem_count = -1, CLEAVE_INVALID,
            "stem_count -1: must be 0 to 8");
    REFUSED("center:naive", config.stem_count = 9, CLEAVE_INVALID, "stem_count 9");
    REFUSED("center:naive", config.two_stems = "drums", CLEAVE_UNSUPPORTED, "two_stems \"drums\"");
    REFUSED("center:naive",
            (config.two_stems = "vocals", config.stem_count = 1, config.stems[0] = "vocals"),
            CLEAVE_INVALID, "two_stems \"vocals\": excludes");
    REFUSED("identity", config.two_stems = "mixture", CLEAVE_UNSUPPORTED, "has no other stem");
    REFUSED("identity", config.two_stems = "a name that is far too long to be that of a stem",
            CLEAVE_UNSUPPORTED, "two_stems \"a name that is far too long to be that o\"");
}

static void numbers_refused(void)
{
    REFUSED("identity", config.rate_hz = 7999, CLEAVE_INVALID,
            "rate_hz 7999: must be 8000 to 192000");
    REFUSED("identity", config.rate_hz = 192001, CLEAVE_INVALID, "rate_hz 192001");
    REFUSED("identity", config.channels = 0, CLEAVE_INVALID, "channels 0: must be 1 to 8");
    REFUSED("identity", config.channels = 9, CLEAVE_INVALID, "channels 9");
    REFUSED("center:naive", config.channels = 3, CLEAVE_UNSUPPORTED,
            "channels 3: model center:naive takes 2 to 2");
    REFUSED("center:naive", config.channels = 1, CLEAVE_UNSUPPORTED, "mono");
    REFUSED("center:naive", config.channels = 1, CLEAVE_UNSUPPORTED, "\"center\"");
    REFUSED("identity", config.overlap = 1.2, CLEAVE_INVALID, "overlap 1.2: must be 0 to 0.95");
    REFUSED("identity", config.overlap = -0.01, CLEAVE_INVALID, "overlap -0.01");
    REFUSED("identity", config.overlap = (double)NAN, CLEAVE_INVALID, "overlap nan");
    REFUSED("identity", config.segment_seconds = 0.05, CLEAVE_INVALID,
            "segment_seconds 0.05: must be 0.1 to 600");
    REFUSED("identity", config.segment_seconds = 601, CLEAVE_INVALID, "segment_seconds 601");
    REFUSED("identity", config.segment_seconds = (double)NAN, CLEAVE_INVALID,
            "segment_seconds nan");
    REFUSED("identity", config.transition_power = 0.5, CLEAVE_INVALID, "transition_power 0.5");
    REFUSED("identity", config.transition_power = (double)INFINITY, CLEAVE_INVALID,
            "transition_power inf");
    REFUSED("identity", config.shifts = -1, CLEAVE_INVALID, "shifts -1: must be 0 to 32");
    REFUSED("identity", config.shifts = 33, CLEAVE_INVALID, "shifts 33");
    REFUSED("identity", config.threads = 0, CLEAVE_INVALID, "threads 0: must be 1 to 64");
    REFUSED("identity", config.threads = 65, CLEAVE_INVALID, "threads 65");
    REFUSED("identity", config.device_index = -1, CLEAVE_INVALID, "device_index -1");
    REFUSED("identity", config.device = (cleave_device)3, CLEAVE_INVALID, "device 3");
    REFUSED("identity", config.precision = (cleave_precision)4, CLEAVE_INVALID, "precision 4");
    REFUSED("identity", (config.device = CLEAVE_DEVICE_CUDA, config.device_index = 63),
            CLEAVE_NO_DEVICE, "device cuda");
    REFUSED("identity", config.batch = -1, CLEAVE_INVALID, "batch -1: must be 0 to 16");
    REFUSED("identity", config.batch = 17, CLEAVE_INVALID, "batch 17");
    REFUSED("identity",
            (config.device = CLEAVE_DEVICE_CPU, config.cpu_features_off = ~0u,
             config.precision = CLEAVE_PRECISION_BF16),
            CLEAVE_UNSUPPORTED, "precision bf16");
    REFUSED("identity",
            (config.device = CLEAVE_DEVICE_CPU, config.precision = CLEAVE_PRECISION_FP16),
            CLEAVE_UNSUPPORTED, "precision fp16: the CPU computes in fp32 or bf16");
    REFUSED("identity", config.spectrum_bins = -64, CLEAVE_INVALID, "spectrum_bins -64");
    REFUSED("identity", config.mask_extension = (cleave_mask_extension)3, CLEAVE_INVALID,
            "mask_extension 3");
    REFUSED("identity", config.spectrum_bins = 1024, CLEAVE_UNSUPPORTED,
            "spectrum_bins: model identity has no network");
    REFUSED("identity", config.mask_extension = CLEAVE_MASK_ZEROS, CLEAVE_UNSUPPORTED,
            "mask_extension: model identity");
}

/* Errors that only a model of its own can show. */
static void models_refused(void)
{
    cleave_config config = track_config("identity");
    cleave_engine *engine = NULL;
    cleave_model model = cleave_model_identity;
    cleave_error error;

    model.info.needs_weights = 1;
    TEST_CHECK(cleave_engine_open(&model, &config, &engine, &error) == CLEAVE_NO_MODEL);
    TEST_CHECK(strstr(error.message, "weight") != NULL);
    model.info.needs_weights = 0;
    model.info.rate_hz = 44100;
    TEST_CHECK(cleave_engine_open(&model, &config, &engine, &error) == CLEAVE_UNSUPPORTED);
    TEST_CHECK(strstr(error.message, "rate_hz 8000: model identity runs at 44100 only") != NULL);
    TEST_CHECK(engine == NULL);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"config: names that are refused", names_refused},
        {"config: numbers that are refused", numbers_refused},
        {"config: models that are refused", models_refused},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
