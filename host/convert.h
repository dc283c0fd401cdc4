/* convert.h: sample-rate conversion of several streams in step, with an exact length.
 *
 * The streams (stems of a track) are converted by resamplers that see the same counts and so give
 * the same counts. */
#ifndef CLEAVE_HOST_CONVERT_H
#define CLEAVE_HOST_CONVERT_H

#include "host/audio.h"

typedef struct rate_converter rate_converter;

/* Takes frames of every stream, interleaved; may change them. Returns 0, or -1 to stop. */
typedef int (*convert_consumer)(void *context, float *const *streams, int32_t frames);

/* Converts `streams` (1..8) of `channels` from in_hz to out_hz; equal rates pass through. Up to
 * block_frames_max frames are taken and given at a time. Returns 0, or -1 with a sentence. */
int convert_open(rate_converter **opened, int32_t streams, int32_t channels, int32_t in_hz,
                 int32_t out_hz, int32_t block_frames_max, char message[AUDIO_MESSAGE_BYTES]);

/* Bytes of the blocks that such a converter holds, besides its resamplers. */
size_t convert_bytes(int32_t streams, int32_t channels, int32_t block_frames_max);

/* Converts frames of every stream, handing what is ready to the consumer. Returns what the consumer
 * last did, or -1. */
int convert_push(rate_converter *converter, float *const *streams, int32_t frames,
                 convert_consumer consume, void *context);

/* The streams end: hands out what is left, so that `frames` frames were given in all: the last are
 * cut, or silence is added, by the frame or two that rounding of lengths can differ. */
int convert_finish(rate_converter *converter, int64_t frames, convert_consumer consume,
                   void *context);

void convert_close(rate_converter **converter);

/* round(frames * out_hz / in_hz) */
int64_t convert_length(int64_t frames, int32_t in_hz, int32_t out_hz);

#endif
