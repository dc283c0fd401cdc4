/* live_test.c: the real-time form: the engine's stems, later, in their places. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "tests/runtime/alloc_trap.h"
#include "tests/runtime/live_play.h"
#include "tests/spleeter_weights.h"
#include "tests/stretch_model.h"

/* ---- the same stems, later ------------------------------------------------------------------- */
typedef struct manner {
    const char *model;
    const cleave_model *unlisted;
    int32_t block;
    int64_t more_latency; /* than a segment and a block; 0: the default */
    uint64_t seed;        /* not 0: blocks are of random sizes up to the maximum */
    int64_t frames;
    int32_t threads, shifts, conserve, channels;
    double segment_seconds, overlap;
} manner;

static const manner manners[] = {
    {"identity", NULL, 1, .frames = 3001},
    {"identity", NULL, 64, .frames = 9000},
    {"identity", NULL, 512, .frames = 9000},
    {"identity", NULL, 1000, .frames = 9000, .channels = 5},
    {"identity", NULL, 65536, .frames = 200000},
    {"identity", NULL, 64, .frames = 9000, .more_latency = 1},
    {"identity", NULL, 64, .frames = 9000, .more_latency = 5000},
    {"identity", NULL, 700, .seed = 1, .frames = 20011, .overlap = 0.9},
    {"identity", NULL, 5, .seed = 2, .frames = 1},
    {"center:naive", NULL, 512, .seed = 3, .frames = 9000, .shifts = 3, .conserve = 1},
    {"center", NULL, 1, .frames = 3001},
    {"center", NULL, 64, .frames = 9000, .threads = 2},
    {"center", NULL, 512, .frames = 30000, .segment_seconds = 1},
    {"center", NULL, 1000, .frames = 30000, .segment_seconds = 1, .shifts = 2},
    {"center", NULL, 1000, .seed = 4, .frames = 30000, .segment_seconds = 0.5, .threads = 3},
    {"stretch", &test_model_stretch, 1, .frames = 3001},
    {"stretch", &test_model_stretch, 64, .frames = 9000},
    {"stretch", &test_model_stretch, 512, .frames = 9000, .shifts = 1},
    {"stretch", &test_model_stretch, 1000, .seed = 5, .frames = 9000, .channels = 1},
    {"stretch", &test_model_stretch_memory, 333, .seed = 6, .frames = 9000},
};

/* Plays noise through the object: what comes out is what the engine gives offline, in its place. */
static void check_live(const cleave_model *unlisted, const cleave_live_config *config,
                       int64_t frames, uint64_t seed)
{
    const int32_t block = config->block_frames_max;
    float *const x = track_noise(7, frames, config->engine.channels);
    float *const want = offline(unlisted, config, x, frames);
    cleave_live *live = live_open(unlisted, config);

    if (live && want) {
        const cleave_live_info *info = &live->info;
        play p = play_open(live, x, frames, frames + info->latency_frames);
        cleave_live_stats stats;
        TEST_CHECK(info->latency_frames ==
                   (config->latency_frames
                        ? config->latency_frames
                        : info->engine.segment_frames + info->engine.stride_frames + block));
        play_all(&p, block, seed);
        if (!came_out(&p, NULL, -info->latency_frames, 0) || !came_out(&p, want, 0, frames))
            TEST_FAIL("%s, blocks of %d", config->engine.model, (int)block);
        cleave_live_stats_get(live, &stats);
        TEST_CHECK(stats.frames_in == (uint64_t)frames && stats.frames_out == stats.frames_in);
        TEST_CHECK(!stats.underruns && !stats.underrun_frames && !stats.skipped_frames);
        TEST_CHECK(!stats.overruns && !stats.overrun_frames);
        TEST_CHECK(stats.segments > 0 && stats.worst_block_ns && stats.worst_segment_ns);
        free(p.out);
    }
    cleave_live_close(&live);
    free(want);
    free(x);
}

