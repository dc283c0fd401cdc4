/* apply_golden.c: whole tracks through the engine against the official pipeline in float64. */
#include "tests/apply_golden.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/demucs_weights.h"
#include "tests/runtime/track.h"
#include "tests/signal.h"
#include "weights/contract.h"

enum { STEMS = 4, CHANNELS = 2 };

float *apply_golden_track(int64_t first, int64_t frames)
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
static void compare(const golden_index *index, const char *name, double factor, const result *r)
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
        const double limit = factor * entry->f32_relrms * (entry->range ? 2 : 1);
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

void apply_golden_run(const golden_index *index, const cleave_network *networks, int32_t count,
                      const apply_golden_job *j)
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
    config.device = j->device;
    if (!TEST_CHECK(cleave_open(&config, &engine, &error) == CLEAVE_OK)) {
        TEST_FAIL("%s", error.message);
        return;
    }
    float *const x = apply_golden_track(j->first, j->frames);
    if (j->normalized)
        normalize(engine, x, j->frames);
    float *const out = track_separate(engine, x, j->frames, 0, 0);
    if (TEST_CHECK(out != NULL))
        compare(index, j->name, j->factor, &(result){out, j->frames});
    free(out);
    free(x);
    cleave_close(&engine);
}

void apply_golden_tiny(cleave_device device, double factor)
{
    const apply_golden_job whole = {
        .name = "ht.apply", .frames = 100000, .device = device, .factor = factor};
    const char *const folder = test_shared("golden/tiny");
    golden_index index;
    test_bytes file = {0};

    if (!folder || !golden_index_open(&index, folder, "")) {
        test_skip("the reference outputs are not here");
        return;
    }
    if (test_weights_import(test_golden("models/tiny_htdemucs.th"), &file)) {
        const cleave_network network = {.weights = file.data, .weights_bytes = file.used};
        apply_golden_run(&index, &network, 1, &whole);
    }
    test_bytes_free(&file);
    golden_index_close(&index);
}

void apply_golden_full(cleave_device device, double factor)
{
    static const struct {
        const char *folder;
        apply_golden_job job;
    } jobs[] = {
        {"golden/htdemucs_apply", {.name = "separate", .frames = 529200, .normalized = 1}},
        {"golden/htdemucs_edge", {.name = "nosplit", .first = 100000, .frames = 132301}},
        {"golden/htdemucs_edge", {.name = "shift", .first = 100000, .frames = 132301, .shifts = 1}},
        {"golden/htdemucs_edge", {.name = "seg5", .frames = 343980, .segment_seconds = 5}},
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
        apply_golden_job job = jobs[i].job;
        job.device = device;
        job.factor = factor;
        apply_golden_run(&index, &network, 1, &job);
        golden_index_close(&index);
    }
    test_bytes_free(&file);
}
