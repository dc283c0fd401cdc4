/* engine_test.c: whole engines on the executor as a GPU, against the CPU. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/demucs_weights.h"
#include "tests/runtime/track.h"
#include "tests/simt/runtime.h"
#include "tests/spleeter_weights.h"
#include "tests/stretch_model.h"
#include "tests/tiny_network.h"

#define GIGABYTE ((size_t)1 << 30)

/* How far the stems of a GPU may be from those of the CPU: ten times what its kernels may each, of
 * which a network has hundreds in a row. */
#define DISTANCE 1e-5

static cleave_config on(cleave_device device, const cleave_config *config, int32_t batch)
{
    cleave_config c = *config;

    c.device = device;
    c.batch = batch;
    return c;
}

/* The stems of the track, and the engine's description into *info, unless it is NULL. */
static float *separate(const cleave_model *model, const cleave_config *config, const float *x,
                       int64_t frames, int64_t block_max, cleave_engine_info *info)
{
    cleave_engine *engine = track_open(model, config);
    cleave_memory need;

    if (!engine)
        return NULL;
    float *const out = track_separate(engine, x, frames, block_max, 5);
    cleave_engine_info made;
    cleave_engine_info_get(engine, &made);
    const simt_runtime_objects live = simt_runtime_live();
    TEST_CHECK(live.device_bytes == made.memory.device_bytes &&
               live.pinned_bytes == made.memory.pinned_bytes);
    if (!model && TEST_CHECK(cleave_need(config, &need, NULL) == CLEAVE_OK))
        TEST_CHECK(!memcmp(&need, &made.memory, sizeof need));
    if (info)
        *info = made;
    cleave_close(&engine);
    return out;
}

static double distance(const float *x, const float *y, int64_t count)
{
    double error = 0, norm = 0;

    for (int64_t i = 0; i < count; i++) {
        error += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
        norm += (double)y[i] * (double)y[i];
    }
    return error == 0 ? 0 : sqrt(error / norm);
}

static int all_given_back(void)
{
    const simt_runtime_objects live = simt_runtime_live();

    return live.allocations == 0 && live.streams == 0 && live.events == 0 && live.graphs == 0;
}

/* Whether all steps have a kernel; if not, the case is skipped. */
static int can_run(const cleave_model *model, const cleave_config *config)
{
    const cleave_config gpu = on(CLEAVE_DEVICE_CUDA, config, 1);
    cleave_engine_info info;
    cleave_error error;

    if (cleave_engine_need(model, &gpu, &info, &error) != CLEAVE_UNSUPPORTED ||
        !strstr(error.message, "has no"))
        return 1;
    test_skip(error.message);
    return 0;
}

/* The configuration on the CPU and on the GPU with so many segments at a time, in blocks of all
 * sizes, under several orders of the GPU's work: near to each other, and the GPU's the same bits
 * every time. */
static void compare(const cleave_model *model, const cleave_config *config, int64_t frames,
                    int32_t orders)
{
    const int32_t C = config->channels;
    simt_runtime_machine(1, GIGABYTE);
    if (!can_run(model, config))
        return;
    float *const x = track_noise(3, frames, C);
    const cleave_config cpu = on(CLEAVE_DEVICE_CPU, config, 0);
    cleave_engine_info info;
    float *const ref = separate(model, &cpu, x, frames, 0, &info);
    const int64_t values = info.stem_count * frames * C;
    float *first = NULL;

    for (int32_t order = 0; ref && order < orders; order++) {
        const cleave_config gpu = on(CLEAVE_DEVICE_CUDA, config, 1 + order % 4);
        simt_runtime_order((uint64_t)order);
        float *const out = separate(model, &gpu, x, frames, order ? 3000 : 0, &info);
        if (!TEST_CHECK(out != NULL))
            break;
        TEST_CHECK(!strncmp(info.device, "simt:0 ", 7) && info.device_note[0] == '\0');
        if (!first) {
            first = out;
            const double d = distance(out, ref, values);
            printf("     %-20s %.1e from the CPU, %.1f MB of the GPU\n", info.model, d,
                   (double)info.memory.device_bytes / 1e6);
            TEST_CHECK(d <= DISTANCE);
            continue;
        }
        TEST_CHECK(!memcmp(out, first, (size_t)values * sizeof *out));
        free(out);
    }
    TEST_CHECK(all_given_back());
    free(first);
    free(ref);
    free(x);
}

static void identity(void)
{
    cleave_config config = track_config("identity");

    compare(NULL, &config, 5000, 9);
    config.channels = 1;
    config.shifts = 3;
    compare(NULL, &config, 2500, 5);
}

static void center(void)
{
    cleave_config config = track_config("center");

    config.segment_seconds = 0.3;
    compare(NULL, &config, 8000, 5);
    config.stem_count = 2;
    config.stems[0] = "drums";
    config.stems[1] = "no_vocals";
    config.shifts = 2;
    compare(NULL, &config, 4000, 3);
}

static void stretch(void)
{
    const cleave_config config = track_config("identity");

    compare(&test_model_stretch, &config, 3333, 5);
    compare(&test_model_stretch_memory, &config, 3333, 5);
}

/* Engines on two GPUs and on the CPU take turns with a track each; none is in another's way, and
 * none allocates once it is open. */
