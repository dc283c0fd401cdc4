/* engine_test.c: the public interface: lists, memory, threads, misuse, counters, cancelling. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "runtime/models/models.h"
#include "tests/runtime/track.h"

/* ---- lists and memory ---------------------------------------------------------------------- */
static void defaults(void)
{
    cleave_config config;
    cleave_model_info info, same;
    int32_t count = 0;

    cleave_config_default(&config);
    TEST_CHECK(!strcmp(config.model, "center") && config.rate_hz == 44100 && config.channels == 2);
    TEST_CHECK(config.overlap == CLEAVE_OVERLAP_MODEL && config.transition_power == 1 &&
               config.threads == 1);
    TEST_CHECK(config.segment_seconds == 0 && config.shifts == 0 && !config.two_stems);
    TEST_CHECK(config.device == CLEAVE_DEVICE_AUTO && config.precision == CLEAVE_PRECISION_FP32);
    for (; cleave_model_at(count, &info) == CLEAVE_OK; count++) {
        TEST_CHECK(cleave_model_find(info.name, &same) == CLEAVE_OK && same.name == info.name);
        TEST_CHECK(info.stem_count >= 1 && info.default_stem_count >= 1);
        TEST_CHECK(strlen(info.name) < CLEAVE_NAME_BYTES && strcmp(info.name, "identity") != 0);
    }
    TEST_CHECK(count >= 2);
    TEST_CHECK(cleave_model_find("identity", &info) == CLEAVE_OK);
    TEST_CHECK(cleave_model_at(-1, &info) == CLEAVE_NO_MODEL);
    TEST_CHECK(cleave_model_find("none", &info) == CLEAVE_NO_MODEL);
    for (int status = CLEAVE_SYSTEM - 1; status <= CLEAVE_END + 1; status++)
        TEST_CHECK(cleave_status_text((cleave_status)status)[0] != 0);
    TEST_CHECK(!strcmp(cleave_version(), "0.1.0"));
}

static void check_memory(const cleave_config *config)
{
    cleave_engine *engine = NULL;
    cleave_memory need;
    cleave_engine_info info;
    cleave_error error;

    if (cleave_need(config, &need, &error) != CLEAVE_OK) {
        TEST_FAIL("%s: %s", config->model, error.message);
        return;
    }
    TEST_CHECK(need.pinned_bytes == 0 && need.device_bytes == 0);
    unsigned char *const arena = aligned_alloc(64, cleave_align_up(need.host_bytes) + 64);
    memset(arena, 0x5A, cleave_align_up(need.host_bytes) + 64);
    TEST_CHECK(cleave_init(config, arena, need.host_bytes - 1, &engine, &error) ==
               CLEAVE_NO_MEMORY);
    TEST_CHECK(engine == NULL && strstr(error.message, "arena") != NULL);
    TEST_CHECK(cleave_init(config, arena + 8, need.host_bytes, &engine, &error) == CLEAVE_INVALID);
    TEST_CHECK(cleave_init(config, NULL, need.host_bytes, &engine, &error) == CLEAVE_INVALID);
    if (TEST_CHECK(cleave_init(config, arena, need.host_bytes, &engine, &error) == CLEAVE_OK)) {
        cleave_engine_info_get(engine, &info);
        TEST_CHECK(info.memory.host_bytes == need.host_bytes);
        TEST_CHECK(info.memory.pinned_bytes == 0 && info.memory.device_bytes == 0);
        float *const x = track_noise(1, 3000, config->channels);
        float *const out = track_separate(engine, x, 3000, 0, 0);
        TEST_CHECK(out != NULL);
        free(out);
        free(x);
        for (size_t i = need.host_bytes; i < cleave_align_up(need.host_bytes) + 64; i++)
            TEST_CHECK(arena[i] == 0x5A);
        cleave_close(&engine);
        TEST_CHECK(engine == NULL);
    }
    free(arena);
}

