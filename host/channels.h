/* channels.h: from one number of channels to another. docs/processing.md has the table. */
#ifndef CLEAVE_HOST_CHANNELS_H
#define CLEAVE_HOST_CHANNELS_H

#include "host/audio.h"

typedef struct channel_matrix {
    int32_t in, out;
    float gain[AUDIO_CHANNELS_MAX][AUDIO_CHANNELS_MAX]; /* [out][in] */
} channel_matrix;

/* The usual loudspeakers of 1 to 8 channels, in the order of WAV, FLAC and FFmpeg: those that both
 * sides have keep their channel; the others are spread over their neighbours by -3 dB each (ITU-R
 * BS.775-3, table 2), and the low-frequency channel is left out. A matrix that could exceed full
 * scale is scaled so that it cannot. */
void channels_matrix(channel_matrix *matrix, int32_t in, int32_t out);

/* in: [frames][matrix->in], out: [frames][matrix->out]; they may not overlap. */
void channels_mix(const channel_matrix *matrix, const float *in, float *out, int64_t frames);

#endif
