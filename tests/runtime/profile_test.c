/* profile_test.c: the steps of a plan by the clock, and that measuring changes nothing. */
#include <math.h>
#include <string.h>

#include "tests/runtime/alloc_trap.h"
#include "tests/runtime/track.h"
#include "tests/stretch_model.h"

#define RUNS 7

/* An engine, a segment for it, and room for a profile. */
typedef struct scene {
    cleave_engine *engine;
    float *segment;
    cleave_profile profile;
    int32_t steps;
} scene;

static int scene_open(scene *s, const cleave_model *model, const cleave_config *config)
{
    cleave_engine_info info;

    memset(s, 0, sizeof *s);
    s->engine = track_open(model, config);
    if (!s->engine)
        return 0;
    cleave_engine_info_get(s->engine, &info);
    s->steps = cleave_engine_step_count(s->engine);
    s->segment = track_noise(5, info.segment_frames, info.channels);
    s->profile = (cleave_profile){
        .warmups = 1,
        .runs = RUNS,
        .segment_seconds = calloc(RUNS, sizeof(double)),
        .step_seconds = calloc((size_t)s->steps * RUNS, sizeof(double)),
        .steps = calloc((size_t)s->steps, sizeof *s->profile.steps),
    };
    return 1;
}

static void scene_close(scene *s)
{
    cleave_close(&s->engine);
    free(s->segment);
    free(s->profile.segment_seconds);
    free(s->profile.step_seconds);
    free(s->profile.steps);
}

/* A model of many steps, which needs a longer segment. */
static cleave_config center_config(void)
{
    cleave_config config = track_config("center");

    config.segment_seconds = 1;
    config.threads = 2;
    return config;
}

static int ascends(const double *x, int count)
{
    for (int i = 1; i < count; i++)
        if (x[i] < x[i - 1])
            return 0;
    return x[0] > 0;
}

/* Every run's steps add up to its segment, so sums of least ones stay below the least segment. */
static void measures(void)
{
    const cleave_config config = center_config();
    double least = 0, slowest = 0, steps = 0, segments = 0;
    scene s;

    if (!scene_open(&s, NULL, &config))
        return;
    TEST_CHECK(s.steps == s.engine->plan.step_count && s.steps > 10);
    TEST_CHECK(cleave_engine_profile(s.engine, s.segment, &s.profile) == CLEAVE_OK);
    for (int32_t i = 0; i < s.steps; i++) {
        const cleave_step_profile *const p = &s.profile.steps[i];
        const cleave_plan_step *const step = &s.engine->plan.step[i];
        const cleave_op *const op = cleave_op_get(step->op);
        const double *const seconds = s.profile.step_seconds + i * RUNS;
        TEST_CHECK(!strcmp(p->label, step->label) && !strcmp(p->op, op->name));
        TEST_CHECK(p->flops == op->cost(step->args).flops);
        TEST_CHECK(p->bytes == op->cost(step->args).bytes && p->bytes > 0);
        TEST_CHECK(ascends(seconds, RUNS));
        TEST_CHECK(p->least_seconds == seconds[0] && p->median_seconds == seconds[RUNS / 2]);
        least += seconds[0];
        slowest += seconds[RUNS - 1];
        for (int r = 0; r < RUNS; r++)
            steps += seconds[r];
    }
    TEST_CHECK(ascends(s.profile.segment_seconds, RUNS));
    for (int r = 0; r < RUNS; r++)
        segments += s.profile.segment_seconds[r];
    TEST_CHECK(fabs(steps - segments) < 1e-9 * segments);
    TEST_CHECK(least <= s.profile.segment_seconds[0] * (1 + 1e-9));
    TEST_CHECK(slowest * (1 + 1e-9) >= s.profile.segment_seconds[RUNS - 1]);
    scene_close(&s);
}

static void even_runs(void)
{
    const cleave_config config = track_config("center:naive");
    scene s;

    if (!scene_open(&s, NULL, &config))
        return;
    s.profile.runs = 4;
    s.profile.warmups = 0;
    TEST_CHECK(cleave_engine_profile(s.engine, s.segment, &s.profile) == CLEAVE_OK);
    for (int32_t i = 0; i < s.steps; i++) {
        const double *const seconds = s.profile.step_seconds + i * 4;
        TEST_CHECK(s.profile.steps[i].median_seconds == (seconds[1] + seconds[2]) / 2);
    }
    scene_close(&s);
}

static void is_invalid(scene *s, cleave_profile profile)
{
    s->profile.segment_seconds[0] = -1;
    TEST_CHECK(cleave_engine_profile(s->engine, s->segment, &profile) == CLEAVE_INVALID);
    TEST_CHECK(s->profile.segment_seconds[0] == -1);
}

