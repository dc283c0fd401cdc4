/* apply_golden_test.c: whole tracks through the CPU's engine against the official pipeline in
 * float64: segments, overlap, a shift, a smaller segment, the level of the track, a bag. */
#include <math.h>
#include <string.h>

#include "tests/apply_golden.h"
#include "tests/demucs_weights.h"
#include "tests/runtime/track.h"
#include "weights/table.h"

enum { STEMS = 4, CHANNELS = 2, NETWORKS = 4 };

static void tiny(void)
{
    apply_golden_tiny(CLEAVE_DEVICE_CPU, 1);
}

static void full(void)
{
    apply_golden_full(CLEAVE_DEVICE_CPU, 1);
}

/* ---- a bag ---------------------------------------------------------------------------------- */
/* Multiplies all weights of transposed convolutions. */
static void scale_weights(test_bytes *file, float factor)
{
    char message[CLEAVE_SENTENCE_BYTES];
    cleave_table table;
    int scaled = 0;

    if (!TEST_CHECK(cleave_table_open(&table, file->data, file->used, message)))
        return;
    for (uint32_t i = 0; i < table.header->tensor_count; i++) {
        static const char end[] = "conv_tr.weight";
        const uint32_t length = sizeof end - 1;
        cleave_table_tensor t;
        cleave_table_at(&table, i, &t);
        if (t.name_bytes < length || memcmp(t.name + t.name_bytes - length, end, length) != 0)
            continue;
        float *const values = (float *)(file->data + ((const unsigned char *)t.data - file->data));
        for (int64_t k = 0; k < t.count; k++)
            values[k] *= factor;
        scaled++;
    }
    TEST_CHECK(scaled >= 8);
}

/* One stem of a bag where each network has its own: what the whole bag gives, of one network. */
static void one_stem_of(const cleave_network *networks)
{
    const int64_t N = 30000;
    float *const x = apply_golden_track(0, N), *out[2];
    cleave_memory need[2];

    for (int k = 0; k < 2; k++) {
        cleave_config config;
        cleave_engine *engine = NULL;
        cleave_config_default(&config);
        config.device = CLEAVE_DEVICE_CPU;
        config.network_count = NETWORKS;
        config.networks = networks;
        if (k) {
            config.stem_count = 1;
            config.stems[0] = "other";
        }
        TEST_CHECK(cleave_need(&config, &need[k], NULL) == CLEAVE_OK);
        TEST_CHECK(cleave_open(&config, &engine, NULL) == CLEAVE_OK);
        out[k] = track_separate(engine, x, N, 0, 0);
        cleave_close(&engine);
    }
    TEST_CHECK(out[0] && out[1] &&
               !memcmp(out[0] + 2 * N * CHANNELS, out[1], (size_t)(N * CHANNELS) * sizeof *x));
    TEST_CHECK(need[1].host_bytes < need[0].host_bytes);
    free(out[0]);
    free(out[1]);
    free(x);
}

static void bag(void)
{
    static const apply_golden_job whole = {
        .name = "bag", .frames = 100000, .device = CLEAVE_DEVICE_CPU, .factor = 1};
    static const float factors[NETWORKS] = {1.0f, 0.9f, 0.8f, 0.7f};
    const char *const folder = test_shared("golden/tiny");
    cleave_network networks[NETWORKS];
    test_bytes file[NETWORKS] = {{0}};
    golden_index index;
    int opened = 0;

    if (!folder || !golden_index_open(&index, folder, "")) {
        test_skip("the reference outputs are not here");
        return;
    }
    for (int i = 0; i < NETWORKS; i++) {
        if (!test_weights_import(test_golden("models/tiny_htdemucs.th"), &file[i]))
            continue;
        scale_weights(&file[i], factors[i]);
        networks[i] = (cleave_network){.weights = file[i].data, .weights_bytes = file[i].used};
        networks[i].gain[i] = 1;
        opened++;
    }
    if (opened == NETWORKS) {
        apply_golden_run(&index, networks, NETWORKS, &whole);
        one_stem_of(networks);
    }
    for (int i = 0; i < NETWORKS; i++)
        test_bytes_free(&file[i]);
    golden_index_close(&index);
}

/* ---- Hybrid Demucs, which takes segments as they are --------------------------------------- */
static void open_hybrid(cleave_engine **engine, const cleave_network *network, double seconds)
{
    cleave_config config;
    cleave_error error;

    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.network_count = 1;
    config.networks = network;
    config.segment_seconds = seconds;
    config.overlap = 0;
    config.threads = 2;
    if (!TEST_CHECK(cleave_open(&config, engine, &error) == CLEAVE_OK))
        TEST_FAIL("%s", error.message);
}

/* A plan that was fitted to a short track gives the bits of one that was made for it; and comes
 * back from every length. */
static void hybrid(void)
{
    static const int64_t frames[] = {44100, 1, 10007, 5, 4410, 1023, 44099};
    const char *const path = test_shared("golden/tiny/tiny_hdemucs.th");
    cleave_engine *fitted = NULL;
    test_bytes file = {0};

    if (!path) {
        test_skip("the reference checkpoints are not here");
        return;
    }
    if (!test_weights_import(path, &file))
        return;
    const cleave_network network = {.weights = file.data, .weights_bytes = file.used};
    float *const x = apply_golden_track(0, frames[0]);
    open_hybrid(&fitted, &network, 1);
    for (size_t i = 0; fitted && i < sizeof frames / sizeof frames[0]; i++) {
        const int64_t N = frames[i];
        const size_t values = (size_t)(STEMS * N * CHANNELS);
        cleave_engine *made = NULL;
        float *const out = track_separate(fitted, x, N, 0, 0);
        cleave_reset(fitted);
        for (size_t k = 0; out && k < values; k++)
            TEST_CHECK(isfinite(out[k]));
        if (N >= 4410) /* the shortest segment that may be asked for */
            open_hybrid(&made, &network, (double)N / 44100);
        float *const alone = made ? track_separate(made, x, N, 0, 0) : NULL;
        if (made && !TEST_CHECK(out && alone && !memcmp(out, alone, values * sizeof *out)))
            TEST_FAIL("%d frames", (int)N);
        free(out);
        free(alone);
        cleave_close(&made);
    }
    free(x);
    cleave_close(&fitted);
    test_bytes_free(&file);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"apply: a tiny network, three segments", tiny},
        {"apply: a bag of four", bag},
        {"apply: Hybrid Demucs on short tracks", hybrid},
        {"apply: the full size, normalized, shifted, cut shorter", full},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
