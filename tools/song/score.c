/* score.c: what the demo song plays: eight bars in A minor that repeat. */
#include "tools/song/song.h"

#include <math.h>
#include <stddef.h>

#define SWING                                                                                      \
    0.57 /* where the second of two sixteenths falls within its eighth; 0.5 is straight            \
          */

double song_time_s(const song *s, double beat)
{
    double eighth = floor(beat * 2), part = beat * 2 - eighth;
    double swung = part < 0.5 ? part * 2 * SWING : SWING + (part - 0.5) * 2 * (1 - SWING);

    return (eighth + swung) * 0.5 * s->beat_s;
}

double song_midi_hz(double midi)
{
    return 440 * exp2((midi - 69) / 12);
}

/* Am9 | Fmaj7 | Cadd9 | G6 | Am9 | Fmaj7 | Dm9 | Gsus4; neighbours share notes, so that the hands
 * move little. */
static const song_chord chords[SONG_CYCLE_BARS] = {
    {33, {60, 64, 67, 71}}, {29, {60, 64, 65, 69}}, {36, {60, 62, 64, 67}}, {31, {59, 62, 64, 67}},
    {33, {60, 64, 67, 71}}, {29, {60, 64, 65, 69}}, {38, {60, 64, 65, 69}}, {31, {60, 62, 67, 69}},
};

const song_chord *song_chord_at(int bar)
{
    return &chords[bar % SONG_CYCLE_BARS];
}

static const song_syllable melody[] = {
    {0.50, 0.50, 64, 's', 'e', 'i'},  {1.00, 0.50, 67, 'l', 'o', 'o'},
    {1.50, 1.50, 69, 'd', 'a', 'i'},  {3.00, 0.50, 67, 't', 'u', 'u'},
    {3.50, 0.50, 64, 'n', 'e', 'e'},  {4.00, 1.00, 65, 'm', 'a', 'a'},
    {5.00, 0.50, 64, 'l', 'o', 'u'},  {5.50, 1.40, 60, 'w', 'e', 'i'},
    {8.50, 0.50, 64, 'h', 'o', 'o'},  {9.00, 0.50, 67, 'n', 'i', 'i'},
    {9.50, 1.25, 72, 't', 'a', 'i'},  {10.75, 0.25, 71, ' ', 'i', 'i'},
    {11.00, 0.50, 69, 'd', 'e', 'e'}, {11.50, 0.50, 67, 'l', 'o', 'o'},
    {12.00, 1.00, 71, 's', 'o', 'u'}, {13.00, 0.50, 69, 'm', 'i', 'i'},
    {13.50, 1.75, 67, 'n', 'a', 'o'}, {16.50, 0.50, 69, 'w', 'e', 'e'},
    {17.00, 0.50, 71, 'l', 'i', 'i'}, {17.50, 1.50, 72, 's', 'a', 'i'},
    {19.00, 0.50, 71, 't', 'o', 'o'}, {19.50, 0.50, 69, 'd', 'u', 'u'},
    {20.00, 1.00, 69, 'm', 'a', 'a'}, {21.00, 0.50, 67, 'n', 'o', 'o'},
    {21.50, 0.50, 65, 'l', 'e', 'e'}, {22.00, 1.50, 64, 'h', 'o', 'u'},
    {24.00, 0.50, 62, 'd', 'e', 'e'}, {24.50, 0.50, 65, 'l', 'a', 'a'},
    {25.00, 1.00, 69, 's', 'i', 'e'}, {26.00, 1.00, 72, 't', 'a', 'i'},
    {27.00, 0.75, 69, 'n', 'o', 'o'}, {28.00, 1.50, 71, 'm', 'o', 'u'},
    {29.50, 0.25, 69, ' ', 'o', 'a'}, {29.75, 0.25, 67, 'l', 'a', 'a'},
    {30.00, 1.50, 74, 'h', 'a', 'e'},
};

const song_syllable *song_syllable_at(int index)
{
    return index >= 0 && (size_t)index < sizeof melody / sizeof *melody ? &melody[index] : NULL;
}
