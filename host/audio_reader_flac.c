/* audio_reader_flac.c: FLAC of more than 24 bits a sample by libFLAC, from files and pipes: neither
 * libsndfile nor FFmpeg before its version 6 reads it. Source: libFLAC's API documentation. */
#include "host/audio_internal.h"

#include <FLAC/stream_decoder.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct flac_reader {
    FLAC__StreamDecoder *decoder;
    audio_reader *reader;
    float *block;            /* [block_frames][channels]: the last frame of the stream */
    int64_t capacity;        /* samples */
    int64_t ready, offset;   /* frames that were decoded, and of them delivered */
    int64_t damaged;         /* frames of the stream */
    int out_of_memory, ends; /* no more bytes */
} flac_reader;

static FLAC__StreamDecoderReadStatus take_bytes(const FLAC__StreamDecoder *decoder,
                                                FLAC__byte *bytes, size_t *count, void *user)
{
    flac_reader *state = user;
    int64_t got = audio_source_read(&state->reader->source, bytes, (int64_t)*count);

    (void)decoder;
    *count = got > 0 ? (size_t)got : 0;
    state->ends = got <= 0;
    return got < 0    ? FLAC__STREAM_DECODER_READ_STATUS_ABORT
           : got == 0 ? FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM
                      : FLAC__STREAM_DECODER_READ_STATUS_CONTINUE;
}

static FLAC__StreamDecoderWriteStatus take_frame(const FLAC__StreamDecoder *decoder,
                                                 const FLAC__Frame *frame,
                                                 const FLAC__int32 *const planes[], void *user)
{
    flac_reader *state = user;
    int64_t frames = frame->header.blocksize, channels = frame->header.channels;
    double scale = 1.0 / (double)((int64_t)1 << (frame->header.bits_per_sample - 1));

    (void)decoder;
    if (channels != state->reader->info.channels) {
        state->damaged++;
        return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
    }
    if (frames * channels > state->capacity) {
        float *block = realloc(state->block, (size_t)(frames * channels) * sizeof *block);
        if (!block) {
            state->out_of_memory = 1;
            return FLAC__STREAM_DECODER_WRITE_STATUS_ABORT;
        }
        state->block = block;
        state->capacity = frames * channels;
    }
    for (int64_t t = 0; t < frames; t++)
        for (int64_t c = 0; c < channels; c++)
            state->block[t * channels + c] = (float)(planes[c][t] * scale);
    state->ready = frames;
    state->offset = 0;
    return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static void take_comments(audio_info *info, const FLAC__StreamMetadata_VorbisComment *comments)
{
    for (uint32_t i = 0; i < comments->num_comments; i++) {
        const char *text = (const char *)comments->comments[i].entry;
        const char *equals = text ? strchr(text, '=') : NULL;
        char key[64];
        if (!equals || equals - text >= (ptrdiff_t)sizeof key)
            continue;
        snprintf(key, sizeof key, "%.*s", (int)(equals - text), text);
        audio_tags_add(info, audio_tags_vorbis_key(key), equals + 1,
                       comments->comments[i].length - (size_t)(equals + 1 - text));
    }
}

static void take_metadata(const FLAC__StreamDecoder *decoder, const FLAC__StreamMetadata *block,
                          void *user)
{
    flac_reader *state = user;
    audio_info *info = &state->reader->info;

    (void)decoder;
    if (block->type == FLAC__METADATA_TYPE_STREAMINFO) {
        info->rate_hz = (int32_t)block->data.stream_info.sample_rate;
        info->channels = (int32_t)block->data.stream_info.channels;
        info->bits = (int32_t)block->data.stream_info.bits_per_sample;
        info->frames = block->data.stream_info.total_samples
                           ? (int64_t)block->data.stream_info.total_samples
                           : -1;
    } else if (block->type == FLAC__METADATA_TYPE_VORBIS_COMMENT) {
        take_comments(info, &block->data.vorbis_comment);
    } else if (block->type == FLAC__METADATA_TYPE_PICTURE) {
        audio_tags_set_cover(info, block->data.picture.data, block->data.picture.data_length);
    }
}

static void take_error(const FLAC__StreamDecoder *decoder, FLAC__StreamDecoderErrorStatus status,
                       void *user)
{
    (void)decoder, (void)status;
    ((flac_reader *)user)->damaged++;
}

static int64_t flac_read(audio_reader *reader, float *interleaved, int64_t frames_max,
                         char *message)
{
    flac_reader *state = reader->state;
    int64_t channels = reader->info.channels, frames;

    while (state->offset == state->ready) {
        state->offset = state->ready = 0;
        int more = FLAC__stream_decoder_process_single(state->decoder);
        if (state->out_of_memory)
            return audio_fail(message, "%s: out of memory.", reader->source.name);
        if (reader->source.error)
            return audio_fail(message, "%s: cannot be read: %s.", reader->source.name,
                              strerror(reader->source.error));
        if (state->damaged)
            return audio_fail(message, "%s: is damaged after %lld frames.", reader->source.name,
                              (long long)reader->delivered);
        if (!more || (state->ready == 0 && FLAC__stream_decoder_get_state(state->decoder) ==
                                               FLAC__STREAM_DECODER_END_OF_STREAM))
            return 0;
    }
    frames = state->ready - state->offset;
    frames = frames < frames_max ? frames : frames_max;
    memcpy(interleaved, state->block + state->offset * channels,
           (size_t)(frames * channels) * sizeof *interleaved);
    state->offset += frames;
    return frames;
}

static void release(flac_reader *state)
{
    if (state->decoder)
        FLAC__stream_decoder_delete(state->decoder);
    free(state->block);
    free(state);
}

static void flac_close(audio_reader *reader)
{
    release(reader->state);
}

int audio_flac_open(audio_reader *reader, char message[AUDIO_MESSAGE_BYTES])
{
    static const audio_decoder decoder = {flac_read, flac_close};
    flac_reader *state = calloc(1, sizeof *state);
    audio_info *info = &reader->info;

    if (state)
        state->decoder = FLAC__stream_decoder_new();
    if (!state || !state->decoder) {
        free(state);
        return audio_fail(message, "%s: out of memory.", reader->source.name);
    }
    state->reader = reader;
    FLAC__stream_decoder_set_metadata_respond_all(state->decoder);
    if (FLAC__stream_decoder_init_stream(state->decoder, take_bytes, NULL, NULL, NULL, NULL,
                                         take_frame, take_metadata, take_error,
                                         state) != FLAC__STREAM_DECODER_INIT_STATUS_OK ||
        !FLAC__stream_decoder_process_until_end_of_metadata(state->decoder) || state->damaged ||
        !info->rate_hz) {
        release(state);
        return audio_fail(message, "%s: not readable as FLAC.", reader->source.name);
    }
    if (audio_check_shape(reader->source.name, info->rate_hz, info->channels, message)) {
        release(state);
        return -1;
    }
    snprintf(info->codec, sizeof info->codec, "flac");
    snprintf(info->sample_format, sizeof info->sample_format, "s%d", info->bits);
    reader->state = state;
    reader->decoder = &decoder;
    return 0;
}
