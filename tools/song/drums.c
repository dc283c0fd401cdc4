/* drums.c: the drum kit of the demo song: kick and snare in the centre, as in a record, cymbals to
 * the sides. */
#include "tools/song/dsp.h"

#include <math.h>

static int64_t frame_of(const song *s, double time_s)
{
    return (int64_t)lrint(time_s * s->rate_hz);
}

/* A sine that falls from 160 to 48 Hz, and the beater's click; driven softly into saturation. */
static void kick(const song *s, track *out, noise *n, double time_s, double velocity)
{
    int64_t at = frame_of(s, time_s), length = frame_of(s, 0.5);
    double phase = 0;

    for (int64_t i = 0; i < length; i++) {
        double t = (double)i / s->rate_hz;
        phase += (48 + 112 * exp(-t / 0.026)) / s->rate_hz;
        double body = sin(2 * M_PI * phase) * exp(-t / 0.15);
        double click = noise_next(n) * exp(-t / 0.003);
        double fade = fmin(1, 20 * (0.5 - t));
        track_add(out, at + i, 0.9 * velocity * fade * tanh(1.8 * body + 0.25 * click), 0);
    }
}

/* Two modes of the skin and the rattle of the wires. */
static void snare(const song *s, track *out, noise *n, double time_s, double velocity)
{
    int64_t at = frame_of(s, time_s), length = frame_of(s, 0.45);
    biquad high = {0}, presence = {0};

    biquad_highpass(&high, 900, 0.7, s->rate_hz);
    biquad_bandpass(&presence, 4200, 0.8, s->rate_hz);
    for (int64_t i = 0; i < length; i++) {
        double t = (double)i / s->rate_hz, wires = noise_next(n);
        double skin = sin(2 * M_PI * 188 * t * (1 + 0.1 * exp(-t / 0.01))) * exp(-t / 0.08) +
                      0.5 * sin(2 * M_PI * 331 * t) * exp(-t / 0.05);
        wires = biquad_next(&high, wires) + biquad_next(&presence, wires);
        double x = 0.7 * skin + 0.5 * wires * (0.8 * exp(-t / 0.09) + 0.2 * exp(-t / 0.02));
        track_add(out, at + i, 0.8 * velocity * fmin(1, 20 * (0.45 - t)) * tanh(1.4 * x), 0.04);
    }
}

/* Metal: six square waves at ratios of no common root, and noise, above `cut_hz`. */
static void cymbal(const song *s, track *out, noise *n, double time_s, double velocity,
                   double decay_s, double cut_hz, double pan, double width)
{
    static const double partial_hz[6] = {411, 565, 731, 833, 1079, 1487};
    int64_t at = frame_of(s, time_s), length = frame_of(s, 5 * decay_s);
    biquad mid = {0}, side = {0};

    biquad_highpass(&mid, cut_hz, 0.8, s->rate_hz);
    biquad_highpass(&side, cut_hz, 0.8, s->rate_hz);
    for (int64_t i = 0; i < length; i++) {
        double t = (double)i / s->rate_hz, metal = 0, level = velocity * exp(-t / decay_s);
        for (int k = 0; k < 6; k++)
            metal += fmod(t * partial_hz[k] * 4.1, 1) < 0.5 ? 0.15 : -0.15;
        double x = biquad_next(&mid, metal + noise_next(n));
        double y = width * biquad_next(&side, noise_next(n));
        track_add(out, at + i, 0.4 * level * x, pan);
        track_add(out, at + i, 0.4 * level * y, -1);
        track_add(out, at + i, -0.4 * level * y, 1);
    }
}

static void tom(const song *s, track *out, double time_s, double velocity, double hz, double pan)
{
    int64_t at = frame_of(s, time_s), length = frame_of(s, 0.5);
    double phase = 0;

    for (int64_t i = 0; i < length; i++) {
        double t = (double)i / s->rate_hz;
        phase += hz * (1 + 0.5 * exp(-t / 0.03)) / s->rate_hz;
        track_add(out, at + i, 0.7 * velocity * sin(2 * M_PI * phase) * exp(-t / 0.12), pan);
    }
}

/* Strength of each sixteenth of a bar; the last bar of a cycle has the fill. */
static const double kick_steps[16] = {1, 0, 0, 0, 0, 0, 0, .7, .9, 0, .6, 0, 0, 0, 0, 0};
static const double snare_steps[16] = {0, 0, 0, 0, 1, 0, 0, .14, 0, .18, 0, 0, 1, 0, 0, .2};
static const double hat_steps[16] = {.9, .35, .6, .3, .9, .35, .6, .45,
                                     .9, .35, .6, .3, .9, .4,  0,  .3};
static const double tom_hz[4] = {196, 165, 131, 98};

static void play_bar(const song *s, track *out, noise *n, int bar)
{
    int fill = bar % SONG_CYCLE_BARS == SONG_CYCLE_BARS - 1;

    for (int step = 0; step < 16; step++) {
        double late_s = 0.002 * noise_next(n), loud = 1 + 0.08 * noise_next(n);
        double t = song_time_s(s, bar * SONG_BEATS_PER_BAR + step * 0.25) + late_s;
        if (kick_steps[step] > 0)
            kick(s, out, n, t, loud * kick_steps[step]);
        if (fill && step >= 12)
            tom(s, out, t, loud, tom_hz[step - 12], -0.6 + 0.4 * (step - 12));
        else if (snare_steps[step] > 0)
            snare(s, out, n, t, loud * snare_steps[step]);
        if (hat_steps[step] > 0)
            cymbal(s, out, n, t, 0.5 * loud * hat_steps[step], 0.03, 7000, 0.35, 0.1);
        if (step == 14)
            cymbal(s, out, n, t, 0.4 * loud, 0.14, 6500, 0.35, 0.1);
        cymbal(s, out, n, t, step & 1 ? 0.07 : 0.13, 0.022, 5000, -0.5, 0);
    }
    if (bar % (SONG_CYCLE_BARS / 2) == 0)
        cymbal(s, out, n, song_time_s(s, bar * SONG_BEATS_PER_BAR), 0.5, 0.7, 3500, -0.2, 0.6);
}

void song_render_drums(const song *s, track *out)
{
    noise n = noise_for(s, 1);

    for (int bar = 0; bar < s->bars; bar++)
        play_bar(s, out, &n, bar);
    track_room(s, out, 0.7, 0.45, 5000, 0.10);
}
