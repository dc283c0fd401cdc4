/* voice.c: the singer of the demo song: a band-limited pulse source with vibrato, jitter and
 * shimmer, breath and hiss, through formants in cascade (Klatt 1980), the lower three of which
 * glide from vowel to vowel. */
#include "tools/song/dsp.h"

#include <math.h>
#include <stddef.h>

#define FORMANTS        12
#define FORMANTS_MAX_HZ 13000
#define CONTROL_FRAMES  32 /* the singer's intentions are followed at this step */
#define HARMONICS_MAX   128

typedef struct vowel {
    char name;
    double hz[3];
} vowel;

/* Women's vowels, after Peterson and Barney, "Control methods used in a study of the vowels"
 * (1952). */
static const vowel vowels[] = {
    {'a', {850, 1220, 2810}}, {'e', {610, 2330, 2990}}, {'i', {310, 2790, 3310}},
    {'o', {590, 920, 2710}},  {'u', {370, 950, 2670}},
};

typedef struct consonant {
    char name;
    double length_s;
    double voiced, breath; /* levels during it */
    double hiss, hiss_hz;  /* level and centre of the friction */
    double closure_s;      /* silence before the burst */
    double hz[3];          /* where the formants stand; 0: where the vowel has them */
} consonant;

static const consonant consonants[] = {
    {'l', 0.07, 0.45, 0.00, 0.00, 3000, 0.00, {360, 1300, 2900}},
    {'d', 0.06, 0.12, 0.00, 0.35, 3500, 0.04, {300, 1800, 2800}},
    {'t', 0.08, 0.00, 0.05, 0.60, 4500, 0.05, {400, 1900, 2900}},
    {'s', 0.12, 0.00, 0.00, 0.38, 6500, 0.00, {400, 1800, 2800}},
    {'m', 0.08, 0.30, 0.00, 0.00, 3000, 0.00, {270, 1000, 2200}},
    {'n', 0.07, 0.30, 0.00, 0.00, 3000, 0.00, {270, 1600, 2600}},
    {'h', 0.09, 0.00, 0.14, 0.05, 2500, 0.00, {0, 0, 0}},
    {'w', 0.09, 0.40, 0.00, 0.00, 3000, 0.00, {330, 700, 2400}},
    {' ', 0.00, 1.00, 0.00, 0.00, 3000, 0.00, {0, 0, 0}},
};

/* What the singer aims at. */
typedef struct intention {
    double voiced, breath, hiss, hiss_hz, midi, vibrato;
    double hz[3];
} intention;

typedef struct resonator {
    double a, b, c, y1, y2;
} resonator;

typedef struct singer {
    const song *song;
    int index, cycle; /* the syllable that is sung or waited for */
    int semitones, first_bar;
    double end_s;  /* of the syllable before */
    intention now; /* the aim, followed with inertia */
    resonator formant[FORMANTS];
    int formants; /* in use */
    biquad hiss_filter, high_pass;
    double weight[HARMONICS_MAX];
    int harmonics;
    double phase, vibrato_phase, drift, shimmer;
    double power; /* running, of the voice before the compressor */
    noise chance;
} singer;

static const vowel *vowel_of(char name)
{
    size_t k = 0;

    while (vowels[k].name != name && k + 1 < sizeof vowels / sizeof *vowels)
        k++;
    return &vowels[k];
}

static const consonant *consonant_of(char name)
{
    size_t k = 0;

    while (consonants[k].name != name && k + 1 < sizeof consonants / sizeof *consonants)
        k++;
    return &consonants[k];
}

/* ---- what to aim at at time t ---- */

static double onset_s(const singer *v, const song_syllable *syllable)
{
    return song_time_s(v->song, syllable->beat + v->cycle * SONG_CYCLE_BARS * SONG_BEATS_PER_BAR);
}