static void refuses(void)
{
    const cleave_config config = track_config("center:naive");
    cleave_profile p;
    int64_t count;
    scene s;

    if (!scene_open(&s, NULL, &config))
        return;
    p = s.profile, p.runs = 0, is_invalid(&s, p);
    p = s.profile, p.runs = CLEAVE_PROFILE_RUNS_MAX + 1, is_invalid(&s, p);
    p = s.profile, p.warmups = -1, is_invalid(&s, p);
    p = s.profile, p.warmups = CLEAVE_PROFILE_RUNS_MAX + 1, is_invalid(&s, p);
    p = s.profile, p.steps = NULL, is_invalid(&s, p);
    p = s.profile, p.step_seconds = NULL, is_invalid(&s, p);
    p = s.profile, p.segment_seconds = NULL, is_invalid(&s, p);
    TEST_CHECK(cleave_engine_profile(s.engine, NULL, &s.profile) == CLEAVE_INVALID);
    TEST_CHECK(cleave_engine_profile(s.engine, s.segment, NULL) == CLEAVE_INVALID);

    float *const stems[CLEAVE_STEMS_MAX] = {NULL};
    TEST_CHECK(cleave_push(s.engine, s.segment, 800, &count) == CLEAVE_OK);
    TEST_CHECK(cleave_flush(s.engine) == CLEAVE_OK);
    TEST_CHECK(cleave_pull(s.engine, stems, 10, &count) == CLEAVE_OK);
    is_invalid(&s, s.profile);
    cleave_reset(s.engine);
    TEST_CHECK(cleave_engine_profile(s.engine, s.segment, &s.profile) == CLEAVE_OK);
    scene_close(&s);
}

static void cancels(void)
{
    const cleave_config config = center_config();
    scene s;

    if (!scene_open(&s, NULL, &config))
        return;
    cleave_cancel(s.engine);
    TEST_CHECK(cleave_engine_profile(s.engine, s.segment, &s.profile) == CLEAVE_CANCELLED);
    cleave_reset(s.engine);
    TEST_CHECK(cleave_engine_profile(s.engine, s.segment, &s.profile) == CLEAVE_OK);
    scene_close(&s);
}

/* The same bytes come out whether or not a profile was taken, of a model with a memory whose plan
 * was fitted to a short segment last; and what was pushed before is still there. */
static void changes_nothing(void)
{
    cleave_config config = track_config(NULL);
    int64_t count = 0;
    scene s;

    config.threads = 2;
    if (!scene_open(&s, &test_model_stretch_memory, &config))
        return;
    const int64_t frames = 2100, first = 500;
    float *const x = track_noise(9, frames, 2), *const stems[] = {NULL, NULL};
    float *const plain = track_separate(s.engine, x, frames, 0, 0);
    const size_t bytes = (size_t)(2 * frames * 2) * sizeof(float);
    cleave_reset(s.engine);
    TEST_CHECK(cleave_engine_profile(s.engine, s.segment, &s.profile) == CLEAVE_OK);
    float *const after = track_separate(s.engine, x, frames, 0, 0);
    if (TEST_CHECK(plain && after))
        TEST_CHECK(!memcmp(plain, after, bytes));
    cleave_reset(s.engine);
    TEST_CHECK(cleave_push(s.engine, x, first, &count) == CLEAVE_OK && count == first);
    TEST_CHECK(cleave_engine_profile(s.engine, s.segment, &s.profile) == CLEAVE_OK);
    TEST_CHECK(cleave_flush(s.engine) == CLEAVE_OK);
    for (count = 0; count < first;) {
        int64_t got = 0;
        if (!TEST_CHECK(cleave_pull(s.engine, stems, first, &got) == CLEAVE_OK))
            break;
        count += got;
    }
    TEST_CHECK(count == first);
    free(plain);
    free(after);
    free(x);
    scene_close(&s);
}

static void allocates_nothing(void)
{
    const cleave_config config = center_config();
    scene s;

    if (!scene_open(&s, NULL, &config))
        return;
    const uint64_t before = alloc_trap_count();
    TEST_CHECK(cleave_engine_profile(s.engine, s.segment, &s.profile) == CLEAVE_OK);
    TEST_CHECK(alloc_trap_count() == before);
    scene_close(&s);
    if (!alloc_trap_set())
        test_skip("a sanitizer owns malloc in this build: run, not counted");
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"profile: steps, their costs and times", measures},
        {"profile: the median of an even number of runs", even_runs},
        {"profile: refusals, between tracks only", refuses},
        {"profile: cancelling", cancels},
        {"profile: the next track is as if there had been none", changes_nothing},
        {"profile: calls no allocator", allocates_nothing},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
