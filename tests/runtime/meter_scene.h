/* meter_scene.h: what the tests of the meter share: one meter after another, and tones. */
#ifndef CLEAVE_TESTS_RUNTIME_METER_SCENE_H
#define CLEAVE_TESTS_RUNTIME_METER_SCENE_H

#include "runtime/cleave_meter.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A programme under construction. */
typedef struct scene {
    int32_t rate_hz, channels;
    int64_t frames, room;
    float *data; /* interleaved */
} scene;

static inline scene scene_new(int32_t rate_hz, int32_t channels)
{
    return (scene){.rate_hz = rate_hz, .channels = channels};
}

static inline void scene_free(scene *s)
{
    free(s->data);
    *s = (scene){0};
}

/* So many seconds more, silent; returns the first new frame. */
static inline float *scene_extend(scene *s, double seconds)
{
    const int64_t frames = (int64_t)(seconds * s->rate_hz + 0.5), old = s->frames;

    if (old + frames > s->room) {
        s->room = 2 * (old + frames);
        s->data = realloc(s->data, (size_t)(s->room * s->channels) * sizeof *s->data);
    }
    memset(s->data + old * s->channels, 0, (size_t)(frames * s->channels) * sizeof *s->data);
    s->frames += frames;
    return s->data + old * s->channels;
}

/* A sine on channels from..to, of `dbfs` decibels peak, its phase running with the programme. */
static inline void scene_tone(scene *s, float *at, double hz, double dbfs, int from, int to)
{
    const double amplitude = pow(10, dbfs / 20);
    const int64_t first = (at - s->data) / s->channels;

    for (int64_t t = first; t < s->frames; t++)
        for (int c = from; c <= to; c++)
            s->data[t * s->channels + c] =
                (float)(amplitude * sin(2 * M_PI * hz * (double)t / s->rate_hz));
}

/* All channels, 1 kHz. */
static inline void scene_add(scene *s, double seconds, double dbfs)
{
    float *at = scene_extend(s, seconds);

    scene_tone(s, at, 1000, dbfs, 0, s->channels - 1);
}

/* Of the scene, in blocks of `step` frames. */
static inline void scene_measure_by(const scene *s, const cleave_meter_config *config, int64_t step,
                                    cleave_meter_result *result)
{
    const size_t bytes = cleave_meter_need(config, NULL);
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    cleave_meter *m = NULL;

    if (!TEST_CHECK(bytes && cleave_meter_init(config, memory, bytes, &m) == CLEAVE_OK))
        exit(2);
    for (int64_t i = 0; i < s->frames; i += step)
        cleave_meter_push(m, s->data + i * s->channels,
                          s->frames - i < step ? s->frames - i : step);
    cleave_meter_finish(m, result);
    free(memory);
}

static inline cleave_meter_result *scene_measure(const scene *s)
{
    cleave_meter_result *result = malloc(sizeof *result);
    cleave_meter_config config;

    cleave_meter_config_default(s->rate_hz, s->channels, &config);
    scene_measure_by(s, &config, 4096, result);
    return result;
}

static inline void scene_near(const char *what, double value, double expected, double below,
                              double above)
{
    if (value >= expected - below && value <= expected + above)
        TEST_CHECK(1);
    else
        TEST_FAIL("%s is %.3f, not %.3f", what, value, expected);
}

#endif
