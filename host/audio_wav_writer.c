/* audio_wav_writer.c: writes WAV and headerless PCM. A WAV file starts with room for RF64's ds64
 * chunk, which takes that room when the file outgrows 4 GB (EBU Tech 3306). Into a pipe the lengths
 * are 0xFFFFFFFF, which readers take for "to the end". */
#include "host/audio_internal.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES_MAX 128
#define LIST_BYTES_MAX   ((int64_t)1 << 20)

typedef struct wav_writer {
    audio_pcm pcm;
    int64_t header_bytes;
    unsigned char *list; /* LIST INFO chunk, or NULL */
    int64_t list_bytes;
    unsigned char block[AUDIO_BLOCK_BYTES];
} wav_writer;

static unsigned char *put(unsigned char *at, uint64_t value, int32_t bytes)
{
    for (int32_t i = 0; i < bytes; i++)
        *at++ = (unsigned char)(value >> (8 * i));
    return at;
}

static unsigned char *put_id(unsigned char *at, const char *id)
{
    memcpy(at, id, 4);
    return at + 4;
}

/* Speaker positions in the order of the channels: mono, stereo, 3.0, quad, 5.0, 5.1, 6.1, 7.1. */
static uint32_t channel_mask(int32_t channels)
{
    static const uint32_t masks[] = {0x4, 0x3, 0x7, 0x33, 0x37, 0x3F, 0x70F, 0x63F};
    return masks[channels - 1];
}

/* "fmt ": plain for what every program reads, extensible where the standard demands it (more than
 * two channels or 16 bits). */
static unsigned char *put_format(unsigned char *at, const audio_writer *writer, audio_pcm pcm)
{
    int32_t channels = writer->config.channels, bytes = audio_pcm_bytes(pcm);
    uint32_t tag = pcm == PCM_F32 ? 3 : 1;
    int extensible = channels > 2 || (pcm != PCM_F32 && bytes > 2);

    at = put_id(at, "fmt ");
    at = put(at, extensible ? 40 : 16, 4);
    at = put(at, extensible ? 0xFFFE : tag, 2);
    at = put(at, (uint64_t)channels, 2);
    at = put(at, (uint64_t)writer->config.rate_hz, 4);
    at = put(at, (uint64_t)writer->config.rate_hz * (uint64_t)(channels * bytes), 4);
    at = put(at, (uint64_t)(channels * bytes), 2);
    at = put(at, (uint64_t)(8 * bytes), 2);
    if (!extensible)
        return at;
    at = put(at, 22, 2);
    at = put(at, (uint64_t)(8 * bytes), 2);
    at = put(at, channel_mask(channels), 4);
    at = put(at, tag, 4); /* the GUID of a format tag: XXXXXXXX-0000-0010-8000-00AA00389B71 */
    at = put(at, 0x00100000, 4);
    at = put(at, 0xAA000080, 4);
    return put(at, 0x719B3800, 4);
}

/* The whole header for what has been written; `riff_bytes` counts after the first 8, or -1 for a
 * pipe. */
static int64_t build_header(const audio_writer *writer, audio_pcm pcm, int64_t riff_bytes,
                            int64_t data_bytes, unsigned char *header)
{
    int large = riff_bytes > (int64_t)UINT32_MAX - 1;
    uint64_t limit = UINT32_MAX;
    unsigned char *at = put_id(header, large ? "RF64" : "RIFF");

    at = put(at, riff_bytes < 0 || large ? limit : (uint64_t)riff_bytes, 4);
    at = put_id(at, "WAVE");
    if (writer->seekable) {
        at = put_id(at, large ? "ds64" : "JUNK");
        at = put(at, 28, 4);
        at = put(at, large ? (uint64_t)riff_bytes : 0, 8);
        at = put(at, large ? (uint64_t)data_bytes : 0, 8);
        at = put(at, large ? (uint64_t)writer->frames : 0, 8);
        at = put(at, 0, 4);
    }
    at = put_format(at, writer, pcm);
    if (pcm == PCM_F32) {
        at = put_id(at, "fact");
        at = put(at, 4, 4);
        at = put(at,
                 riff_bytes < 0 || writer->frames > UINT32_MAX ? limit : (uint64_t)writer->frames,
                 4);
    }
    at = put_id(at, "data");
    at = put(at, riff_bytes < 0 || large ? limit : (uint64_t)data_bytes, 4);
    return at - header;
}

