/* impulse.c: impulse responses for convolution, from audio files. */
#include "host/impulse.h"

#include "host/convert.h"
#include "host/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_FRAMES 8192

/* A response that grows. */
typedef struct growing {
    impulse *response;
    int64_t capacity; /* frames */
} growing;

static int append(void *context, float *const *streams, int32_t frames)
{
    growing *to = context;
    impulse *response = to->response;
    size_t frame_bytes = (size_t)response->channels * sizeof(float);
    if (response->frames + frames > to->capacity) {
        int64_t capacity = 2 * (response->frames + frames);
        float *samples = realloc(response->interleaved, (size_t)capacity * frame_bytes);
        if (samples == NULL) {
            return -1;
        }
        response->interleaved = samples;
        to->capacity = capacity;
    }
    memcpy(response->interleaved + response->frames * response->channels, streams[0],
           (size_t)frames * frame_bytes);
    response->frames += frames;
    return 0;
}

static int refuse(char *message, const char *path, const char *reason)
{
    snprintf(message, AUDIO_MESSAGE_BYTES, "the impulse response %s %s", path, reason);
    return -1;
}

static int read_all(audio_reader *reader, growing *to, const char *path, int32_t rate_hz,
                    char *message)
{
    const audio_info *info = audio_reader_info(reader);
    rate_converter *converter = NULL;
    int64_t replaced = 0, got = 0, frames = 0;
    float *block = malloc((size_t)BLOCK_FRAMES * (size_t)info->channels * sizeof *block);
    int status = -1;
    if (block == NULL) {
        refuse(message, path, "needs more memory than there is");
    } else if (convert_open(&converter, 1, info->channels, info->rate_hz, rate_hz, BLOCK_FRAMES,
                            message) == 0) {
        status = 0;
    }
    while (status == 0 && (got = audio_reader_read(reader, block, BLOCK_FRAMES, message)) > 0) {
        samples_clean(block, got * info->channels, &replaced);
        frames += got;
        if (frames > (int64_t)IMPULSE_SECONDS_MAX * info->rate_hz) {
            status = refuse(message, path, "is longer than a minute");
        } else if (convert_push(converter, &block, (int32_t)got, append, to) != 0) {
            status = refuse(message, path, "needs more memory than there is");
        }
    }
    if (status == 0 && got == 0 &&
        convert_finish(converter, convert_length(frames, info->rate_hz, rate_hz), append, to) !=
            0) {
        status = refuse(message, path, "needs more memory than there is");
    }
    convert_close(&converter);
    free(block);
    if (status == 0 && got == 0 && to->response->frames == 0) {
        return refuse(message, path, "has no audio frames");
    }
    return got < 0 ? -1 : status;
}

int impulse_read(impulse *response, const char *path, int32_t rate_hz, int32_t channels,
                 char message[AUDIO_MESSAGE_BYTES])
{
    audio_reader *reader = NULL;
    growing to = {response, 0};
    memset(response, 0, sizeof *response);
    if (audio_reader_open(&reader, path, NULL, message) != 0) {
        return -1;
    }
    int status = 0;
    response->channels = audio_reader_info(reader)->channels;
    if (response->channels != 1 && response->channels != channels) {
        snprintf(message, AUDIO_MESSAGE_BYTES,
                 "the impulse response %s has %d channels, and what it is to sound on has %d", path,
                 response->channels, channels);
        status = -1;
    } else {
        status = read_all(reader, &to, path, rate_hz, message);
    }
    audio_reader_close(&reader);
    if (status != 0) {
        impulse_free(response);
    }
    return status;
}

void impulse_free(impulse *response)
{
    free(response->interleaved);
    memset(response, 0, sizeof *response);
}
