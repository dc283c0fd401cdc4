/* apply_golden_test.c: whole tracks through the engine against the official pipeline in float64:
 * segments, overlap, a shift, a smaller segment, the level of the track, a bag.
 *
 * The limits are multiples of the error of the official float32 run. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/demucs_weights.h"
#include "tests/golden_index.h"
#include "tests/runtime/track.h"
#include "tests/signal.h"
#include "weights/contract.h"
#include "weights/table.h"

enum { STEMS = 4, CHANNELS = 2, NETWORKS = 4 };

/* How far the stems may be from float64, against the official float32 run. */
#define STEMS_FACTOR 1

/* The seed whose first shift at 44.1 kHz is 12345 frames into the half second before the track. */
#define SEED_OF_12345 57896

/* The synthetic track from `first` on, interleaved. */
static float *track_of(int64_t first, int64_t frames)
{
    float *const planar = malloc((size_t)(2 * frames) * sizeof *planar);
    float *const x = malloc((size_t)(2 * frames) * sizeof *x);

    test_signal(first, frames, frames, planar);
    for (int64_t n = 0; n < frames; n++)
        for (int64_t c = 0; c < CHANNELS; c++)
            x[n * CHANNELS + c] = planar[c * frames + n];
    free(planar);
    return x;
}

/* Tells the engine the level of the track. */
static void normalize(cleave_engine *engine, const float *x, int64_t frames)
{
    double mean = 0, squares = 0;

    for (int64_t n = 0; n < frames; n++)
        mean += ((double)x[2 * n] + (double)x[2 * n + 1]) / 2 / (double)frames;
    for (int64_t n = 0; n < frames; n++)
        squares += pow(((double)x[2 * n] + (double)x[2 * n + 1]) / 2 - mean, 2);
    TEST_CHECK(cleave_normalize(engine, mean, sqrt(squares / (double)(frames - 1))) == CLEAVE_OK);
}

/* The result of a track: [STEMS][frames][CHANNELS]. */
typedef struct result {
    const float *out;
    int64_t frames;
} result;

static double element(const void *context, const golden_entry *entry, const int64_t at[GOLDEN_AXES])
{
    const result *const r = context;

    (void)entry;
    return (double)r->out[(at[0] * r->frames + at[2]) * CHANNELS + at[1]];
}

/* All entries of the index called `name` or `name`.something. */
static void compare(const golden_index *index, const char *name, const result *r)
{
    const size_t length = strlen(name);
    int compared = 0;

    for (int i = 0; i < index->count; i++) {
        const golden_entry *const entry = &index->entry[i];
        if (strncmp(entry->name, name, length) != 0 ||
            (entry->name[length] && entry->name[length] != '.'))
            continue;
        TEST_CHECK(entry->shape[0] == STEMS && entry->shape[2] == r->frames);
        const golden_errors e = golden_compare(entry, element, r);
        /* The official figure is that of the whole track; a part of it may be off by more. */
        const double limit = entry->f32_relrms * (entry->range ? 2 : STEMS_FACTOR);
        printf("     %-16s official %.2e, ours %.2e: %.2f\n", entry->name, entry->f32_relrms,
               e.relrms, e.relrms / entry->f32_relrms);
        if (!TEST_CHECK(e.relrms <= limit))
            TEST_FAIL("%s: %g, at most %g", entry->name, e.relrms, limit);
        TEST_CHECK(fabs(e.mean - entry->mean) <= limit * entry->rms);
        TEST_CHECK(fabs(e.rms - entry->rms) <= limit * entry->rms);
        compared++;
    }
    TEST_CHECK(compared > 0);
}

/* One way to run a track. */
typedef struct job {
    const char *name; /* of the reference */
    int64_t first, frames;
    double segment_seconds;
    int32_t shifts, normalized;
} job;

static void run(const golden_index *index, const cleave_network *networks, int32_t count,
                const job *j)
{
    cleave_config config;
    cleave_engine *engine = NULL;
    cleave_error error;

    cleave_config_default(&config);
    config.model = NULL;
    config.network_count = count;
    config.networks = networks;
    config.segment_seconds = j->segment_seconds;
    config.shifts = j->shifts;
    config.shift_seed = SEED_OF_12345;
    config.threads = 2;
    if (!TEST_CHECK(cleave_open(&config, &engine, &error) == CLEAVE_OK)) {
        TEST_FAIL("%s", error.message);
        return;
    }
    float *const x = track_of(j->first, j->frames);
    if (j->normalized)
        normalize(engine, x, j->frames);
    float *const out = track_separate(engine, x, j->frames, 0, 0);
    if (TEST_CHECK(out != NULL))
        compare(index, j->name, &(result){out, j->frames});
    free(out);
    free(x);
    cleave_close(&engine);
}

/* ---- tiny ---------------------------------------------------------------------------------- */
static void tiny(void)
{
    static const job whole = {.name = "ht.apply", .frames = 100000};
    const char *const folder = test_shared("golden/tiny");
    golden_index index;
    test_bytes file = {0};

    if (!folder || !golden_index_open(&index, folder, "")) {
        test_skip("the reference outputs are not here");
        return;
    }
    if (test_weights_import(test_golden("models/tiny_htdemucs.th"), &file)) {
        const cleave_network network = {.weights = file.data, .weights_bytes = file.used};
        run(&index, &network, 1, &whole);
    }
    test_bytes_free(&file);
    golden_index_close(&index);
}

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
    float *const x = track_of(0, N), *out[2];
    cleave_memory need[2];

    for (int k = 0; k < 2; k++) {
        cleave_config config;
        cleave_engine *engine = NULL;
        cleave_config_default(&config);
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
    static const job whole = {.name = "bag", .frames = 100000};
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
        run(&index, networks, NETWORKS, &whole);
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
    float *const x = track_of(0, frames[0]);
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

/* ---- full size ----------------------------------------------------------------------------- */
static void full(void)
{
    static const struct {
        const char *folder;
        job job;
    } jobs[] = {
        {"golden/htdemucs_apply", {"separate", 0, 529200, 0, 0, 1}},
        {"golden/htdemucs_edge", {"nosplit", 100000, 132301, 0, 0, 0}},
        {"golden/htdemucs_edge", {"shift", 100000, 132301, 0, 1, 0}},
        {"golden/htdemucs_edge", {"seg5", 0, 343980, 5, 0, 0}},
    };
    test_bytes file = {0};
    uint32_t position;
    const cleave_official *const official = cleave_official_find("955717e8", &position);

    if (!test_shared(jobs[0].folder) || !test_shared(jobs[1].folder)) {
        test_skip("the reference outputs are not here");
        return;
    }
    if (!test_weights_synthetic(official->kind, official->config, &file))
        return;
    const cleave_network network = {.weights = file.data, .weights_bytes = file.used};
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        golden_index index;
        if (!TEST_CHECK(golden_index_open(&index, test_shared(jobs[i].folder), "")))
            continue;
        run(&index, &network, 1, &jobs[i].job);
        golden_index_close(&index);
    }
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