static void check_manner(const manner *m)
{
    cleave_live_config config = live_config(m->model, m->block);

    config.engine.threads = m->threads ? m->threads : 1;
    config.engine.shifts = m->shifts;
    config.engine.conserve = m->conserve;
    config.engine.channels = m->channels ? m->channels : 2;
    if (m->segment_seconds > 0)
        config.engine.segment_seconds = m->segment_seconds;
    if (m->overlap > 0)
        config.engine.overlap = m->overlap;
    if (m->more_latency)
        config.latency_frames =
            (int64_t)(config.engine.segment_seconds * 8000) + m->block + m->more_latency;
    check_live(m->unlisted, &config, m->frames, m->seed);
}

/* A small Spleeter network in patches of 64 frames of its transform, added and cross-faded. */
static void spleeter_later(void)
{
    static const double overlaps[] = {CLEAVE_OVERLAP_MODEL, 0.5};
    cleave_network network = {0};
    test_bytes file = {0};

    if (!test_spleeter_weights(SPLEETER_TINY, CLEAVE_WEIGHTS_F32, CLEAVE_WEIGHTS_F32, &file))
        return;
    network.weights = file.data;
    network.weights_bytes = file.used;
    for (size_t i = 0; i < 2; i++) {
        cleave_live_config config;
        cleave_live_config_default(&config);
        config.engine.device = CLEAVE_DEVICE_CPU;
        config.block_frames_max = 512;
        config.engine.model = "spleeter";
        config.engine.network_count = 1;
        config.engine.networks = &network;
        config.engine.segment_seconds = 1.486;
        config.engine.overlap = overlaps[i];
        check_live(NULL, &config, 200000, i);
    }
    test_bytes_free(&file);
}

static void same_stems_later(void)
{
    for (size_t i = 0; i < sizeof manners / sizeof manners[0]; i++)
        check_manner(&manners[i]);
    test_passed_count((int)(sizeof manners / sizeof manners[0]));
}

/* ---- a minute -------------------------------------------------------------------------------- */
/* Of this thread alone: another process that takes the processor does not count. */
static double processor_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* 60 s at 44.1 kHz in blocks of 512 frames. A callback that computed a segment would take longer
 * than a block; one that copies takes a small part of it, also in a build that is watched. */
static void play_minute(cleave_live_config *config)
{
    enum { RATE = 44100, FRAMES = 512, SECONDS = 60, BLOCKS = RATE * SECONDS / FRAMES };
    static float x[RATE * 2], out[2][FRAMES * 2];
    float *const stems[2] = {out[0], out[1]};
    const double deadline = (double)FRAMES / RATE;
    cleave_live_stats stats;
    double worst = 0;

    config->block_frames_max = FRAMES;
    config->engine.segment_seconds = 2.972; /* 128 frames of Spleeter's transform */
    for (int i = 0; i < RATE * 2; i++)
        x[i] = 0.5f * test_uniform(21, (uint64_t)i);
    cleave_live *live = live_open(NULL, config);
    if (!live)
        return;
    for (int b = 0; b < BLOCKS; b++) {
        const double before = processor_seconds();
        TEST_CHECK(cleave_live_process(live, x + 2 * (b * FRAMES % (RATE - FRAMES)), stems,
                                       FRAMES) == CLEAVE_OK);
        worst = fmax(worst, processor_seconds() - before);
        cleave_live_wait(live);
    }
    cleave_live_stats_get(live, &stats);
    printf("     %s: %d blocks, the worst took %.1f us of processor time, %.1f us in all; deadline "
           "%.1f us\n",
           config->engine.model, (int)BLOCKS, 1e6 * worst, 1e-3 * (double)stats.worst_block_ns,
           1e6 * deadline);
    TEST_CHECK(worst < deadline);
    TEST_CHECK(stats.underruns == 0 && stats.overruns == 0 && stats.segments >= 20);
    TEST_CHECK((int64_t)stats.frames_out == BLOCKS * (int64_t)FRAMES - live->info.latency_frames);
    cleave_live_close(&live);
}

