/* engine_test.c: whole engines on the executor as a GPU: the stems of the CPU, whatever the order
 * in which the work of its streams is done. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/apply_golden.h"
#include "tests/device_compare.h"
#include "tests/runtime/live_play.h"
#include "tests/simt/runtime.h"
#include "tests/tiny_network.h"

#define GIGABYTE ((size_t)1 << 30)

static int all_given_back(void)
{
    const simt_runtime_objects live = simt_runtime_live();

    return live.allocations == 0 && live.streams == 0 && live.events == 0 && live.graphs == 0;
}

static void set_order(int32_t run)
{
    TEST_CHECK(all_given_back());
    simt_runtime_machine(1, GIGABYTE);
    simt_runtime_order((uint64_t)run);
}

/* What is told is what is taken. */
static void check_memory(const cleave_engine_info *info)
{
    const simt_runtime_objects live = simt_runtime_live();

    TEST_CHECK(live.device_bytes == info->memory.device_bytes &&
               live.pinned_bytes == info->memory.pinned_bytes);
}

static device_trial trial = {.device = "simt:0 ", .before = set_order, .opened = check_memory};

static void identity(void)
{
    trial.runs = 9;
    device_compare_identity(&trial);
}

static void center(void)
{
    trial.runs = 4;
    device_compare_center(&trial);
}

