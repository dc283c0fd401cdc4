/* dsp.h: the few signal blocks the demo song is made of: noise, oscillators, filters, a room. */
#ifndef CLEAVE_TOOLS_DSP_H
#define CLEAVE_TOOLS_DSP_H

#include "tools/song/song.h"

/* ---- chance: splitmix64 (Steele, Lea, Flood 2014) ---- */
typedef struct noise {
    uint64_t state;
} noise;

/* A generator for part `part` of the song. */
noise noise_for(const song *s, uint64_t part);
double noise_next(noise *n); /* uniform in [-1, 1) */

/* ---- second-order sections, direct form II transposed ---- */
typedef struct biquad {
    double b0, b1, b2, a1, a2;
    double z1, z2;
} biquad;

/* Coefficients after R. Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter
 * coefficients"; the state is kept. Frequencies are held below 0.45 of the rate. */
void biquad_lowpass(biquad *f, double hz, double q, double rate_hz);
void biquad_highpass(biquad *f, double hz, double q, double rate_hz);
void biquad_bandpass(biquad *f, double hz, double q, double rate_hz);
double biquad_next(biquad *f, double x);

/* ---- a band-limited saw: the naive one with its step smoothed over two samples (polyBLEP) ---- */
/* `phase` in [0, 1) is advanced by hz / rate. */
double saw_next(double *phase, double hz, double rate_hz);

/* ---- mixing ---- */
/* Adds x at frame i with constant-power panning, -1 left .. 1 right; frames outside the track are
 * dropped. */
void track_add(track *out, int64_t i, double x, double pan);

/* ---- a small room: eight delay lines fed back through a Householder reflection (Jot 1991) ---- */
/* Adds `wet` times the room's answer to the track itself. decay_s: time to fall by 60 dB. */
void track_room(const song *s, track *t, double size, double decay_s, double damp_hz, double wet);

#endif