static void several(void)
{
    enum { ENGINES = 5 };
    static const char *const names[ENGINES] = {"simt:0 ", "simt:1 ", "simt:0 ", "cpu ", "simt:1 "};
    const int64_t N = 3000;
    const cleave_config config = track_config("identity");
    cleave_engine *engine[ENGINES];
    float *const x = track_noise(8, N, 2), *out[ENGINES];
    int64_t pushed[ENGINES] = {0}, pulled[ENGINES] = {0};
    int left = ENGINES;

    simt_runtime_machine(2, GIGABYTE);
    for (int i = 0; i < ENGINES; i++) {
        cleave_config c = on(i == 3 ? CLEAVE_DEVICE_CPU : CLEAVE_DEVICE_CUDA, &config, 1 + i);
        cleave_engine_info info;
        c.device_index = i % 3 == 1;
        engine[i] = track_open(NULL, &c);
        out[i] = calloc((size_t)(2 * N), sizeof *x);
        cleave_engine_info_get(engine[i], &info);
        TEST_CHECK(!strncmp(info.device, names[i], strlen(names[i])));
    }
    const uint64_t allocations = simt_runtime_allocations();
    while (left > 0)
        for (int i = 0; i < ENGINES; i++) {
            float *stem = out[i] + 2 * pulled[i];
            int64_t count = 0;
            if (pulled[i] == N)
                continue;
            cleave_push(engine[i], x + 2 * pushed[i], cleave_i64_min(N - pushed[i], 500), &count);
            pushed[i] += count;
            if (pushed[i] == N)
                cleave_flush(engine[i]);
            count = 0;
            TEST_CHECK(cleave_pull(engine[i], &stem, N, &count) >= 0);
            pulled[i] += count;
            left -= pulled[i] == N;
        }
    TEST_CHECK(simt_runtime_allocations() == allocations);
    for (int i = 0; i < ENGINES; i++) {
        TEST_CHECK(!memcmp(out[i], x, (size_t)(2 * N) * sizeof *x));
        cleave_close(&engine[i]);
        free(out[i]);
    }
    TEST_CHECK(all_given_back());
    free(x);
}

static void *pull_elsewhere(void *argument)
{
    float *const x = track_noise(2, 2000, 2);
    float *const out = track_separate(argument, x, 2000, 700, 1);

    TEST_CHECK(out && !memcmp(out, x, 4000 * sizeof *x));
    free(out);
    free(x);
    return NULL;
}

/* A thread that never chose a GPU pulls from an engine on the second one. */
static void threads(void)
{
    cleave_config config = track_config("identity");
    pthread_t thread;

    simt_runtime_machine(2, GIGABYTE);
    config.device = CLEAVE_DEVICE_CUDA;
    config.device_index = 1;
    cleave_engine *engine = track_open(NULL, &config);
    TEST_CHECK(!pthread_create(&thread, NULL, pull_elsewhere, engine));
    pthread_join(thread, NULL);
    cleave_close(&engine);
    TEST_CHECK(all_given_back());
}

/* Cancelled in the middle, reset, and from the start again. */
static void cancelled(void)
{
    const cleave_config config = track_config("identity");
    const cleave_config gpu = on(CLEAVE_DEVICE_CUDA, &config, 3);
    float *const x = track_noise(2, 2000, 2);
    float *stem = malloc(4000 * sizeof *stem);
    int64_t count;

    simt_runtime_machine(1, GIGABYTE);
    cleave_engine *engine = track_open(NULL, &gpu);
    TEST_CHECK(cleave_push(engine, x, 2000, &count) == CLEAVE_OK && count == 2000);
    TEST_CHECK(cleave_pull(engine, &stem, 10, &count) == CLEAVE_OK && count == 10);
    cleave_cancel(engine);
    TEST_CHECK(cleave_pull(engine, &stem, 10, &count) == CLEAVE_CANCELLED);
    cleave_reset(engine);
    float *const out = track_separate(engine, x, 2000, 0, 0);
    TEST_CHECK(out && !memcmp(out, x, 4000 * sizeof *x));
    cleave_close(&engine);
    free(out);
    free(stem);
    free(x);
}

/* With several slots the first frames come when all slots can be filled, not before, and the GPU
 * then has more segments than the one that was waited for. */
static void latency(void)
{
    const cleave_config config = track_config("identity");

    simt_runtime_machine(1, GIGABYTE);
    for (int32_t batch = 1; batch <= 4; batch++) {
        const cleave_config gpu = on(CLEAVE_DEVICE_CUDA, &config, batch);
        cleave_engine *engine = track_open(NULL, &gpu);
        cleave_engine_info info;
        cleave_engine_info_get(engine, &info);
        const int64_t L = info.latency_frames_max;
        float *const x = track_noise(2, L, 2), *stem = malloc((size_t)(2 * L) * sizeof *stem);
        int64_t count;
        TEST_CHECK(info.batch == batch && L == 800 + (batch - 1) * 600);
        TEST_CHECK(cleave_push(engine, x, L - 1, &count) == CLEAVE_OK && count == L - 1);
        TEST_CHECK(cleave_pull(engine, &stem, L, &count) == CLEAVE_AGAIN);
        TEST_CHECK(cleave_push(engine, x + 2 * (L - 1), 1, &count) == CLEAVE_OK && count == 1);
        TEST_CHECK(cleave_pull(engine, &stem, L, &count) == CLEAVE_OK && count == 600);
        TEST_CHECK(engine->flight_count == batch - 1);
        TEST_CHECK(!memcmp(stem, x, 1200 * sizeof *x));
        cleave_close(&engine);
        free(stem);
        free(x);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"engine: identity", identity},
        {"engine: center", center},
        {"engine: models of any length, and one that remembers", stretch},
        {"engine: several on two GPUs, without an allocation", several},
        {"engine: pulled by another thread", threads},
        {"engine: cancelled and reset", cancelled},
        {"engine: latency, and segments ahead", latency},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