static void any_length(void)
{
    trial.runs = 5;
    device_compare_any_length(&trial);
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
        cleave_config c =
            device_config(i == 3 ? CLEAVE_DEVICE_CPU : CLEAVE_DEVICE_CUDA, &config, 1 + i);
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
    const cleave_config gpu = device_config(CLEAVE_DEVICE_CUDA, &config, 3);
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
    for (int32_t batch = 1; batch <= CLEAVE_BATCH_MAX; batch++) {
        const cleave_config gpu = device_config(CLEAVE_DEVICE_CUDA, &config, batch);
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

/* Calls of the runtime that a track of so many segments takes, pushed and pulled at once. */
static uint64_t calls_of(cleave_engine *engine, int64_t segments)
{
    const int64_t frames = engine->segment_frames + (segments - 1) * engine->stride;
    float *const x = track_noise(2, frames, 2);

    simt_runtime_fail(0, 0, 0);
    free(track_separate(engine, x, frames, 0, 0));
    const uint64_t calls = simt_runtime_calls();
    cleave_reset(engine);
    free(x);
    return calls;
}

/* A slot has one graph, of all steps on two streams, that was made when the engine was opened: a
 * segment more is a few calls more, however many steps it has, and every track takes as many. */
static void replayed(void)
{
    enum { SLOTS = 2, CALLS_MAX = 12 };
    test_bytes file = {0};
    cleave_config config;

    simt_runtime_machine(1, GIGABYTE);
    if (!tiny_network(&file, NULL))
        return;
    const cleave_network network = {.weights = file.data, .weights_bytes = file.used};
    cleave_config_default(&config);
    config.model = NULL;
    config.network_count = 1;
    config.networks = &network;
    config.segment_seconds = 0.1;
    config = device_config(CLEAVE_DEVICE_CUDA, &config, SLOTS);
    simt_runtime_use_cpu_kernels(1);
    cleave_engine *engine = track_open(NULL, &config);
    int32_t second = 0;
    for (int32_t i = 0; i < engine->plan.step_count; i++)
        second += engine->plan.step[i].stream == 1;
    TEST_CHECK(second > 20 && engine->plan.step_count - second > 20);
    const simt_runtime_objects live = simt_runtime_live();
    TEST_CHECK(live.graphs == SLOTS && live.streams == 2 * SLOTS);
    const uint64_t four = calls_of(engine, 4), eight = calls_of(engine, 8);
    TEST_CHECK(eight > four && eight - four <= 4 * CALLS_MAX);
    TEST_CHECK(calls_of(engine, 4) == four && simt_runtime_live().graphs == SLOTS);
    cleave_close(&engine);
    simt_runtime_use_cpu_kernels(0);
    TEST_CHECK(all_given_back());
    test_bytes_free(&file);
}

/* In the caller's memory: as much as was told is enough; less is refused, unless the batch was left
 * open, which then is smaller. */
static void callers_memory(void)
{
    const cleave_config config = track_config("identity");
    float *const x = track_noise(2, 2000, 2);

    simt_runtime_machine(1, GIGABYTE);
    for (int32_t batch = 0; batch <= 3; batch++) {
        const cleave_config gpu = device_config(CLEAVE_DEVICE_CUDA, &config, batch);
        cleave_memory need;
        TEST_CHECK(cleave_need(&gpu, &need, NULL) == CLEAVE_OK);
        TEST_CHECK(need.device_bytes > 0 && need.pinned_bytes > 0);
        void *const arena = aligned_alloc(64, need.host_bytes);
        for (size_t less = 0; less <= 1; less++) {
            cleave_engine *engine = NULL;
            cleave_engine_info info;
            cleave_error error;
            const cleave_status status =
                cleave_init(&gpu, arena, need.host_bytes - less, &engine, &error);
            TEST_CHECK(status == (less && batch > 0 ? CLEAVE_NO_MEMORY : CLEAVE_OK));
            if (status == CLEAVE_OK) {
                cleave_engine_info_get(engine, &info);
                TEST_CHECK(info.batch == (batch ? batch : less ? 1 : 4));
                float *const out = track_separate(engine, x, 2000, 0, 0);
                TEST_CHECK(out && !memcmp(out, x, 4000 * sizeof *x));
                free(out);
            }
            cleave_close(&engine);
            TEST_CHECK(all_given_back());
        }
        free(arena);
    }
    free(x);
}

/* A segment step by step gives what it gives as a graph. */
static void step_by_step(void)
{
    cleave_config config = track_config("center");

    simt_runtime_machine(1, GIGABYTE);
    simt_runtime_use_cpu_kernels(1);
    config.segment_seconds = 0.2;
    config.device = CLEAVE_DEVICE_CUDA;
    cleave_engine *engine = track_open(NULL, &config);
    const cleave_device_calls *const calls = engine->device.calls;
    const int64_t in = (int64_t)(engine->run.input_bytes / sizeof(float));
    const size_t out_bytes = engine->run.output_bytes;
    float *const kept = malloc(out_bytes);
    const float *output;

    for (int way = 0; way < 2; way++) {
        for (int64_t i = 0; i < in; i++)
            calls->input(&engine->run, 0)[i] = test_uniform(6, (uint64_t)i);
        if (way) {
            TEST_CHECK(calls->start(&engine->run, 0, 0, &engine->cancelled) == CLEAVE_OK);
            TEST_CHECK(calls->finish(&engine->run, 0, &output) == CLEAVE_OK);
            TEST_CHECK(!memcmp(output, kept, out_bytes));
            continue;
        }
        TEST_CHECK(calls->load(&engine->run) == CLEAVE_OK);
        for (int32_t i = 0; i < engine->plan.step_count; i++)
            TEST_CHECK(calls->step(&engine->run, i) == CLEAVE_OK);
        TEST_CHECK(calls->unload(&engine->run, &output) == CLEAVE_OK);
        memcpy(kept, output, out_bytes);
        TEST_CHECK(isfinite(kept[0]));
    }
    free(kept);
    cleave_close(&engine);
    simt_runtime_use_cpu_kernels(0);
    TEST_CHECK(all_given_back());
}

/* A segment is profiled on the GPU, and a track after that is as it would be; a GPU that is lost on
 * the way is told. */
static void profile(void)
{
    enum { RUNS = 3, STEPS = 8 };
    cleave_config config = track_config("identity");
    float *const x = track_noise(2, 2000, 2);
    double segment[RUNS], step[STEPS * RUNS];
    cleave_step_profile steps[STEPS];
    cleave_error error;
    const cleave_profile wanted = {.warmups = 1,
                                   .runs = RUNS,
                                   .segment_seconds = segment,
                                   .step_seconds = step,
                                   .steps = steps};

    simt_runtime_machine(1, GIGABYTE);
    config.device = CLEAVE_DEVICE_CUDA;
    cleave_engine *engine = track_open(NULL, &config);
    TEST_CHECK(cleave_engine_step_count(engine) <= STEPS);
    TEST_CHECK(cleave_engine_profile(engine, x, &wanted) == CLEAVE_OK);
    TEST_CHECK(segment[0] > 0 && segment[0] <= segment[RUNS - 1] && steps[0].median_seconds > 0);
    float *const out = track_separate(engine, x, 2000, 0, 0);
    TEST_CHECK(out && !memcmp(out, x, 4000 * sizeof *x));
    cleave_reset(engine);
    simt_runtime_fail(20, SIMT_DEVICE_LOST, 1);
    TEST_CHECK(cleave_engine_profile(engine, x, &wanted) == CLEAVE_NO_DEVICE);
    cleave_engine_error(engine, &error);
    TEST_CHECK(error.status == CLEAVE_NO_DEVICE && strstr(error.message, "simt:0"));
    cleave_close(&engine);
    TEST_CHECK(all_given_back());
    free(out);
    free(x);
}

/* Live: the thread of the object has the GPU, one segment at a time. */
static void live(void)
{
    cleave_live_config config = live_config("identity", BLOCK);
    float *const x = track_noise(4, 3000, 2);

    simt_runtime_machine(2, GIGABYTE);
    config.engine.device = CLEAVE_DEVICE_CUDA;
    config.engine.device_index = 1;
    config.engine.batch = 4;
    cleave_live *object = live_open(NULL, &config);
    play p = play_open(object, x, 3000, 3000 + LATENCY);
    TEST_CHECK(p.info.engine.batch == 1 && p.info.memory.device_bytes > 0);
    TEST_CHECK(p.info.latency_frames == LATENCY);
    while (p.at < 3000) {
        play_block(&p, BLOCK);
        cleave_live_wait(object);
    }
    cleave_live_flush(object);
    while (p.at < 3000 + LATENCY) {
        cleave_live_wait(object);
        play_block(&p, BLOCK);
    }
    TEST_CHECK(!memcmp(p.out + 2 * LATENCY, x, 6000 * sizeof *x));
    cleave_live_close(&object);
    TEST_CHECK(all_given_back());
    free(p.out);
    free(x);
}

/* Networks by the kernels of the CPU: its bits, under all orders. */
static void networks(void)
{
    trial.runs = 4;
    trial.exact = 1;
    simt_runtime_use_cpu_kernels(1);
    device_compare_any_length(&trial);
    device_compare_htdemucs(&trial);
    device_compare_many(&trial);
    device_compare_hdemucs(&trial);
    device_compare_spleeter(&trial);
    simt_runtime_use_cpu_kernels(0);
    trial.exact = 0;
}

/* The same by the kernels of CUDA. Networks compute a lot, and the executor is slow: two orders
 * have to do, and for HTDemucs one. */
static void hdemucs(void)
{
    trial.runs = 2;
    device_compare_hdemucs(&trial);
}

static void spleeter(void)
{
    trial.runs = 2;
    device_compare_spleeter(&trial);
}

static void htdemucs(void)
{
    simt_runtime_machine(1, GIGABYTE);
    apply_golden_tiny(CLEAVE_DEVICE_CUDA, 1);
    TEST_CHECK(all_given_back());
}

/* Factors rounded for tensor cores: further from the CPU, and no further than they may be. */
static void rounded(void)
{
    trial.runs = 1;
    for (int p = CLEAVE_PRECISION_TF32; p <= CLEAVE_PRECISION_FP16; p++) {
        trial.precision = (cleave_precision)p;
        device_compare_spleeter(&trial);
    }
    trial.precision = CLEAVE_PRECISION_FP32;
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"engine: identity", identity},
        {"engine: center", center},
        {"engine: models of any length, and one that remembers", any_length},
        {"engine: several on two GPUs, without an allocation", several},
        {"engine: pulled by another thread", threads},
        {"engine: cancelled and reset", cancelled},
        {"engine: latency, and segments ahead", latency},
        {"engine: a graph a slot, replayed", replayed},
        {"engine: in the caller's memory", callers_memory},
        {"engine: step by step", step_by_step},
        {"engine: profiled", profile},
        {"engine: live", live},
        {"engine: networks by the kernels of the CPU", networks},
        {"engine: a tiny HDemucs", hdemucs},
        {"engine: a tiny Spleeter", spleeter},
        {"engine: a tiny Spleeter with rounded factors", rounded},
        {"engine: a tiny HTDemucs against float64", htdemucs},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
