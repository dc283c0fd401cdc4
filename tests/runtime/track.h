/* track.h: small engines and a whole track through one, for tests. */
#ifndef CLEAVE_TESTS_TRACK_H
#define CLEAVE_TESTS_TRACK_H

#include <stdlib.h>

#include "runtime/engine.h"
#include "tests/test.h"

/* A configuration with short segments: 800 frames. */
static inline cleave_config track_config(const char *model)
{
    cleave_config config;

    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.model = model;
    config.rate_hz = 8000;
    config.segment_seconds = 0.1;
    return config;
}

/* An engine, or NULL and a failure. */
static inline cleave_engine *track_open(const cleave_model *model, const cleave_config *config)
{
    cleave_engine *engine = NULL;
    cleave_error error;

    if (cleave_engine_open(model, config, &engine, &error) != CLEAVE_OK)
        TEST_FAIL("%s", error.message);
    return engine;
}

/* [frames][channels] of noise. */
static inline float *track_noise(uint64_t seed, int64_t frames, int32_t channels)
{
    float *const x = malloc((size_t)(frames * channels + 1) * sizeof *x);

    for (int64_t i = 0; i < frames * channels; i++)
        x[i] = test_uniform(seed, (uint64_t)i);
    return x;
}

/* A count in 1..max, from a seed that moves on. */
static inline int64_t track_draw(uint64_t *seed, int64_t max)
{
    return 1 + (int64_t)((test_uniform((*seed)++, 77) * 0.5 + 0.5) * (double)(max - 1));
}

/* Pushes the track and pulls its stems, stem after stem [O][frames][channels], into a new array.
 * Blocks are of random sizes up to block_max, drawn from `seed`; 0: as large as the engine takes.
 * NULL if a call answered what it may not. */
static inline float *track_separate(cleave_engine *engine, const float *x, int64_t frames,
                                    int64_t block_max, uint64_t seed)
{
    cleave_engine_info info;
    float *stems[CLEAVE_STEMS_MAX];
    int64_t pushed = 0, pulled = 0, flushed = 0;

    cleave_engine_info_get(engine, &info);
    const int64_t C = info.channels;
    float *const out = calloc((size_t)(info.stem_count * frames * C + 1), sizeof *out);
    for (;;) {
        const int64_t want = block_max ? track_draw(&seed, block_max) : frames + 1;
        int64_t count = -1;
        if (pushed < frames) {
            const cleave_status status = cleave_push(
                engine, x + pushed * C, want < frames - pushed ? want : frames - pushed, &count);
            if (!TEST_CHECK((status == CLEAVE_OK && count > 0) ||
                            (status == CLEAVE_AGAIN && count == 0)))
                break;
            pushed += count;
        } else if (!flushed) {
            flushed = 1;
            TEST_CHECK(cleave_flush(engine) == CLEAVE_OK);
        }
        for (int32_t s = 0; s < info.stem_count; s++)
            stems[s] = out + (s * frames + pulled) * C;
        const cleave_status status = cleave_pull(
            engine, stems, block_max ? track_draw(&seed, block_max) : frames + 1, &count);
        if (status == CLEAVE_END && TEST_CHECK(flushed && pulled == frames && count == 0))
            return out;
        if (!TEST_CHECK((status == CLEAVE_OK && count > 0 && pulled + count <= pushed) ||
                        (status == CLEAVE_AGAIN && count == 0 && !flushed)))
            break;
        pulled += count;
    }
    free(out);
    return NULL;
}

#endif