static void memory(void)
{
    const cleave_model *model;

    for (int32_t m = 0; (model = cleave_model_get(m)); m++)
        for (uint64_t trial = 0; trial < 24; trial++) {
            const cleave_model_info info = model->info;
            cleave_config config = track_config(info.name);
            uint64_t seed = trial * 100;
            config.channels =
                (int32_t)cleave_i64_max(info.channels_min, track_draw(&seed, info.channels_max));
            config.rate_hz = info.rate_hz ? info.rate_hz : 7999 + (int32_t)track_draw(&seed, 40000);
            config.segment_seconds = trial % 4 ? 0.05 + 0.1 * (double)track_draw(&seed, 15) : 0;
            config.overlap = 0.05 * (double)track_draw(&seed, 19);
            config.shifts = (int32_t)track_draw(&seed, 5) - 1;
            config.threads = (int32_t)track_draw(&seed, 6);
            config.conserve = trial % 2;
            config.cpu_features_off = (uint32_t)trial % 8;
            if (trial % 3 == 1)
                config.stems[config.stem_count++] = info.stems[info.stem_count - 1];
            check_memory(&config);
        }
}

static void closing(void)
{
    cleave_engine *none = NULL;

    cleave_close(NULL);
    cleave_close(&none);
    TEST_CHECK(none == NULL);
}

/* (L+R)/2 and (L-R)/2 are each rounded once, and not again on their way out. */
static void naive_is_exact(void)
{
    cleave_config config = track_config("center:naive");
    cleave_engine *engine;
    const int64_t N = 5000;
    float *const x = track_noise(6, N, 2);

    for (config.shifts = 0; config.shifts < 3; config.shifts += 2) {
        engine = track_open(NULL, &config);
        float *const out = track_separate(engine, x, N, 700, 1), *const rest = out + 2 * N;
        for (int64_t n = 0; out && n < N; n++) {
            const float middle = 0.5f * x[2 * n] + 0.5f * x[2 * n + 1];
            const float side = 0.5f * x[2 * n] - 0.5f * x[2 * n + 1];
            TEST_CHECK(out[2 * n] == middle && out[2 * n + 1] == middle);
            TEST_CHECK(rest[2 * n] == side && rest[2 * n + 1] == -side);
        }
        free(out);
        cleave_close(&engine);
    }
    free(x);
}

/* ---- determinism --------------------------------------------------------------------------- */
static void threads_do_not_matter(void)
{
    const int64_t N = 30011;
    float *const x = track_noise(9, N, 2);
    const cleave_model *model;

    for (int32_t m = 0; (model = cleave_model_get(m)); m++) {
        const cleave_model_info info = model->info;
        float *first = NULL;
        for (int32_t threads = 1; threads <= 8; threads++) {
            cleave_config config = track_config(info.name);
            config.threads = threads;
            config.shifts = 2;
            config.segment_seconds = 1;
            cleave_engine *engine = track_open(NULL, &config);
            const size_t bytes = (size_t)(N * 2 * info.default_stem_count) * sizeof(float);
            for (int run = 0; engine && run < 2; run++) {
                float *const out = track_separate(engine, x, N, run ? 5000 : 0, 3);
                if (!TEST_CHECK(out && (!first || !memcmp(out, first, bytes))))
                    TEST_FAIL("%s with %d threads", info.name, (int)threads);
                if (first)
                    free(out);
                else
                    first = out;
                cleave_reset(engine);
            }
            cleave_close(&engine);
        }
        free(first);
    }
    free(x);
}

/* ---- misuse, counters, cancelling ---------------------------------------------------------- */
static void misuse(void)
{
    const cleave_config config = track_config("identity");
    cleave_engine *engine = track_open(NULL, &config);
    float frame[2] = {0.5f, 0.25f}, out[2];
    float *stems[1] = {out};
    int64_t count = 99;

    TEST_CHECK(cleave_push(engine, NULL, 1, &count) == CLEAVE_INVALID && count == 99);
    TEST_CHECK(cleave_push(engine, frame, -1, &count) == CLEAVE_INVALID && count == 99);
    TEST_CHECK(cleave_pull(engine, stems, 0, &count) == CLEAVE_INVALID && count == 99);
    TEST_CHECK(cleave_pull(engine, NULL, 1, &count) == CLEAVE_INVALID && count == 99);
    TEST_CHECK(cleave_push(engine, NULL, 0, &count) == CLEAVE_OK && count == 0);
    TEST_CHECK(cleave_pull(engine, stems, 1, &count) == CLEAVE_AGAIN && count == 0);
    TEST_CHECK(cleave_push(engine, frame, 1, &count) == CLEAVE_OK && count == 1);
    TEST_CHECK(cleave_flush(engine) == CLEAVE_OK && cleave_flush(engine) == CLEAVE_OK);
    count = 99;
    TEST_CHECK(cleave_push(engine, frame, 1, &count) == CLEAVE_INVALID && count == 99);
    TEST_CHECK(cleave_pull(engine, stems, 10, &count) == CLEAVE_OK && count == 1);
    TEST_CHECK(out[0] == 0.5f && out[1] == 0.25f);
    TEST_CHECK(cleave_pull(engine, stems, 10, &count) == CLEAVE_END && count == 0);
    TEST_CHECK(cleave_pull(engine, stems, 10, &count) == CLEAVE_END && count == 0);
    cleave_reset(engine);
    TEST_CHECK(cleave_flush(engine) == CLEAVE_OK);
    TEST_CHECK(cleave_pull(engine, stems, 10, &count) == CLEAVE_END && count == 0);
    cleave_close(&engine);
}

