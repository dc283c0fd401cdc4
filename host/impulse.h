/* impulse.h: impulse responses for convolution, from audio files. */
#ifndef CLEAVE_HOST_IMPULSE_H
#define CLEAVE_HOST_IMPULSE_H

#include "host/audio.h"

#define IMPULSE_SECONDS_MAX 60

typedef struct impulse {
    float *interleaved; /* [frames][channels], malloc'ed */
    int64_t frames;
    int32_t channels; /* 1, or those that were asked for */
} impulse;

/* Reads the file and converts it to rate_hz; it has one channel or `channels`. Returns 0, or -1
 * with a sentence: it cannot be read, has another number of channels, no frames, or more than
 * IMPULSE_SECONDS_MAX. */
int impulse_read(impulse *response, const char *path, int32_t rate_hz, int32_t channels,
                 char message[AUDIO_MESSAGE_BYTES]);
void impulse_free(impulse *response);

#endif