static void minute(void)
{
    cleave_live_config config;

    cleave_live_config_default(&config);
    config.engine.device = CLEAVE_DEVICE_CPU;
    play_minute(&config);
}

static void minute_of_spleeter(void)
{
    cleave_live_config config;
    cleave_network network = {0};
    test_bytes file = {0};

    cleave_live_config_default(&config);
    config.engine.device = CLEAVE_DEVICE_CPU;
    if (!test_spleeter_weights(SPLEETER_TINY, CLEAVE_WEIGHTS_F32, CLEAVE_WEIGHTS_F32, &file))
        return;
    network.weights = file.data;
    network.weights_bytes = file.used;
    config.engine.model = "spleeter";
    config.engine.network_count = 1;
    config.engine.networks = &network;
    play_minute(&config);
    test_bytes_free(&file);
}

/* ---- tracks ---------------------------------------------------------------------------------- */
static void second_track(void)
{
    const int64_t N = 5000;
    const cleave_live_config config = live_config("center", 64);
    float *const x = track_noise(13, N, 2);
    float *const want = offline(NULL, &config, x, N);
    cleave_live *live = live_open(NULL, &config);
    cleave_live_stats stats;

    /* Given up before, within and after its stems, while the thread is at the last frames, for
     * which the input ring has room; ended; empty. */
    static const int64_t given_up[] = {0, 1, 900, 1700, 4000};
    for (size_t i = 0; live && want && i < sizeof given_up / sizeof given_up[0]; i++) {
        play p = play_open(live, x, N, N + live->info.latency_frames);
        while (p.at + 1000 < given_up[i]) {
            play_until(&p, p.at + 500, 64);
            cleave_live_wait(live);
        }
        play_until(&p, given_up[i], 64);
        cleave_live_reset(live);
        p.at = 0;
        play_all(&p, 64, i);
        came_out(&p, NULL, -live->info.latency_frames, 0);
        came_out(&p, want, 0, N);
        TEST_CHECK(cleave_live_flush(live) == CLEAVE_OK);
        cleave_live_reset(live);
        p.at = p.frames = 0;
        play_all(&p, 64, i);
        TEST_CHECK(came_out(&p, NULL, -live->info.latency_frames, 0));
        cleave_live_reset(live);
        free(p.out);
    }
    cleave_live_stats_get(live, &stats);
    TEST_CHECK(stats.frames_in == 5u * (uint64_t)N + 0 + 1 + 900 + 1700 + 4000);
    cleave_live_close(&live);
    TEST_CHECK(live == NULL);
    free(want);
    free(x);
}

static void silence_behind_the_end(void)
{
    const cleave_live_config config = live_config("identity", 512);
    const int64_t N = 1000;
    float *const x = track_noise(14, N, 2);
    cleave_live *live = live_open(NULL, &config);
    play p = play_open(live, x, N, N + live->info.latency_frames + 1024);

    play_until(&p, N, 500);
    cleave_live_flush(live);
    cleave_live_wait(live);
    for (p.status = CLEAVE_OK; p.at + 512 <= N + live->info.latency_frames;) {
        TEST_CHECK(p.status == CLEAVE_OK);
        play_block(&p, 512);
    }
    play_block(&p, 512); /* holds the last frame */
    TEST_CHECK(p.status == CLEAVE_END);
    play_block(&p, 100);
    TEST_CHECK(p.status == CLEAVE_END);
    came_out(&p, x, 0, N);
    came_out(&p, NULL, N, p.at - live->info.latency_frames);
    check_balance(
        &(play){.live = live, .info = p.info, .frames = N, .at = N + p.info.latency_frames});
    cleave_live_close(&live);
    free(p.out);
    free(x);
}

