/* center_golden_test.c: every stage of the centre method against float64 vectors made elsewhere,
 * so that the first wrong stage is the one that is named. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/runtime/track.h"
#include "tests/signal.h"

#define FIRST      84056
#define FRAMES     132300
#define CHANNELS   2
#define BINS       2049
#define PLANE_ROWS 133
#define ROW_STEP   7 /* of what is stored */
#define BIN_STEP   5
#define TIME_STEP  29

/* A stored plane: the tensor it is compared with, its first float there, and the largest error
 * allowed, relative to the whole. */
typedef struct stage {
    const char *file, *tensor;
    int64_t offset;
    double limit;
} stage;

/* The transform has 1.5e-7 of error in float32, medians and means keep it. The odds are sums of
 * logarithms, some of them of cells near the floor, where the rounding of the transform is large
 * against what is transformed; masks inherit that. */
static const stage stages[] = {
    {"magnitude", "magnitude", 0, 5e-7},
    {"repeating", "repeating", 0, 5e-7},
    {"broadband", "broadband", 0, 5e-7},
    {"odds", "odds", 0, 3e-5},
    {"voice", "voice mask", 0, 3e-6},
    {"harmonic", "harmonic", 0, 3e-6},
    {"percussive", "percussive", 0, 3e-6},
    {"drums_share", "shares", 0, 3e-6},
    {"bass_share", "shares", (int64_t)PLANE_ROWS *BINS, 3e-6},
};

#define STAGES ((int)(sizeof stages / sizeof stages[0]))

static const char *const stems[] = {"vocals", "drums", "bass", "other"};

static float *golden(const char *name, int64_t count)
{
    char path[64];
    int64_t bytes = 0;

    snprintf(path, sizeof path, "center/%s.f32", name);
    const char *const found = test_golden(path);
    float *const values = found ? test_read_file(found, &bytes) : NULL;
    if (!TEST_CHECK(values && bytes == count * (int64_t)sizeof(float))) {
        free(values);
        return NULL;
    }
    return values;
}

static double distance(const float *x, const float *truth, int64_t count)
{
    double error = 0, norm = 0;

    for (int64_t i = 0; i < count; i++) {
        const double d = (double)x[i] - (double)truth[i];
        error += d * d;
        norm += (double)truth[i] * (double)truth[i];
    }
    return sqrt(error / norm);
}

static void compare(const char *variant, const char *name, const float *x, int64_t count,
                    double limit)
{
    float *const truth = golden(name, count);

    if (!truth)
        return;
    const double error = distance(x, truth, count);
    if (!(error <= limit))
        TEST_FAIL("%s, %s: error %.3g, limit %.3g", variant, name, error, limit);
    else
        TEST_CHECK(1);
    free(truth);
}

static void compare_plane(const char *variant, const stage *s, const float *plane)
{
    static float part[(PLANE_ROWS / ROW_STEP + 1) * (BINS / BIN_STEP + 1)];
    int64_t count = 0;

    for (int64_t t = 0; t < PLANE_ROWS; t += ROW_STEP)
        for (int64_t f = 0; f < BINS; f += BIN_STEP)
            part[count++] = plane[s->offset + t * BINS + f];
    compare(variant, s->file, part, count, s->limit);
}

static void compare_stem(const char *variant, int stem, const float *planar)
{
    static float part[(FRAMES / TIME_STEP + 1) * CHANNELS];
    int64_t count = 0;

    for (int64_t n = 0; n < FRAMES; n += TIME_STEP)
        for (int64_t c = 0; c < CHANNELS; c++)
            part[count++] = planar[(stem * CHANNELS + c) * FRAMES + n];
    compare(variant, stems[stem], part, count, 3e-6);
}

/* The stages that are complete once the steps up to `step` have run. */
static int compare_stages(const char *variant, const cleave_plan *plan, int step)
{
    int compared = 0;

    for (int t = 0; t < plan->tensor_count; t++)
        for (int k = 0; k < STAGES; k++)
            if (!strcmp(plan->tensor[t].label, stages[k].tensor) &&
                !strcmp(plan->step[step].label, stages[k].tensor)) {
                compare_plane(variant, &stages[k], cleave_plan_data(plan, t));
                compared++;
            }
    return compared;
}

static void check_variant(uint32_t features_off, const char *variant)
{
    cleave_config config;
    cleave_engine *engine;
    cleave_error error;
    int compared = 0;

    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.segment_seconds = (double)FRAMES / TEST_SIGNAL_RATE;
    config.cpu_features_off = features_off;
    for (int s = 0; s < 4; s++)
        config.stems[config.stem_count++] = stems[s];
    if (cleave_open(&config, &engine, &error) != CLEAVE_OK) {
        TEST_FAIL("%s", error.message);
        return;
    }
    const cleave_plan *const plan = &engine->plan;
    TEST_CHECK(engine->segment_frames == FRAMES);
    test_signal(FIRST, FRAMES, FRAMES, cleave_plan_data(plan, engine->ports.input));
    for (int i = 0; i < plan->step_count; i++) {
        cleave_plan_step_run(plan, i, engine->workers);
        compared += compare_stages(variant, plan, i);
    }
    TEST_CHECK(compared == STAGES);
    for (int s = 0; s < 4; s++)
        compare_stem(variant, s, cleave_plan_data(plan, engine->ports.output));
    cleave_close(&engine);
}

static void reference(void)
{
    check_variant(~0u, "reference");
}

/* Every set of features that this processor has. */
static void vectors(void)
{
    const uint32_t features = cleave_cpu_features();
    char name[32];

    if (!features)
        test_skip("no vector set on this processor");
    for (uint32_t mask = 1; mask <= features; mask++)
        if (!(mask & ~features)) {
            snprintf(name, sizeof name, "features %u", (unsigned)mask);
            check_variant(~mask, name);
        }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"reference", reference},
        {"vectors", vectors},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