static void dropped_stems(void)
{
    const cleave_config config = track_config("center:naive");
    cleave_engine *engine = track_open(NULL, &config);
    const int64_t N = 100;
    float *const x = track_noise(3, N, 2), out[200];
    float *stems[2] = {NULL, out};
    int64_t count;

    cleave_push(engine, x, N, &count);
    cleave_flush(engine);
    TEST_CHECK(cleave_pull(engine, stems, 40, &count) == CLEAVE_OK && count == 40);
    stems[1] = NULL;
    TEST_CHECK(cleave_pull(engine, stems, 40, &count) == CLEAVE_OK && count == 40);
    stems[1] = out + 160;
    TEST_CHECK(cleave_pull(engine, stems, 40, &count) == CLEAVE_OK && count == 20);
    for (int64_t n = 0; n < N; n = n == 39 ? 80 : n + 1)
        TEST_CHECK(out[2 * n] == 0.5f * x[2 * n] - 0.5f * x[2 * n + 1]);
    TEST_CHECK(cleave_pull(engine, stems, 40, &count) == CLEAVE_END);
    free(x);
    cleave_close(&engine);
}

static void counters(void)
{
    cleave_config config = track_config("identity");
    cleave_engine *engine = track_open(NULL, &config);
    cleave_engine_info info;
    cleave_stats stats;
    int64_t count, pushed = 0;
    float *const x = track_noise(3, 10000, 2), *const out = track_noise(4, 10000, 2);
    float *stems[1] = {out};

    cleave_engine_info_get(engine, &info);
    TEST_CHECK(info.segment_frames == 800 && info.stride_frames == 600);
    TEST_CHECK(info.latency_frames_max == 800 && info.input_frames_max >= 1400);
    TEST_CHECK(!strcmp(info.model, "identity") && !strncmp(info.device, "cpu ", 4));
    TEST_CHECK(info.stem_count == 1 && !strcmp(info.stems[0], "mixture") && info.threads == 1);
    /* One frame short of the latency there is nothing; with it there is. */
    cleave_push(engine, x, 799, &count);
    TEST_CHECK(cleave_pull(engine, stems, 10000, &count) == CLEAVE_AGAIN);
    cleave_push(engine, x + 799 * 2, 1, &count);
    TEST_CHECK(cleave_pull(engine, stems, 10000, &count) == CLEAVE_OK && count == 600);
    TEST_CHECK(cleave_pull(engine, stems, 10000, &count) == CLEAVE_AGAIN);
    for (pushed = 800; cleave_push(engine, x + pushed * 2, 100, &count) == CLEAVE_OK;
         pushed += count)
        TEST_CHECK(pushed < 9000);
    TEST_CHECK(count == 0 && pushed - 600 >= info.input_frames_max);
    cleave_engine_stats(engine, &stats);
    TEST_CHECK(stats.frames_in == (uint64_t)pushed && stats.frames_out == 600);
    TEST_CHECK(stats.segments == 1 && stats.input_underruns == 2 && stats.input_overruns >= 1);
    cleave_flush(engine);
    int64_t pulled = 600;
    while (cleave_pull(engine, stems, 10000, &count) == CLEAVE_OK)
        pulled += count;
    TEST_CHECK(pulled == pushed);
    cleave_reset(engine);
    cleave_engine_stats(engine, &stats);
    TEST_CHECK(stats.frames_out == (uint64_t)pushed && stats.compute_ns > 0);
    TEST_CHECK(stats.segments == (uint64_t)cleave_div_up(pushed, 600));
    free(x);
    free(out);
    cleave_close(&engine);
}