static void normalized(void)
{
    const int64_t N = 5000;
    const cleave_live_config config = live_config("stretch", 64);
    float *const x = track_noise(15, N, 2);
    cleave_engine *engine = track_open(&test_model_stretch, &config.engine);
    cleave_live *live = live_open(&test_model_stretch, &config);

    for (int track = 0; track < 2; track++) {
        TEST_CHECK(cleave_normalize(engine, 0.01, 0.5 + track) == CLEAVE_OK);
        TEST_CHECK(cleave_live_normalize(live, 0.01, -1) == CLEAVE_INVALID);
        TEST_CHECK(cleave_live_normalize(live, 0.01, 0.5 + track) == CLEAVE_OK);
        float *const want = track_separate(engine, x, N, 0, 0);
        play p = play_open(live, x, N, N + live->info.latency_frames);
        play_all(&p, 64, 0);
        came_out(&p, want, 0, N);
        TEST_CHECK(cleave_live_normalize(live, 0, 1) == CLEAVE_INVALID);
        cleave_reset(engine);
        cleave_live_reset(live);
        free(p.out);
        free(want);
    }
    cleave_close(&engine);
    cleave_live_close(&live);
    free(x);
}

/* ---- two threads ----------------------------------------------------------------------------- */
typedef struct pusher {
    cleave_live *live;
    const float *x;
    int64_t frames;
} pusher;

static void *push_all(void *context)
{
    const pusher *const p = context;
    uint64_t seed = 3;

    for (int64_t at = 0, count; at < p->frames; at += count) {
        const int64_t some = cleave_i64_min(track_draw(&seed, 900), p->frames - at);
        const cleave_status status = cleave_live_push(p->live, p->x + 2 * at, some, &count);
        TEST_CHECK((status == CLEAVE_OK && count > 0) || (status == CLEAVE_AGAIN && count == 0));
        if (status == CLEAVE_AGAIN)
            sched_yield();
    }
    TEST_CHECK(cleave_live_flush(p->live) == CLEAVE_OK);
    TEST_CHECK(cleave_live_flush(p->live) == CLEAVE_OK);
    return NULL;
}

static _Atomic int watching;

static void *watch(void *context)
{
    cleave_live_stats before = {0}, now;

    while (atomic_load(&watching)) {
        cleave_live_stats_get(context, &now);
        TEST_CHECK(now.frames_in >= before.frames_in && now.frames_out >= before.frames_out);
        before = now;
        cleave_live_wait(context);
    }
    return NULL;
}

/* Pulls the track in blocks of random sizes and holds it against `want`, [2][N][2]. */
static void pull_all(cleave_live *live, const float *want, int64_t N)
{
    static float out[2][700 * 2];
    float *const stems[2] = {out[0], out[1]};
    uint64_t seed = 4;

    for (int64_t at = 0, count;; at += count) {
        const int64_t most = track_draw(&seed, 700);
        const cleave_status status = cleave_live_pull(live, stems, most, &count);
        if (status == CLEAVE_END) {
            TEST_CHECK(at == N && count == 0);
            return;
        }
        if (status == CLEAVE_AGAIN)
            sched_yield();
        if (!TEST_CHECK((status == CLEAVE_OK && count > 0 && count <= most && at + count <= N) ||
                        (status == CLEAVE_AGAIN && count == 0)))
            return;
        for (int s = 0; s < 2; s++)
            TEST_CHECK(!memcmp(out[s], want + 2 * (s * N + at), (size_t)count * 2 * sizeof(float)));
    }
}

