/* convert.c: sample-rate conversion of several streams in step. */
#include "host/convert.h"

#include <stdlib.h>
#include <string.h>

#define STREAMS_MAX 8

struct rate_converter {
    int32_t streams, channels, block_frames_max;
    int passes; /* the rates are equal */
    audio_resampler *resamplers[STREAMS_MAX];
    float *block[STREAMS_MAX]; /* [block_frames_max][channels] */
    int64_t given;
};

static int convert_step(rate_converter *converter, float *const *in, int32_t frames,
                        int32_t *consumed, int32_t *written);
static int give(rate_converter *converter, float *const *streams, int64_t frames, int64_t limit,
                convert_consumer consume, void *context);

int convert_open(rate_converter **opened, int32_t streams, int32_t channels, int32_t in_hz,
                 int32_t out_hz, int32_t block_frames_max, char message[AUDIO_MESSAGE_BYTES])
{
    rate_converter *converter = calloc(1, sizeof *converter);
    int failed = converter == NULL;
    if (!failed) {
        converter->streams = streams;
        converter->channels = channels;
        converter->block_frames_max = block_frames_max;
        converter->passes = in_hz == out_hz;
    }
    strcpy(message, "out of memory");
    for (int32_t s = 0; s < streams && !failed; s++) {
        converter->block[s] = malloc(convert_bytes(1, channels, block_frames_max));
        failed = converter->block[s] == NULL;
        if (!failed && !converter->passes) {
            failed = audio_resampler_open(&converter->resamplers[s], channels, in_hz, out_hz,
                                          message) != 0;
        }
    }
    if (failed) {
        convert_close(&converter);
        return -1;
    }
    *opened = converter;
    return 0;
}

size_t convert_bytes(int32_t streams, int32_t channels, int32_t block_frames_max)
{
    return (size_t)streams * (size_t)channels * (size_t)block_frames_max * sizeof(float);
}

int convert_push(rate_converter *converter, float *const *streams, int32_t frames,
                 convert_consumer consume, void *context)
{
    if (converter->passes) {
        return give(converter, streams, frames, INT64_MAX, consume, context);
    }
    int32_t taken = 0;
    while (taken < frames) {
        float *rest[STREAMS_MAX];
        int32_t consumed = 0;
        int32_t written = 0;
        for (int32_t s = 0; s < converter->streams; s++) {
            rest[s] = streams[s] + (int64_t)taken * converter->channels;
        }
        if (convert_step(converter, rest, frames - taken, &consumed, &written) != 0 ||
            give(converter, converter->block, written, INT64_MAX, consume, context) != 0) {
            return -1;
        }
        taken += consumed;
    }
    return 0;
}

int convert_finish(rate_converter *converter, int64_t frames, convert_consumer consume,
                   void *context)
{
    int32_t written = converter->passes ? 0 : 1;
    while (written > 0) {
        int32_t consumed = 0;
        if (convert_step(converter, NULL, 0, &consumed, &written) != 0 ||
            give(converter, converter->block, written, frames, consume, context) != 0) {
            return -1;
        }
    }
    while (converter->given < frames) {
        int64_t missing = frames - converter->given;
        int32_t part =
            missing < converter->block_frames_max ? (int32_t)missing : converter->block_frames_max;
        for (int32_t s = 0; s < converter->streams; s++) {
            memset(converter->block[s], 0,
                   (size_t)part * (size_t)converter->channels * sizeof(float));
        }
        if (give(converter, converter->block, part, frames, consume, context) != 0) {
            return -1;
        }
    }
    return 0;
}

void convert_close(rate_converter **converter)
{
    if (*converter == NULL) {
        return;
    }
    for (int32_t s = 0; s < STREAMS_MAX; s++) {
        audio_resampler_close(&(*converter)->resamplers[s]);
        free((*converter)->block[s]);
    }
    free(*converter);
    *converter = NULL;
}

int64_t convert_length(int64_t frames, int32_t in_hz, int32_t out_hz)
{
    /* Whole seconds apart, so that no product overflows at any length. */
    int64_t seconds = frames / in_hz;
    int64_t rest = frames % in_hz;
    return seconds * out_hz + (rest * out_hz + in_hz / 2) / in_hz;
}

/* One call of every resampler; in == NULL flushes. They must agree, or the stems would lose their
 * alignment. */
static int convert_step(rate_converter *converter, float *const *in, int32_t frames,
                        int32_t *consumed, int32_t *written)
{
    int64_t first_consumed = 0;
    int64_t first_written = 0;
    for (int32_t s = 0; s < converter->streams; s++) {
        int64_t this_consumed = 0;
        int64_t this_written = 0;
        if (audio_resampler_process(converter->resamplers[s], in != NULL ? in[s] : NULL, frames,
                                    &this_consumed, converter->block[s],
                                    converter->block_frames_max, &this_written) != 0) {
            return -1;
        }
        if (s == 0) {
            first_consumed = this_consumed;
            first_written = this_written;
        } else if (this_consumed != first_consumed || this_written != first_written) {
            return -1;
        }
    }
    *consumed = (int32_t)first_consumed;
    *written = (int32_t)first_written;
    return frames > 0 && first_consumed == 0 && first_written == 0 ? -1 : 0;
}

static int give(rate_converter *converter, float *const *streams, int64_t frames, int64_t limit,
                convert_consumer consume, void *context)
{
    int64_t room = limit - converter->given;
    int64_t part = frames < room ? frames : room;
    if (part <= 0) {
        return 0;
    }
    converter->given += part;
    return consume(context, streams, (int32_t)part);
}
