/* skip_test.c: a segment that is passed over leaves the others as they are. */
#include <string.h>

#include "tests/runtime/track.h"
#include "tests/stretch_model.h"

/* Pushes all of the track, pulling and skipping by turns; frames that were pulled go to their
 * places in out, [O][N][C], and `skipped` is 1 for the others. Returns how many these were. */
static int64_t separate(cleave_engine *engine, const float *x, int64_t N, float *out,
                        unsigned char *skipped, uint64_t seed)
{
    const int64_t C = engine->channels;
    float *stems[CLEAVE_STEMS_MAX];
    int64_t pushed = 0, at = 0, all = 0, count;

    for (;;) {
        if (pushed < N) {
            cleave_push(engine, x + pushed * C, N - pushed, &count);
            pushed += count;
            if (pushed == N)
                cleave_flush(engine);
        }
        count = track_draw(&seed, 7) == 1 ? cleave_engine_skip(engine) : 0;
        memset(skipped + at, 1, (size_t)count);
        at += count;
        all += count;
        for (int32_t s = 0; s < engine->info.stem_count; s++)
            stems[s] = out + (s * N + at) * C;
        const cleave_status status =
            cleave_pull(engine, stems, track_draw(&seed, engine->segment_frames), &count);
        if (status < 0 || status == CLEAVE_END) {
            TEST_CHECK(status == CLEAVE_END && at == N && cleave_engine_skip(engine) == 0);
            return all;
        }
        at += count;
    }
}

/* Whether frame n shares a segment with one that was skipped. */
static int beside(const unsigned char *skipped, int64_t n, int64_t segment)
{
    for (int64_t k = cleave_i64_max(0, n - segment); k <= n; k++)
        if (skipped[k])
            return 1;
    return 0;
}

static void check(const cleave_model *model, cleave_config config, uint64_t seed)
{
    const int64_t N = 30000, C = config.channels;
    float *const x = track_noise(seed, N, config.channels);
    cleave_engine *engine = track_open(model, &config);
    float *const want = track_separate(engine, x, N, 0, 0);
    const int64_t stems = engine->info.stem_count;
    float *const out = calloc((size_t)(stems * N * C), sizeof *out);
    unsigned char *const skipped = calloc((size_t)N, 1);

    cleave_reset(engine);
    TEST_CHECK(cleave_engine_skip(engine) == 0);
    const int64_t count = separate(engine, x, N, out, skipped, seed);
    TEST_CHECK(count > 0 && count < N);
    int64_t equal = 0;
    for (int64_t n = 0; n < N; n++) {
        if (skipped[n] || beside(skipped, n, engine->segment_frames))
            continue;
        equal++;
        for (int64_t s = 0; s < stems; s++)
            TEST_CHECK(
                !memcmp(out + (s * N + n) * C, want + (s * N + n) * C, (size_t)C * sizeof(float)));
    }
    TEST_CHECK(equal > 0);
    cleave_close(&engine);
    free(skipped);
    free(out);
    free(want);
    free(x);
}

/* The identity in patches: without overlap they are added, and both give what they share. */
static void patches_stay(void)
{
    cleave_model model = cleave_model_identity;
    int count = 0;

    model.patches = (cleave_patches){.unit = 600, .step = 100, .tail = 200, .before = 300};
    for (uint64_t seed = 1; seed <= 4; seed++)
        for (int32_t shifts = 0; shifts <= 3; shifts += 3) {
            cleave_config config = track_config("identity");
            config.shifts = shifts;
            check(&model, config, seed);
            config.conserve = 1;
            config.overlap = 0.5;
            check(&model, config, seed);
            count += 2;
        }
    test_passed_count(count);
}

static void others_stay(void)
{
    int count = 0;

    for (uint64_t seed = 1; seed <= 4; seed++)
        for (int32_t shifts = 0; shifts <= 3; shifts += 3) {
            cleave_config config = track_config("identity");
            config.shifts = shifts;
            check(NULL, config, seed);
            config.overlap = 0.8;
            check(&test_model_stretch, config, seed);
            config.overlap = 0;
            config.conserve = 1;
            config.model = "center:naive";
            check(NULL, config, seed);
            count += 3;
        }
    test_passed_count(count);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"skip: what was not skipped is as it was", others_stay},
        {"skip: the same of patches", patches_stay},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