static void push_and_pull(void)
{
    const int64_t N = 100000;
    cleave_live_config config = live_config("center", 64);
    float *const x = track_noise(16, N, 2);
    cleave_live_stats stats;
    pthread_t thread, watcher;

    config.engine.segment_seconds = 0.5;
    config.engine.threads = 2;
    float *const want = offline(NULL, &config, x, N);
    cleave_live *live = live_open(NULL, &config);
    pusher p = {live, x, N};
    for (int track = 0; live && want && track < 2; track++) {
        atomic_store(&watching, 1);
        pthread_create(&watcher, NULL, watch, live);
        pthread_create(&thread, NULL, push_all, &p);
        pull_all(live, want, N);
        pthread_join(thread, NULL);
        atomic_store(&watching, 0);
        pthread_join(watcher, NULL);
        cleave_live_reset(live);
    }
    cleave_live_stats_get(live, &stats);
    TEST_CHECK(stats.frames_in == 2u * (uint64_t)N && stats.frames_out == 2u * (uint64_t)N);
    TEST_CHECK(!stats.overruns && !stats.overrun_frames && !stats.underruns);
    cleave_live_close(&live);
    free(want);
    free(x);
}

/* A stem that nobody wants is passed over, the others are as ever. */
static void null_stems(void)
{
    const int64_t N = 4000;
    const cleave_live_config config = live_config("center:naive", BLOCK);
    float *const x = track_noise(19, N, 2);
    cleave_live *live = live_open(NULL, &config);
    float *const want = offline(NULL, &config, x, N);
    play p = play_open(live, x, N, N + LATENCY);

    while (p.at < N + LATENCY) {
        float *const to = p.out + 2 * (p.frames_max + p.at);
        float *const stems[2] = {NULL, p.at / BLOCK % 3 ? to : NULL};
        if (p.at == N)
            cleave_live_flush(live);
        cleave_live_process(live, p.at < N ? x + 2 * p.at : NULL, stems, BLOCK);
        cleave_live_wait(live);
        for (int64_t i = 0; i < 2 * BLOCK; i++) {
            const int64_t n = 2 * (p.at - LATENCY) + i;
            TEST_CHECK(to[i] == (!stems[1] ? 9 : n < 0 ? 0 : want[2 * N + n]));
            TEST_CHECK(p.out[2 * p.at + i] == 9);
        }
        p.at += BLOCK;
    }
    cleave_live_close(&live);
    free(p.out);
    free(want);
    free(x);
}

/* ---- no allocation --------------------------------------------------------------------------- */
/* The trap counts the calls of all threads: this one's and those that compute. */
static void allocates_nothing(void)
{
    const int64_t N = 20000;
    cleave_live_config config = live_config("center", 512);
    float *const x = track_noise(20, N, 2);

    config.engine.threads = 2;
    cleave_live *live = live_open(NULL, &config);
    play p = play_open(live, x, N, N + live->info.latency_frames);
    cleave_live_stats stats;
    cleave_live_wait(live);
    const uint64_t before = alloc_trap_count();
    for (int track = 0; track < 2; track++) {
        p.at = 0;
        cleave_live_normalize(live, 0, 1);
        play_all(&p, 512, 1);
        cleave_live_stats_get(live, &stats);
        cleave_live_reset(live);
    }
    TEST_CHECK(alloc_trap_count() == before);
    TEST_CHECK(stats.frames_out == 2u * (uint64_t)N);
    cleave_live_close(&live);
    free(p.out);
    free(x);
    if (!alloc_trap_set())
        test_skip("a sanitizer owns malloc in this build: played, not counted");
    else
        TEST_CHECK(alloc_trap_count() > before);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"live: the engine's stems, latency_frames later", same_stems_later},
        {"live: patches of Spleeter, later", spleeter_later},
        {"live: a minute in blocks of 512", minute},
        {"live: a minute of Spleeter in blocks of 512", minute_of_spleeter},
        {"live: reset, flush and other tracks", second_track},
        {"live: silence behind the end", silence_behind_the_end},
        {"live: normalized tracks", normalized},
        {"live: pushed by one thread, pulled by another", push_and_pull},
        {"live: NULL stems", null_stems},
        {"live: no thread calls an allocator", allocates_nothing},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
