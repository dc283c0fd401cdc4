/* channels.c: from one number of channels to another. */
#include "host/channels.h"

#include <math.h>
#include <string.h>

#define HALF_POWER 0.70710678f /* -3 dB */

/* A loudspeaker's place. */
typedef enum speaker {
    NONE,
    FRONT_LEFT,
    FRONT_RIGHT,
    CENTRE,
    LOW_FREQUENCY,
    BACK_LEFT,
    BACK_RIGHT,
    BACK_CENTRE,
    SIDE_LEFT,
    SIDE_RIGHT
} speaker;

/* As audio_writer_ffmpeg.c declares them; mono is a centre. */
static const speaker layouts[AUDIO_CHANNELS_MAX][AUDIO_CHANNELS_MAX] = {
    {CENTRE},
    {FRONT_LEFT, FRONT_RIGHT},
    {FRONT_LEFT, FRONT_RIGHT, CENTRE},
    {FRONT_LEFT, FRONT_RIGHT, BACK_LEFT, BACK_RIGHT},
    {FRONT_LEFT, FRONT_RIGHT, CENTRE, BACK_LEFT, BACK_RIGHT},
    {FRONT_LEFT, FRONT_RIGHT, CENTRE, LOW_FREQUENCY, BACK_LEFT, BACK_RIGHT},
    {FRONT_LEFT, FRONT_RIGHT, CENTRE, LOW_FREQUENCY, BACK_CENTRE, SIDE_LEFT, SIDE_RIGHT},
    {FRONT_LEFT, FRONT_RIGHT, CENTRE, LOW_FREQUENCY, BACK_LEFT, BACK_RIGHT, SIDE_LEFT, SIDE_RIGHT},
};

/* Where a loudspeaker goes that the other side lacks: the first pair of which it has both. */
static const struct {
    speaker from, to[2];
    float gain; /* of each */
} spreads[] = {
    {CENTRE, {FRONT_LEFT, FRONT_RIGHT}, HALF_POWER},
    {FRONT_LEFT, {CENTRE, NONE}, HALF_POWER},
    {FRONT_RIGHT, {CENTRE, NONE}, HALF_POWER},
    {BACK_LEFT, {SIDE_LEFT, NONE}, 1.0f},
    {BACK_LEFT, {FRONT_LEFT, NONE}, HALF_POWER},
    {BACK_LEFT, {CENTRE, NONE}, 0.5f},
    {BACK_RIGHT, {SIDE_RIGHT, NONE}, 1.0f},
    {BACK_RIGHT, {FRONT_RIGHT, NONE}, HALF_POWER},
    {BACK_RIGHT, {CENTRE, NONE}, 0.5f},
    {SIDE_LEFT, {BACK_LEFT, NONE}, 1.0f},
    {SIDE_LEFT, {FRONT_LEFT, NONE}, HALF_POWER},
    {SIDE_LEFT, {CENTRE, NONE}, 0.5f},
    {SIDE_RIGHT, {BACK_RIGHT, NONE}, 1.0f},
    {SIDE_RIGHT, {FRONT_RIGHT, NONE}, HALF_POWER},
    {SIDE_RIGHT, {CENTRE, NONE}, 0.5f},
    {BACK_CENTRE, {BACK_LEFT, BACK_RIGHT}, HALF_POWER},
    {BACK_CENTRE, {FRONT_LEFT, FRONT_RIGHT}, 0.5f},
    {BACK_CENTRE, {CENTRE, NONE}, 0.5f},
};

/* The channel that a loudspeaker has; -1: none. */
static int32_t channel_of(speaker wanted, int32_t channels)
{
    for (int32_t c = 0; c < channels; c++) {
        if (layouts[channels - 1][c] == wanted) {
            return c;
        }
    }
    return -1;
}

static void spread(channel_matrix *matrix, int32_t in, speaker from)
{
    for (size_t i = 0; i < sizeof spreads / sizeof spreads[0]; i++) {
        int32_t first = channel_of(spreads[i].to[0], matrix->out);
        int32_t second = channel_of(spreads[i].to[1], matrix->out);
        if (spreads[i].from != from || first < 0 || (second < 0 && spreads[i].to[1] != NONE)) {
            continue;
        }
        /* A pair that joins one which is there already comes at half its power. */
        int joins = channel_of(spreads[i].to[0], matrix->in) >= 0 && spreads[i].gain == 1.0f;
        matrix->gain[first][in] = joins ? HALF_POWER : spreads[i].gain;
        if (second >= 0) {
            matrix->gain[second][in] = spreads[i].gain;
        }
        return;
    }
}

/* So that full scale in all channels stays within full scale. */
static void limit(channel_matrix *matrix)
{
    float most = 1.0f;
    for (int32_t o = 0; o < matrix->out; o++) {
        float sum = 0.0f;
        for (int32_t i = 0; i < matrix->in; i++) {
            sum += matrix->gain[o][i];
        }
        most = fmaxf(most, sum);
    }
    for (int32_t o = 0; o < matrix->out; o++) {
        for (int32_t i = 0; i < matrix->in; i++) {
            matrix->gain[o][i] /= most;
        }
    }
}

void channels_matrix(channel_matrix *matrix, int32_t in, int32_t out)
{
    memset(matrix, 0, sizeof *matrix);
    matrix->in = in;
    matrix->out = out;
    for (int32_t i = 0; i < in; i++) {
        speaker from = layouts[in - 1][i];
        int32_t same = in == out ? i : channel_of(from, out);
        if (same >= 0) {
            matrix->gain[same][i] = 1.0f;
        } else if (in == 1) {
            /* One loudspeaker becomes two that play the same, as everywhere. */
            matrix->gain[0][0] = matrix->gain[1][0] = 1.0f;
        } else {
            spread(matrix, i, from);
        }
    }
    limit(matrix);
}

void channels_mix(const channel_matrix *matrix, const float *in, float *out, int64_t frames)
{
    for (int64_t t = 0; t < frames; t++) {
        for (int32_t o = 0; o < matrix->out; o++) {
            float sum = 0.0f;
            for (int32_t i = 0; i < matrix->in; i++) {
                sum += matrix->gain[o][i] * in[t * matrix->in + i];
            }
            out[t * matrix->out + o] = sum;
        }
    }
}
