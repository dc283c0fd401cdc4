/* keys.c: the harmony of the demo song: a wide pad, an electric piano about the centre, plucked
 * strings to the sides. */
#include "tools/song/dsp.h"

#include <math.h>
#include <stdlib.h>

#define PAD_SAWS 3 /* a note and a side */

/* One note of the pad on one side: saws a few cents apart, other cents than on the other side. */
static void pad_note(const song *s, float *out, int64_t frames, double time_s, double length_s,
                     double hz, const double cents[PAD_SAWS], noise *n)
{
    int64_t at = (int64_t)lrint(time_s * s->rate_hz),
            length = (int64_t)((length_s + 0.4) * s->rate_hz);
    double phase[PAD_SAWS], saw_hz[PAD_SAWS];

    for (int k = 0; k < PAD_SAWS; k++) {
        phase[k] = 0.5 + 0.49 * noise_next(n);
        saw_hz[k] = hz * exp2(cents[k] / 1200);
    }
    for (int64_t i = 0; i < length && at + i < frames; i++) {
        double t = (double)i / s->rate_hz, x = 0;
        double gate = fmin(1, t / 0.3) * (t < length_s ? 1 : 1 - (t - length_s) / 0.4);
        for (int k = 0; k < PAD_SAWS; k++)
            x += saw_next(&phase[k], saw_hz[k], s->rate_hz);
        out[at + i] += (float)(0.1 * gate * x);
    }
}

/* A low-pass that opens and closes slowly, in opposite sense on the two sides, and leaves the bass
 * its place. */
static void pad_filter(const song *s, float *out, int64_t frames, double turn)
{
    biquad low = {0}, high = {0};

    biquad_highpass(&high, 180, 0.7, s->rate_hz);
    for (int64_t i = 0; i < frames; i++) {
        double t = (double)i / s->rate_hz;
        if (i % 64 == 0)
            biquad_lowpass(&low, 1700 * exp2(0.8 * sin(2 * M_PI * 0.13 * t + turn)), 0.9,
                           s->rate_hz);
        out[i] = (float)biquad_next(&high, biquad_next(&low, out[i]));
    }
}

void song_render_pad(const song *s, track *out)
{
    static const double left[PAD_SAWS] = {-9, 1, 8}, right[PAD_SAWS] = {-6, -2, 11};
    noise n = noise_for(s, 3);
    double bar_s = SONG_BEATS_PER_BAR * s->beat_s;

    for (int bar = 0; bar < s->bars; bar++)
        for (int k = 0; k < SONG_CHORD_NOTES; k++) {
            double hz = song_midi_hz(song_chord_at(bar)->notes[k]);
            pad_note(s, out->left, out->frames, bar * bar_s, bar_s, hz, left, &n);
            pad_note(s, out->right, out->frames, bar * bar_s, bar_s, hz, right, &n);
        }
    pad_filter(s, out->left, out->frames, 0);
    pad_filter(s, out->right, out->frames, 2.1);
}

/* Two-operator frequency modulation (Chowning 1973) and a bell-like tine; tremolo between the
 * sides. */
static void piano_note(const song *s, track *out, double time_s, double length_s, double hz,
                       double velocity)
{
    int64_t at = (int64_t)lrint(time_s * s->rate_hz),
            length = (int64_t)((length_s + 0.12) * s->rate_hz);
    double tine_gain = 14 * hz < 0.4 * s->rate_hz ? 0.12 : 0;

    for (int64_t i = 0; i < length; i++) {
        double t = (double)i / s->rate_hz, turn = 2 * M_PI * hz * t;
        double gate = fmin(1, t / 0.002) * (t < length_s ? 1 : 1 - (t - length_s) / 0.12);
        double index = 1.6 * velocity * exp(-t / 0.35) + 0.15;
        double x = sin(turn + index * sin(turn)) + tine_gain * sin(14 * turn) * exp(-t / 0.06);
        double pan = 0.4 * sin(2 * M_PI * 4.6 * (time_s + t));
        track_add(out, at + i, 0.16 * velocity * gate * exp(-t / 1.3) * x, pan);
    }
}

void song_render_piano(const song *s, track *out)
{
    static const double beats[4] = {0, 1.5, 2.75, 3.5}, lengths[4] = {1.3, 0.9, 0.5, 0.4};
    noise n = noise_for(s, 4);

    for (int bar = 0; bar < s->bars; bar++)
        for (int hit = 0; hit < 4; hit++)
            for (int k = 0; k < SONG_CHORD_NOTES; k++) {
                double t = song_time_s(s, bar * SONG_BEATS_PER_BAR + beats[hit]);
                double late_s = 0.004 * k + 0.003 * noise_next(&n);
                double velocity = (hit == 0 ? 1 : 0.75) + 0.1 * noise_next(&n);
                piano_note(s, out, t + late_s, lengths[hit] * s->beat_s,
                           song_midi_hz(song_chord_at(bar)->notes[k] - (k == 0 ? 12 : 0)),
                           velocity);
            }
}

/* A plucked string: noise that runs round a delay line through a small average (Karplus, Strong
 * 1983). The taps (1 - b) / 2, 1/2, b / 2 delay by 1/2 + b samples, which tunes the string between
 * whole lengths. */
#define STRING_LENGTH_MAX 2048
static void pluck(const song *s, track *out, noise *n, double time_s, double hz, double velocity,
                  double pan)
{
    int64_t at = (int64_t)lrint(time_s * s->rate_hz), frames = (int64_t)(0.9 * s->rate_hz);
    double line[STRING_LENGTH_MAX], period = s->rate_hz / hz - 0.5, older[2] = {0}, smooth = 0;
    int length = (int)period, k = 0;
    double between = period - length;

    if (length < 2 || length > STRING_LENGTH_MAX)
        return;
    for (int i = 0; i < length; i++) {
        smooth += 0.5 * (noise_next(n) - smooth);
        line[i] = smooth;
    }
    for (int64_t i = 0; i < frames; i++) {
        double t = (double)i / s->rate_hz, x = line[k];
        line[k] = 0.996 * 0.5 * ((1 - between) * x + older[0] + between * older[1]);
        older[1] = older[0];
        older[0] = x;
        k = k + 1 == length ? 0 : k + 1;
        track_add(out, at + i, 0.5 * velocity * x * fmin(1, 10 * (0.9 - t)), pan);
    }
}

/* Echoes that cross the sides, three sixteenths apart. */
static void cross_echo(const song *s, track *t, double gain)
{
    int64_t delay = (int64_t)(0.75 * s->beat_s * s->rate_hz);

    for (int64_t i = delay; i < t->frames; i++) {
        t->left[i] += (float)(gain * t->right[i - delay]);
        t->right[i] += (float)(gain * t->left[i - delay]);
    }
}

void song_render_arpeggio(const song *s, track *out)
{
    static const int order[8] = {0, 2, 1, 3, 2, 1, 3, 0};
    noise n = noise_for(s, 5);

    for (int bar = 0; bar < s->bars; bar++)
        for (int step = 0; step < 16; step++) {
            double t =
                song_time_s(s, bar * SONG_BEATS_PER_BAR + step * 0.25) + 0.002 * noise_next(&n);
            int midi = song_chord_at(bar)->notes[order[step % 8]] + 12;
            double velocity = (step % 4 == 0 ? 1 : 0.65) + 0.1 * noise_next(&n);
            pluck(s, out, &n, t, song_midi_hz(midi), velocity, step & 1 ? 0.65 : -0.65);
        }
    cross_echo(s, out, 0.35);
}
