/* live_errors_test.c: what a live object refuses, what it takes, and an engine that fails. */
#include "tests/runtime/live_play.h"

static void check_refused(cleave_live_config config, cleave_status status, const char *word)
{
    cleave_live *live = NULL;
    cleave_memory need;
    cleave_error error = {0};

    TEST_CHECK(cleave_live_need(&config, &need, &error) == status);
    TEST_CHECK(error.status == status && strstr(error.message, word) != NULL);
    TEST_CHECK(cleave_live_open(&config, &live, &error) == status && live == NULL);
    TEST_CHECK(cleave_live_open(&config, &live, NULL) == status && live == NULL);
}

static void refused(void)
{
    static const int64_t blocks[] = {0, -1, CLEAVE_LIVE_BLOCK_FRAMES_MAX + 1};
    static const int64_t latencies[] = {-1, 1, SEGMENT + BLOCK - 1,
                                        CLEAVE_LIVE_LATENCY_FRAMES_MAX + 1, INT64_MAX};
    cleave_live_config config = live_config("identity", BLOCK);

    for (int i = 0; i < 3; i++) {
        config.block_frames_max = (int32_t)blocks[i];
        check_refused(config, CLEAVE_INVALID, "block_frames_max");
    }
    config = live_config("identity", BLOCK);
    for (int i = 0; i < 5; i++) {
        config.latency_frames = latencies[i];
        check_refused(config, CLEAVE_INVALID, "latency_frames");
    }
    check_refused(live_config("identitty", BLOCK), CLEAVE_NO_MODEL, "identitty");
}

static void memory(void)
{
    const cleave_live_config config = live_config("center", BLOCK);
    cleave_live *live = NULL;
    cleave_live_info info;
    cleave_memory need;
    cleave_error error;

    if (!TEST_CHECK(cleave_live_need(&config, &need, &error) == CLEAVE_OK))
        return;
    const size_t bytes = need.host_bytes;
    unsigned char *const arena = aligned_alloc(64, cleave_align_up(bytes) + 64);
    memset(arena, 0x5A, cleave_align_up(bytes) + 64);
    TEST_CHECK(cleave_live_init(&config, NULL, bytes, &live, &error) == CLEAVE_INVALID);
    TEST_CHECK(cleave_live_init(&config, arena + 8, bytes, &live, &error) == CLEAVE_INVALID);
    TEST_CHECK(cleave_live_init(&config, arena, bytes - 1, &live, &error) == CLEAVE_NO_MEMORY);
    TEST_CHECK(live == NULL && strstr(error.message, "arena") != NULL);
    if (TEST_CHECK(cleave_live_init(&config, arena, bytes, &live, &error) == CLEAVE_OK)) {
        const int64_t N = 3000;
        float *const x = track_noise(17, N, 2);
        cleave_live_info_get(live, &info);
        TEST_CHECK(info.memory.host_bytes == bytes && info.block_frames_max == BLOCK);
        TEST_CHECK(info.engine.memory.host_bytes < bytes && info.engine.stem_count == 2);
        play p = play_open(live, x, N, N + info.latency_frames);
        play_all(&p, BLOCK, 0);
        cleave_live_close(&live);
        for (size_t i = bytes; i < cleave_align_up(bytes) + 64; i++)
            TEST_CHECK(arena[i] == 0x5A);
        free(p.out);
        free(x);
    }
    free(arena);
    cleave_live_close(NULL);
    cleave_live_close(&live);
}

static void misuse(void)
{
    const cleave_live_config config = live_config("identity", BLOCK);
    cleave_live *live = live_open(NULL, &config);
    float in[2 * (BLOCK + 1)] = {0}, out[2 * (BLOCK + 1)];
    float *const stems[1] = {out}, *const none[1] = {NULL};
    int64_t count = -7;

    TEST_CHECK(cleave_live_process(live, in, stems, BLOCK + 1) == CLEAVE_INVALID);
    TEST_CHECK(cleave_live_process(live, in, stems, -1) == CLEAVE_INVALID);
    TEST_CHECK(cleave_live_process(live, in, NULL, BLOCK) == CLEAVE_INVALID);
    TEST_CHECK(cleave_live_process(live, NULL, stems, BLOCK) == CLEAVE_INVALID);
    TEST_CHECK(cleave_live_push(live, NULL, 1, &count) == CLEAVE_INVALID);
    TEST_CHECK(cleave_live_push(live, in, -1, &count) == CLEAVE_INVALID);
    TEST_CHECK(cleave_live_pull(live, NULL, 1, &count) == CLEAVE_INVALID);
    TEST_CHECK(cleave_live_pull(live, stems, 0, &count) == CLEAVE_INVALID && count == -7);
    cleave_live_stats stats;
    cleave_live_stats_get(live, &stats);
    TEST_CHECK(stats.frames_in == 0 && stats.frames_out == 0 && stats.underruns == 0);

    TEST_CHECK(cleave_live_process(live, NULL, stems, 0) == CLEAVE_OK);
    TEST_CHECK(cleave_live_process(live, in, none, BLOCK) == CLEAVE_OK);
    TEST_CHECK(cleave_live_push(live, NULL, 0, &count) == CLEAVE_OK && count == 0);
    TEST_CHECK(cleave_live_flush(live) == CLEAVE_OK);
    TEST_CHECK(cleave_live_push(live, in, 1, &count) == CLEAVE_INVALID);
    TEST_CHECK(cleave_live_normalize(live, 0, 1) == CLEAVE_INVALID);
    cleave_live_close(&live);
}

/* An engine that fails: silence and its status, until the next track. */
static void failure(void)
{
    const int64_t N = 3000;
    const cleave_live_config config = live_config("identity", BLOCK);
    float *const x = track_noise(18, N, 2);
    cleave_live *live = live_open(NULL, &config);
    play p = play_open(live, x, N, N + LATENCY);
    float *const stems[1] = {p.out};
    int64_t count = -7;

    cleave_cancel(live->engine);
    while (p.at < N) {
        play_block(&p, BLOCK);
        cleave_live_wait(live);
    }
    TEST_CHECK(p.status == CLEAVE_CANCELLED);
    came_out(&p, NULL, -LATENCY, N - LATENCY);
    TEST_CHECK(cleave_live_pull(live, stems, 1, &count) == CLEAVE_CANCELLED && count == -7);
    cleave_live_reset(live);
    p.at = 0;
    play_all(&p, BLOCK, 0);
    came_out(&p, x, 0, N);
    cleave_live_close(&live);
    free(p.out);
    free(x);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"live: configurations that are refused", refused},
        {"live: takes the memory it says", memory},
        {"live: calls that are refused", misuse},
        {"live: an engine that fails", failure},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