/* Passes to the syllable that sounds at t or comes next. */
static const song_syllable *syllable_at(singer *v, double t, double *start_s)
{
    for (;;) {
        const song_syllable *syllable = song_syllable_at(v->index);
        if (!syllable) {
            v->index = 0;
            v->cycle++;
            continue;
        }
        *start_s = onset_s(v, syllable);
        double end_s = *start_s + 0.96 * syllable->beats * v->song->beat_s;
        if (t < end_s && syllable->beat >= v->first_bar * SONG_BEATS_PER_BAR)
            return syllable;
        if (t >= end_s)
            v->end_s = end_s;
        v->index++;
    }
}

static void aim_formants(intention *aim, const double from[3], const double to[3], double share)
{
    for (int k = 0; k < 3; k++)
        if (from[k] > 0)
            aim->hz[k] = from[k] + share * (to[k] - from[k]);
}

static intention intend(singer *v, double t)
{
    double start_s, into_s;
    const song_syllable *syllable = syllable_at(v, t, &start_s);
    const consonant *c = consonant_of(syllable->consonant);
    const double *vowel_hz = vowel_of(syllable->vowel)->hz;
    double length_s = syllable->beats * v->song->beat_s;
    intention aim = {.hiss_hz = c->hiss_hz, .midi = syllable->midi + v->semitones};

    aim_formants(&aim, vowel_hz, vowel_of(syllable->glide)->hz,
                 fmax(0, (t - start_s) / length_s - 0.3));
    into_s = t - (start_s - c->length_s);
    if (t >= start_s) {
        double held_s = t - start_s;
        aim.voiced = 0.85 + 0.25 * exp(-held_s / 0.15);
        aim.breath = 0.012;
        aim.vibrato = fmin(1, fmax(0, (held_s - 0.22) / 0.35));
    } else if (into_s >= 0) {
        double open = into_s >= c->closure_s ? 1 : 0;
        aim.voiced = c->voiced;
        aim.breath = open * c->breath;
        aim.hiss = open * c->hiss;
        aim_formants(&aim, c->hz, c->hz, 0);
    } else if (start_s - t < 0.34 && start_s - t > 0.12 && t - v->end_s > 0.25) {
        aim.breath = 0.05; /* the singer breathes in before a phrase */
        aim.hiss = 0.02;
    }
    return aim;
}

/* ---- the instrument ---- */

static void approach(double *value, double aim, double step_s, double time_constant_s)
{
    *value += (aim - *value) * (1 - exp(-step_s / time_constant_s));
}

static void resonator_set(resonator *r, double hz, double bandwidth_hz, double rate_hz)
{
    hz = fmin(hz, 0.45 * rate_hz);
    r->c = -exp(-2 * M_PI * bandwidth_hz / rate_hz);
    r->b = 2 * exp(-M_PI * bandwidth_hz / rate_hz) * cos(2 * M_PI * hz / rate_hz);
    r->a = 1 - r->b - r->c;
}

static double resonator_next(resonator *r, double x)
{
    double y = r->a * x + r->b * r->y1 + r->c * r->y2;

    r->y2 = r->y1;
    r->y1 = y;
    return y;
}

static double pitch_hz(singer *v, double step_s)
{
    v->vibrato_phase += 2 * M_PI * (5.6 + 0.5 * v->drift) * step_s;
    approach(&v->drift, 6 * noise_next(&v->chance), step_s, 0.25);
    double cents =
        38 * v->now.vibrato * sin(v->vibrato_phase) + 7 * v->drift + 3 * noise_next(&v->chance);
    return song_midi_hz(v->now.midi + cents / 100);
}

/* The higher resonances of a tube of 16 cm stand 1100 Hz apart, as far up as the rate allows. */
static void set_formants(singer *v, double pitch)
{
    static const double bandwidth_hz[3] = {85, 100, 140};
    double rate_hz = v->song->rate_hz, top_hz = fmin(FORMANTS_MAX_HZ, 0.4 * rate_hz);

    for (v->formants = 0; v->formants < FORMANTS; v->formants++) {
        int k = v->formants;
        double upper_hz = 3900 + 1100 * (k - 3);
        if (k >= 3 && upper_hz > top_hz)
            break;
        /* A singer raises the first formant with the pitch, lest the fundamental lose its
         * resonance. */
        double hz = k == 0 ? fmax(v->now.hz[0], pitch) : k < 3 ? v->now.hz[k] : upper_hz;
        resonator_set(&v->formant[k], hz, k < 3 ? bandwidth_hz[k] : 160 + 50 * (k - 3), rate_hz);
    }
}

