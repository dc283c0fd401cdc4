/* bass.c: the bass line of the demo song: a filtered saw over a sine an octave of its own, in the
 * centre. */
#include "tools/song/dsp.h"

#include <math.h>

typedef struct bass_step {
    double beat, beats;
    int interval; /* semitones above the root */
    double velocity;
} bass_step;

static const bass_step pattern[] = {
    {0.0, 1.4, 0, 1.0},  {1.75, 0.25, 0, 0.7}, {2.0, 0.45, 0, 0.9},
    {2.5, 0.5, 12, 0.8}, {3.0, 0.45, 7, 0.85}, {3.5, 0.4, 10, 0.7},
};

static void play(const song *s, track *out, double time_s, double length_s, double hz,
                 double velocity)
{
    int64_t at = (int64_t)lrint(time_s * s->rate_hz),
            length = (int64_t)((length_s + 0.05) * s->rate_hz);
    double saw_phase = 0, sine_phase = 0;
    biquad low = {0};

    for (int64_t i = 0; i < length; i++) {
        double t = (double)i / s->rate_hz;
        double gate = fmin(1, t / 0.004) * (t < length_s ? 1 : 1 - (t - length_s) / 0.05);
        if (i % 32 == 0)
            biquad_lowpass(&low, 260 + 1400 * velocity * exp(-t / 0.12), 1.1, s->rate_hz);
        sine_phase += hz / s->rate_hz;
        double saw = biquad_next(&low, saw_next(&saw_phase, hz, s->rate_hz));
        double x = 0.8 * sin(2 * M_PI * sine_phase) + 0.6 * saw;
        track_add(out, at + i, gate * velocity * tanh(x * (0.7 + 0.3 * exp(-t / 0.5))), 0);
    }
}

void song_render_bass(const song *s, track *out)
{
    noise n = noise_for(s, 2);

    for (int bar = 0; bar < s->bars; bar++) {
        int root = song_chord_at(bar)->bass;
        for (int k = 0; k < (int)(sizeof pattern / sizeof *pattern); k++) {
            const bass_step *step = &pattern[k];
            double t =
                song_time_s(s, bar * SONG_BEATS_PER_BAR + step->beat) + 0.003 * noise_next(&n);
            play(s, out, t, step->beats * s->beat_s, song_midi_hz(root + step->interval),
                 step->velocity * (1 + 0.06 * noise_next(&n)));
        }
    }
}
