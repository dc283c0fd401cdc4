/* live_play.h: a track through a live object, for tests. */
#ifndef CLEAVE_TESTS_LIVE_PLAY_H
#define CLEAVE_TESTS_LIVE_PLAY_H

#include <string.h>

#include "runtime/live.h"
#include "tests/runtime/track.h"

/* Of the identity in segments of 0.1 s at 8 kHz. */
enum { BLOCK = 100, SEGMENT = 800, STRIDE = 600, LATENCY = SEGMENT + STRIDE + BLOCK };

static inline cleave_live_config live_config(const char *model, int32_t block)
{
    cleave_live_config config;

    cleave_live_config_default(&config);
    config.engine = track_config(model);
    if (!strcmp(model, "center"))
        config.engine.segment_seconds = 0.2; /* it needs 0.128 */
    config.block_frames_max = block;
    return config;
}

static inline cleave_live *live_open(const cleave_model *model, const cleave_live_config *config)
{
    cleave_live *live = NULL;
    cleave_error error;

    if (cleave_live_open_model(model, config, &live, &error) != CLEAVE_OK)
        TEST_FAIL("%s", error.message);
    return live;
}

/* What is being played: the input, and the stems as they come, [O][frames_max][C] each. */
typedef struct play {
    cleave_live *live;
    cleave_live_info info;
    const float *x;
    int64_t frames; /* of the input; what is processed beyond them is noise of another kind */
    int64_t at;     /* frames processed */
    int64_t frames_max;
    float *out;
    cleave_status status;
} play;

static inline play play_open(cleave_live *live, const float *x, int64_t frames, int64_t frames_max)
{
    play p = {.live = live, .x = x, .frames = frames, .frames_max = frames_max};

    cleave_live_info_get(live, &p.info);
    const int64_t values = p.info.engine.stem_count * frames_max * p.info.engine.channels;
    p.out = malloc((size_t)values * sizeof *p.out);
    for (int64_t i = 0; i < values; i++)
        p.out[i] = 9;
    return p;
}

/* One call of process; of the input if there is some left, else after the flush. */
static inline void play_block(play *p, int64_t frames)
{
    const int64_t C = p->info.engine.channels;
    float *stems[CLEAVE_STEMS_MAX];

    for (int32_t s = 0; s < p->info.engine.stem_count; s++)
        stems[s] = p->out + (s * p->frames_max + p->at) * C;
    assert(p->at + frames <= p->frames_max);
    p->status =
        cleave_live_process(p->live, p->at < p->frames ? p->x + p->at * C : NULL, stems, frames);
    p->at += frames;
}

/* Processes blocks up to frame `end` without waiting for the thread. */
static inline void play_until(play *p, int64_t end, int64_t block)
{
    while (p->at < end) {
        play_block(p, cleave_i64_min(block, end - p->at));
        TEST_CHECK(p->status == CLEAVE_OK);
    }
}

/* The whole track, waiting after each block; of random sizes if `seed` is not 0. */
static inline void play_all(play *p, int64_t block, uint64_t seed)
{
    const int64_t end = p->frames + p->info.latency_frames;

    while (p->at < end) {
        const int64_t most = seed ? track_draw(&seed, block) : block;
        const int64_t left = p->at < p->frames ? p->frames - p->at : end - p->at;
        if (p->at == p->frames)
            TEST_CHECK(cleave_live_flush(p->live) == CLEAVE_OK);
        play_block(p, cleave_i64_min(most, left));
        TEST_CHECK(p->status == (p->at == end ? CLEAVE_END : CLEAVE_OK));
        cleave_live_wait(p->live);
    }
}

/* Whether the frames [from, to) of the track came out as `want`, [O][frames][C], has them; NULL:
 * as silence. Prints the first that did not. */
static inline int came_out(const play *p, const float *want, int64_t from, int64_t to)
{
    const int64_t C = p->info.engine.channels, L = p->info.latency_frames;

    for (int32_t s = 0; s < p->info.engine.stem_count; s++)
        for (int64_t n = from; n < to; n++)
            for (int64_t c = 0; c < C; c++) {
                const float got = p->out[(s * p->frames_max + n + L) * C + c];
                const float expected = want ? want[(s * p->frames + n) * C + c] : 0;
                if (memcmp(&got, &expected, sizeof got) != 0)
                    return TEST_FAIL("stem %d, frame %lld: %g instead of %g", (int)s, (long long)n,
                                     (double)got, (double)expected);
            }
    return TEST_CHECK(from < to);
}

/* All frames that came out are accounted for. */
static inline void check_balance(const play *p)
{
    cleave_live_stats stats;

    cleave_live_stats_get(p->live, &stats);
    TEST_CHECK((uint64_t)(p->at - p->info.latency_frames) ==
               stats.frames_out + stats.underrun_frames);
    TEST_CHECK(stats.frames_in + stats.overrun_frames ==
               (uint64_t)cleave_i64_min(p->at, p->frames));
}

/* The stems of the track, computed at leisure. */
static inline float *offline(const cleave_model *model, const cleave_live_config *config,
                             const float *x, int64_t frames)
{
    cleave_engine *engine = track_open(model, &config->engine);
    float *const out = engine ? track_separate(engine, x, frames, 0, 0) : NULL;

    cleave_close(&engine);
    return out;
}

#endif
