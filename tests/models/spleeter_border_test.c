/* spleeter_border_test.c: what is lost where Spleeter's patches meet, and what a cross-fade saves.
 *
 * A patch knows nothing of its neighbours. The track is separated in short patches, end to end and
 * cross-faded, and once in a single patch that holds all of it. How far the first two are from the
 * last at the borders, and elsewhere, is printed in decibels of the stem. */
#include <math.h>
#include <stdio.h>

#include "tests/runtime/track.h"
#include "tests/signal.h"
#include "tests/spleeter_weights.h"

enum {
    RATE = 44100,
    FRAMES = 12 * RATE,
    STEMS = 2,
    PATCH = 256 * 1024,
    WHOLE = 576 * 1024,
    LEAD = 2560, /* before a patch's own samples: those of its frames that lie half inside */
    NEAR = RATE / 20
};

/* Stems [STEMS][FRAMES][2] of the test track; NULL and a failure if there are none. */
static float *separate(const cleave_network *network, int64_t patch, double overlap)
{
    cleave_config config;

    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CPU;
    config.model = "spleeter";
    config.network_count = 1;
    config.networks = network;
    config.segment_seconds = (double)patch / RATE;
    config.overlap = overlap;
    config.threads = 2;
    cleave_engine *engine = track_open(NULL, &config);
    float *const x = malloc(2 * FRAMES * sizeof *x), *const planar = malloc(2 * FRAMES * sizeof *x);
    test_signal(0, FRAMES, FRAMES, planar);
    for (int64_t n = 0; n < FRAMES; n++)
        for (int c = 0; c < 2; c++)
            x[2 * n + c] = planar[c * FRAMES + n];
    float *const out = engine ? track_separate(engine, x, FRAMES, 0, 0) : NULL;
    cleave_close(&engine);
    free(planar);
    free(x);
    return out;
}

/* Frames from the nearest border of patches that are laid end to end. */
static int64_t from_border(int64_t n)
{
    const int64_t at = (n + LEAD) % PATCH;

    return n + LEAD < PATCH / 2 ? PATCH : cleave_i64_min(at, PATCH - at);
}

typedef struct sums {
    double difference, stem;
} sums;

static double decibels(sums s)
{
    return 10 * log10(s.difference / s.stem);
}

/* How far `stems` are from those of the whole track at the borders, and well inside of patches. */
static void measure(const float *stems, const float *whole, double *border, double *inside)
{
    sums near = {0, 0}, far = {0, 0};

    for (int64_t i = 0; i < (int64_t)STEMS * 2 * FRAMES; i++) {
        const int64_t distance = from_border(i / 2 % FRAMES);
        const double difference = (double)stems[i] - (double)whole[i];
        sums *const s = distance < NEAR ? &near : &far;
        if (distance >= NEAR && distance < PATCH / 4)
            continue;
        s->difference += difference * difference;
        s->stem += (double)whole[i] * (double)whole[i];
    }
    *border = decibels(near);
    *inside = decibels(far);
}

static void borders(void)
{
    test_bytes file = {0};
    double border[2], inside[2];

    if (!test_spleeter_weights(SPLEETER_2STEMS, CLEAVE_WEIGHTS_F32, CLEAVE_WEIGHTS_F32, &file))
        return;
    const cleave_network network = {.weights = file.data, .weights_bytes = file.used};
    float *const whole = separate(&network, WHOLE, 0);
    float *const ends = separate(&network, PATCH, 0), *const faded =
                                                          separate(&network, PATCH, 0.25);
    if (TEST_CHECK(whole && ends && faded)) {
        measure(ends, whole, &border[0], &inside[0]);
        measure(faded, whole, &border[1], &inside[1]);
        printf("     end to end: %.1f dB at borders, %.1f dB inside\n", border[0], inside[0]);
        printf("     cross-faded: %.1f dB at borders, %.1f dB inside\n", border[1], inside[1]);
        TEST_CHECK(border[0] > inside[0] + 10); /* borders are there, where they are looked for */
        TEST_CHECK(border[1] < border[0] - 10);
    }
    free(faded);
    free(ends);
    free(whole);
    test_bytes_free(&file);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"spleeter: where patches meet", borders},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