/* Follows the intention and sets the source and the filters for the next CONTROL_FRAMES; returns
 * the pitch. */
static double control(singer *v, double t)
{
    double rate_hz = v->song->rate_hz, step_s = CONTROL_FRAMES / rate_hz, hz;
    intention aim = intend(v, t);

    approach(&v->now.voiced, aim.voiced, step_s, aim.voiced > v->now.voiced ? 0.012 : 0.022);
    approach(&v->now.breath, aim.breath, step_s, 0.012);
    approach(&v->now.hiss, aim.hiss, step_s, aim.hiss > v->now.hiss ? 0.004 : 0.010);
    approach(&v->now.midi, aim.midi, step_s, v->now.voiced < 0.05 ? 0.001 : 0.030);
    approach(&v->now.vibrato, aim.vibrato, step_s, 0.05);
    approach(&v->shimmer, 4 * noise_next(&v->chance), step_s, 0.03);
    for (int k = 0; k < 3; k++)
        approach(&v->now.hz[k], aim.hz[k], step_s, 0.028);
    hz = pitch_hz(v, step_s);
    set_formants(v, hz);
    biquad_bandpass(&v->hiss_filter, aim.hiss_hz, 1.2, rate_hz);
    v->harmonics = (int)fmin(HARMONICS_MAX, fmin(0.45 * rate_hz, 12000) / hz);
    double bend_hz = 1500 + 4500 * v->now.voiced; /* louder is brighter */
    for (int h = 1; h <= v->harmonics; h++)
        v->weight[h - 1] = 0.2 / (h * (1 + h * hz / bend_hz));
    return hz;
}

/* sum of weight[h] sin(2 pi h phase), by the recurrence of the Chebyshev polynomials. */
static double pulse(const singer *v)
{
    double s0 = 0, s1 = sin(2 * M_PI * v->phase), twice_cos = 2 * cos(2 * M_PI * v->phase), sum = 0;

    for (int h = 0; h < v->harmonics; h++) {
        double s2 = twice_cos * s1 - s0;
        sum += v->weight[h] * s1;
        s0 = s1;
        s1 = s2;
    }
    return sum;
}

static double sing(singer *v, double hz)
{
    double air = noise_next(&v->chance), x;

    v->phase += hz / v->song->rate_hz;
    v->phase -= floor(v->phase);
    /* Breath comes in puffs, while the glottis is open. */
    x = v->now.voiced * (1 + 0.03 * v->shimmer) * pulse(v) +
        v->now.breath * air * (1 - 0.5 * v->now.voiced * v->phase) * 4;
    for (int k = 0; k < v->formants; k++)
        x = resonator_next(&v->formant[k], x);
    x = biquad_next(&v->high_pass, x);
    /* Vowels differ by 12 dB; the engineer's compressor, 2 : 1, brings them together. */
    v->power += (x * x - v->power) / (0.04 * v->song->rate_hz);
    x *= fmin(2.5, pow(v->power / 0.04 + 1e-4, -0.25));
    return x + v->now.hiss * biquad_next(&v->hiss_filter, air);
}

void song_render_voice(const song *s, track *out, int semitones, int first_bar, double pan,
                       double gain)
{
    singer v = {.song = s, .semitones = semitones, .first_bar = first_bar, .end_s = -1};
    double hz = 0, late_s = semitones ? 0.012 + 0.006 * pan : 0;

    v.chance = noise_for(s, 16 + (uint64_t)(semitones + 64));
    v.now = (intention){.midi = song_syllable_at(0)->midi, .hz = {500, 1500, 2500}};
    biquad_highpass(&v.high_pass, 110, 0.7, s->rate_hz);
    for (int64_t i = 0; i < s->frames; i++) {
        if (i % CONTROL_FRAMES == 0)
            hz = control(&v, (double)i / s->rate_hz - late_s);
        track_add(out, i, gain * sing(&v, hz), pan);
    }
}
