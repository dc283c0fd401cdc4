/* song.h: the demo song: what its parts share. Part of build/tools/demo_song, never of the library.
 *
 * Every part adds its sound to a stereo track and draws its chance (timing, velocity, noise) from a
 * generator of its own, so that the bytes depend on the seed, the rate and the length and on
 * nothing else. */
#ifndef CLEAVE_TOOLS_SONG_H
#define CLEAVE_TOOLS_SONG_H

#include <stdint.h>

#define SONG_BEATS_PER_BAR 4
#define SONG_CYCLE_BARS    8 /* the harmony and the melody repeat after these */
#define SONG_CHORD_NOTES   4

typedef struct song {
    double rate_hz;
    double beat_s;
    int64_t frames;
    int bars; /* that begin before the end */
    uint64_t seed;
} song;

typedef struct track {
    float *left, *right; /* [frames] each */
    int64_t frames;
} track;

/* ---- score.c ---- */

/* Seconds at which a position in beats sounds: sixteenths swing, their second half comes late. */
double song_time_s(const song *s, double beat);

typedef struct song_chord {
    int bass;                    /* MIDI note of the bass line */
    int notes[SONG_CHORD_NOTES]; /* MIDI notes of the chord, low to high */
} song_chord;

const song_chord *song_chord_at(int bar);

/* One sung syllable. */
typedef struct song_syllable {
    double beat, beats; /* of the vowel, within the cycle */
    int midi;
    char consonant;    /* before the vowel: l d t s m n h w, or a blank for none */
    char vowel, glide; /* from a vowel to another (a e i o u); the same for a steady one */
} song_syllable;

/* Syllable `index` of the cycle, 0 up, or NULL. */
const song_syllable *song_syllable_at(int index);

double song_midi_hz(double midi);

/* ---- the parts; each adds to its track ---- */
void song_render_drums(const song *s, track *out);
void song_render_bass(const song *s, track *out);
void song_render_pad(const song *s, track *out);
void song_render_piano(const song *s, track *out);
void song_render_arpeggio(const song *s, track *out);
/* `semitones` above the melody, from bar `first_bar` of every cycle on; pan -1 left .. 1 right. */
void song_render_voice(const song *s, track *out, int semitones, int first_bar, double pan,
                       double gain);

#endif
