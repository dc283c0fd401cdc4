/* audio_writer_flac.c: FLAC of 32 bits a sample by libFLAC 1.4 and newer, into our own sink; of
 * fewer bits FFmpeg or libsndfile writes it. Source: libFLAC's API documentation, RFC 9639. */
#include "host/audio_internal.h"

#include <FLAC/metadata.h>
#include <FLAC/stream_encoder.h>

#include <stdlib.h>
#include <string.h>

#define BLOCK_SAMPLES 16384 /* that are quantised at a time */
#define BLOCKS_MAX    2     /* of metadata: comments, a picture */

typedef struct flac_writer {
    FLAC__StreamEncoder *encoder;
    FLAC__StreamMetadata *metadata[BLOCKS_MAX];
    uint32_t metadata_count;
    FLAC__int32 block[BLOCK_SAMPLES];
} flac_writer;

const char *audio_backend_flac(void)
{
    return FLAC__VERSION_STRING;
}

static FLAC__StreamEncoderWriteStatus put_bytes(const FLAC__StreamEncoder *encoder,
                                                const FLAC__byte *bytes, size_t count,
                                                uint32_t samples, uint32_t frame, void *user)
{
    (void)encoder, (void)samples, (void)frame;
    return audio_sink_write(user, bytes, (int64_t)count)
               ? FLAC__STREAM_ENCODER_WRITE_STATUS_FATAL_ERROR
               : FLAC__STREAM_ENCODER_WRITE_STATUS_OK;
}

static FLAC__StreamEncoderSeekStatus seek(const FLAC__StreamEncoder *encoder, FLAC__uint64 offset,
                                          void *user)
{
    (void)encoder;
    return audio_sink_seek(user, (int64_t)offset) ? FLAC__STREAM_ENCODER_SEEK_STATUS_ERROR
                                                  : FLAC__STREAM_ENCODER_SEEK_STATUS_OK;
}

static FLAC__StreamEncoderTellStatus tell(const FLAC__StreamEncoder *encoder, FLAC__uint64 *offset,
                                          void *user)
{
    (void)encoder;
    *offset = (FLAC__uint64)((const audio_writer *)user)->position;
    return FLAC__STREAM_ENCODER_TELL_STATUS_OK;
}

static int fail(const audio_writer *writer, char *message)
{
    const flac_writer *state = writer->state;

    if (writer->error)
        return audio_sink_fail(writer, message);
    return audio_fail(message, "%s: FLAC cannot be written with %d channels at %d Hz: %s.",
                      writer->name, writer->config.channels, writer->config.rate_hz,
                      FLAC__stream_encoder_get_resolved_state_string(state->encoder));
}

static int flac_write(audio_writer *writer, const float *interleaved, int64_t frames, char *message)
{
    flac_writer *state = writer->state;
    int32_t channels = writer->config.channels;
    int64_t step = BLOCK_SAMPLES / channels;

    for (int64_t done = 0, count; done < frames; done += count) {
        const float *in = interleaved + done * channels;
        count = frames - done < step ? frames - done : step;
        for (int64_t i = 0; i < count * channels; i++)
            state->block[i] = audio_pcm_quantise(in[i], 32);
        if (!FLAC__stream_encoder_process_interleaved(state->encoder, state->block,
                                                      (uint32_t)count) ||
            writer->error)
            return fail(writer, message);
    }
    return 0;
}

static int flac_finish(audio_writer *writer, char *message)
{
    flac_writer *state = writer->state;

    return !FLAC__stream_encoder_finish(state->encoder) || writer->error ? fail(writer, message)
                                                                         : 0;
}

static void release(flac_writer *state)
{
    if (state->encoder)
        FLAC__stream_encoder_delete(state->encoder);
    for (uint32_t i = 0; i < state->metadata_count; i++)
        FLAC__metadata_object_delete(state->metadata[i]);
    free(state);
}

/* Given up without an end: what the encoder still has goes nowhere. */
static void flac_close(audio_writer *writer)
{
    release(writer->state);
}

static FLAC__StreamMetadata *add_block(flac_writer *state, FLAC__MetadataType type)
{
    FLAC__StreamMetadata *block = FLAC__metadata_object_new(type);

    if (block)
        state->metadata[state->metadata_count++] = block;
    return block;
}

static int add_comments(flac_writer *state, const audio_info *info)
{
    FLAC__StreamMetadata *block =
        info->tag_count ? add_block(state, FLAC__METADATA_TYPE_VORBIS_COMMENT) : NULL;

    for (int32_t i = 0; block && i < info->tag_count; i++) {
        FLAC__StreamMetadata_VorbisComment_Entry entry;
        /* A key that no Vorbis comment can have is left out. */
        if (FLAC__metadata_object_vorbiscomment_entry_from_name_value_pair(
                &entry, audio_tags_vorbis_name(info->tags[i].key), info->tags[i].value) &&
            !FLAC__metadata_object_vorbiscomment_append_comment(block, entry, false))
            return -1;
    }
    return info->tag_count && !block ? -1 : 0;
}

static int add_picture(flac_writer *state, const audio_info *info)
{
    FLAC__StreamMetadata *block;
    int32_t width, height;

    if (!audio_cover_size(info, &width, &height))
        return 0;
    block = add_block(state, FLAC__METADATA_TYPE_PICTURE);
    if (!block)
        return -1;
    block->data.picture.type = FLAC__STREAM_METADATA_PICTURE_TYPE_FRONT_COVER;
    block->data.picture.width = (FLAC__uint32)width;
    block->data.picture.height = (FLAC__uint32)height;
    block->data.picture.depth = 24;
    return FLAC__metadata_object_picture_set_mime_type(block, (char *)(uintptr_t)info->cover_mime,
                                                       true) &&
                   FLAC__metadata_object_picture_set_data(block, info->cover,
                                                          (FLAC__uint32)info->cover_bytes, true)
               ? 0
               : -1;
}

int audio_flac_create(audio_writer *writer, char message[AUDIO_MESSAGE_BYTES])
{
    static const audio_encoder encoder = {flac_write, flac_finish, flac_close};
    const audio_writer_config *config = &writer->config;
    flac_writer *state = calloc(1, sizeof *state);

    if (state)
        state->encoder = FLAC__stream_encoder_new();
    if (!state || !state->encoder ||
        (config->tags_from &&
         (add_comments(state, config->tags_from) || add_picture(state, config->tags_from)))) {
        if (state)
            release(state);
        return audio_fail(message, "%s: out of memory.", writer->name);
    }
    FLAC__stream_encoder_set_streamable_subset(state->encoder, false);
    FLAC__stream_encoder_set_channels(state->encoder, (uint32_t)config->channels);
    FLAC__stream_encoder_set_bits_per_sample(state->encoder, 32);
    FLAC__stream_encoder_set_sample_rate(state->encoder, (uint32_t)config->rate_hz);
    FLAC__stream_encoder_set_compression_level(
        state->encoder, config->compression < 0 ? 5 : (uint32_t)config->compression);
    FLAC__stream_encoder_set_metadata(state->encoder, state->metadata, state->metadata_count);
    writer->state = state;
    if (FLAC__stream_encoder_init_stream(state->encoder, put_bytes, writer->seekable ? seek : NULL,
                                         writer->seekable ? tell : NULL, NULL,
                                         writer) != FLAC__STREAM_ENCODER_INIT_STATUS_OK) {
        fail(writer, message);
        release(state);
        return -1;
    }
    writer->encoder = &encoder;
    return 0;
}