static void maps(void)
{
    const cleave_config config = track_config("center:naive");
    cleave_engine *engine = track_open(NULL, &config);
    char text[2000];
    const size_t length = cleave_engine_memory_map(engine, text, sizeof text);

    TEST_CHECK(length < sizeof text && length == strlen(text));
    TEST_CHECK(strstr(text, "mid-side matrix") && strstr(text, "peak"));
    TEST_CHECK(cleave_engine_memory_map(engine, NULL, 0) == length);
    cleave_close(&engine);
}

static void *cancel_soon(void *argument)
{
    cleave_stats stats;

    do
        cleave_engine_stats(argument, &stats);
    while (stats.segments < 3);
    cleave_cancel(argument);
    return NULL;
}

static void cancelling(void)
{
    cleave_config config = track_config("center:naive");
    const int64_t N = 4000;
    float *const x = track_noise(3, N, 2), *const buffer = track_noise(4, 4 * N, 2);
    float *stems[2] = {buffer, buffer + 2 * N};
    pthread_t thread;
    int64_t count, pulls = 0;
    cleave_status status;

    config.threads = 2;
    cleave_engine *engine = track_open(NULL, &config);
    TEST_CHECK(pthread_create(&thread, NULL, cancel_soon, engine) == 0);
    do {
        cleave_push(engine, x, N, &count);
        status = cleave_pull(engine, stems, N, &count);
    } while (status != CLEAVE_CANCELLED && pulls++ < 100000000);
    pthread_join(thread, NULL);
    count = 99;
    TEST_CHECK(status == CLEAVE_CANCELLED);
    TEST_CHECK(cleave_pull(engine, stems, N, &count) == CLEAVE_CANCELLED && count == 99);
    /* A reset engine knows nothing of it. */
    cleave_reset(engine);
    float *const out = track_separate(engine, x, N, 0, 0);
    TEST_CHECK(out && out[0] == 0.5f * x[0] + 0.5f * x[1]);
    cleave_cancel(engine);
    TEST_CHECK(cleave_pull(engine, stems, N, &count) == CLEAVE_CANCELLED);
    free(out);
    free(x);
    free(buffer);
    cleave_close(&engine);
}

/* ---- two threads --------------------------------------------------------------------------- */
struct feed {
    cleave_engine *engine;
    const float *x;
    int64_t frames;
};

static void *push_all(void *argument)
{
    const struct feed *const feed = argument;
    uint64_t seed = 5;
    int64_t count;

    for (int64_t at = 0; at < feed->frames; at += count) {
        const int64_t want = cleave_i64_min(track_draw(&seed, 3000), feed->frames - at);
        const cleave_status status = cleave_push(feed->engine, feed->x + at * 2, want, &count);
        TEST_CHECK(status == CLEAVE_OK || status == CLEAVE_AGAIN);
    }
    cleave_flush(feed->engine);
    return NULL;
}

static void two_threads(void)
{
    cleave_config config = track_config("identity");
    const int64_t N = 400000;
    float *const x = track_noise(3, N, 2), *const out = malloc((size_t)(N + 1) * 2 * sizeof *out);
    pthread_t thread;
    cleave_status status;
    int64_t pulled = 0, count;

    config.threads = 2;
    config.conserve = 1;
    config.shifts = 1;
    cleave_engine *engine = track_open(NULL, &config);
    for (int run = 0; run < 3; run++) {
        struct feed feed = {engine, x, N};
        TEST_CHECK(pthread_create(&thread, NULL, push_all, &feed) == 0);
        for (pulled = 0;; pulled += count) {
            float *stems[1] = {out + pulled * 2};
            do
                status = cleave_pull(engine, stems, cleave_i64_max(1, N - pulled), &count);
            while (status == CLEAVE_AGAIN);
            if (status != CLEAVE_OK)
                break;
        }
        pthread_join(thread, NULL);
        TEST_CHECK(status == CLEAVE_END && pulled == N);
        TEST_CHECK(!memcmp(out, x, (size_t)N * 2 * sizeof *x));
        cleave_reset(engine);
    }
    free(x);
    free(out);
    cleave_close(&engine);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"engine: defaults and lists", defaults},
        {"engine: memory reported is memory used", memory},
        {"engine: closing nothing", closing},
        {"engine: the naive centre is exact", naive_is_exact},
        {"engine: threads and runs do not matter", threads_do_not_matter},
        {"engine: misuse", misuse},
        {"engine: stems that are dropped", dropped_stems},
        {"engine: counters", counters},
        {"engine: memory map", maps},
        {"engine: cancelling", cancelling},
        {"engine: push and pull from two threads", two_threads},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