/* LIST INFO, kept for the front (pipe) or the end (file). */
static void build_list(wav_writer *state, const audio_info *info)
{
    unsigned char *at;

    if (!info || !info->tag_count || !(state->list = malloc((size_t)LIST_BYTES_MAX)))
        return;
    at = put_id(state->list + 8, "INFO");
    for (int32_t i = 0; i < info->tag_count; i++) {
        const char *id = audio_tags_riff_id(info->tags[i].key), *value = info->tags[i].value;
        int64_t bytes = (int64_t)strlen(value) + 1;
        if (!id || at + 8 + bytes + 1 > state->list + LIST_BYTES_MAX)
            continue;
        at = put(put_id(at, id), (uint64_t)bytes, 4);
        memcpy(at, value, (size_t)bytes);
        at += bytes;
        if (bytes & 1)
            *at++ = 0;
    }
    state->list_bytes = at - state->list;
    put(put_id(state->list, "LIST"), (uint64_t)state->list_bytes - 8, 4);
}

static int wav_write(audio_writer *writer, const float *interleaved, int64_t frames, char *message)
{
    wav_writer *state = writer->state;
    int64_t samples = frames * writer->config.channels, bytes = audio_pcm_bytes(state->pcm);

    for (int64_t done = 0, count; done < samples; done += count) {
        count = AUDIO_BLOCK_BYTES / bytes;
        count = samples - done < count ? samples - done : count;
        audio_pcm_encode(state->pcm, interleaved + done, state->block, count);
        if (audio_sink_write(writer, state->block, count * bytes))
            return audio_sink_fail(writer, message);
    }
    return 0;
}

static int wav_finish(audio_writer *writer, char *message)
{
    wav_writer *state = writer->state;
    unsigned char header[HEADER_BYTES_MAX];
    int64_t data_bytes = writer->bytes - state->header_bytes;

    if (writer->config.format == AUDIO_RAW || !writer->seekable)
        return 0;
    if ((data_bytes & 1 && audio_sink_write(writer, "", 1)) ||
        audio_sink_write(writer, state->list, state->list_bytes))
        return audio_sink_fail(writer, message);
    build_header(writer, state->pcm, writer->bytes - 8, data_bytes, header);
    if (audio_sink_seek(writer, 0) || audio_sink_write(writer, header, state->header_bytes))
        return audio_sink_fail(writer, message);
    return 0;
}

static void wav_close(audio_writer *writer)
{
    wav_writer *state = writer->state;

    free(state->list);
    free(state);
}

static int write_front(audio_writer *writer, wav_writer *state)
{
    unsigned char header[HEADER_BYTES_MAX];
    int64_t header_bytes = build_header(writer, state->pcm, -1, 0, header), data_header = 8;

    state->header_bytes = header_bytes;
    if (writer->seekable || !state->list)
        return audio_sink_write(writer, header, header_bytes);
    return audio_sink_write(writer, header, header_bytes - data_header) ||
           audio_sink_write(writer, state->list, state->list_bytes) ||
           audio_sink_write(writer, header + header_bytes - data_header, data_header);
}

int audio_wav_create(audio_writer *writer, char message[AUDIO_MESSAGE_BYTES])
{
    static const audio_encoder encoder = {wav_write, wav_finish, wav_close};
    wav_writer *state = calloc(1, sizeof *state);
    int32_t bits = writer->config.bits;

    if (!state)
        return audio_fail(message, "%s: out of memory.", writer->name);
    state->pcm = bits == 16 ? PCM_S16 : bits == 24 ? PCM_S24 : bits == 32 ? PCM_S32 : PCM_F32;
    if (writer->config.format == AUDIO_WAV) {
        build_list(state, writer->config.tags_from);
        if (write_front(writer, state)) {
            free(state->list);
            free(state);
            return audio_sink_fail(writer, message);
        }
    }
    writer->state = state;
    writer->encoder = &encoder;
    return 0;
}
