/* audio_wav.c: reads the headers of WAV, RF64/BW64 and W64, moving forward only, so that pipes
 * work, and knows what the file claims to hold. Sources: Microsoft's multimedia registered formats;
 * EBU Tech 3306 (RF64); ITU-R BS.2088 (BW64); Sony's Wave64 description. */
#include "host/audio_internal.h"

#include <stdio.h>
#include <string.h>

#define CHUNKS_MAX     4096
#define INFO_BYTES_MAX (1 << 18)

enum { FORMAT_PCM = 1, FORMAT_FLOAT = 3, FORMAT_EXTENSIBLE = 0xFFFE };

typedef struct wav_header {
    int wave64, rf64, has_format;
    int has_others;     /* chunks, besides those that tell how samples lie */
    int64_t riff_bytes; /* declared, after the first 8 bytes */
    int64_t data_bytes; /* declared; -1: a stream, to the end */
    int64_t ds64_data_bytes;
    int32_t tag, channels, block_bytes, bits;
    int64_t rate_hz;
} wav_header;

typedef struct wav_chunk {
    char id[4];
    int64_t bytes; /* of its content */
} wav_chunk;

static uint32_t le16(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const unsigned char *p)
{
    return le16(p) | le16(p + 2) << 16;
}

static int64_t le64(const unsigned char *p)
{
    uint64_t value = le32(p) | (uint64_t)le32(p + 4) << 32;
    return value > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)value;
}

/* Chunks are padded to 2 bytes, in W64 to 8. */
static int64_t padding(const wav_header *header, int64_t bytes)
{
    return header->wave64 ? -bytes & 7 : bytes & 1;
}

static int next_chunk(audio_source *source, const wav_header *header, wav_chunk *chunk)
{
    unsigned char h[24];
    int64_t size = header->wave64 ? 24 : 8;

    if (audio_source_read(source, h, size) != size)
        return 0;
    memcpy(chunk->id, h, 4);
    chunk->bytes = header->wave64 ? le64(h + 16) - 24 : le32(h + 4);
    return chunk->bytes >= 0;
}

/* What encoders write when they cannot come back to fill in a length: 0, -1 or nearly (less the
 * header), SoX's 0x7FFFF000, or the largest signed. */
static int is_stream_length(int64_t bytes)
{
    return bytes == 0 || bytes >= 0xFFFFFF00 || (bytes >= 0x7FFFF000 && bytes <= 0x80000000);
}

static int64_t declared_data_bytes(const wav_header *header, const wav_chunk *chunk,
                                   int64_t data_offset)
{
    if (header->rf64 && chunk->bytes == 0xFFFFFFFF)
        return header->ds64_data_bytes ? header->ds64_data_bytes : -1;
    if (header->wave64)
        return chunk->bytes ? chunk->bytes : -1;
    if (chunk->bytes == 0)
        /* Truly empty when the outer length was filled in and leaves room for more than this
         * header. */
        return is_stream_length(header->riff_bytes) || header->riff_bytes + 8 <= data_offset ? -1
                                                                                             : 0;
    return is_stream_length(chunk->bytes) ? -1 : chunk->bytes;
}

static void read_format(wav_header *header, const unsigned char *f, int64_t bytes)
{
    header->has_format = 1;
    header->tag = (int32_t)le16(f);
    header->channels = (int32_t)le16(f + 2);
    header->rate_hz = le32(f + 4);
    header->block_bytes = (int32_t)le16(f + 12);
    header->bits = (int32_t)le16(f + 14);
    if (header->tag == FORMAT_EXTENSIBLE && bytes >= 26)
        header->tag = (int32_t)le16(f + 24);
}

/* INFO of a LIST chunk whose first four letters were read. */
static void read_info_list(const unsigned char *list, int64_t bytes, audio_info *info)
{
    for (int64_t at = 0; at + 8 <= bytes;) {
        int64_t length = le32(list + at + 4), room = bytes - at - 8;
        const char *key = audio_tags_riff_key((const char *)list + at);
        length = length < room ? length : room;
        if (key)
            audio_tags_add(info, key, (const char *)list + at + 8, (size_t)length);
        at += 8 + length + (length & 1);
    }
}

/* Whether a chunk is about samples, or empty room, and so holds no tags. */
static int is_plain(const wav_chunk *chunk)
{
    static const char ids[][5] = {"fmt ", "fact", "ds64", "JUNK", "PAD "};
    int found = 0;

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        found |= !memcmp(chunk->id, ids[i], 4);
    return found;
}

/* Reads a chunk that matters, skips others. Returns whether it was all there. */
static int take_chunk(audio_source *source, wav_header *header, const wav_chunk *chunk,
                      audio_info *info)
{
    unsigned char content[INFO_BYTES_MAX];
    int64_t take = 0;

    if (!memcmp(chunk->id, "fmt ", 4))
        take = chunk->bytes < 40 ? chunk->bytes : 40;
    else if (!memcmp(chunk->id, "ds64", 4))
        take = chunk->bytes < 28 ? chunk->bytes : 28;
    else if (!memcmp(chunk->id, "LIST", 4) && chunk->bytes <= INFO_BYTES_MAX)
        take = chunk->bytes;
    header->has_others |= !is_plain(chunk);
    if (audio_source_read(source, content, take) != take)
        return 0;
    if (!memcmp(chunk->id, "fmt ", 4) && take >= 16)
        read_format(header, content, take);
    else if (!memcmp(chunk->id, "ds64", 4) && take >= 16)
        header->ds64_data_bytes = le64(content + 8);
    else if (take >= 4 && !memcmp(chunk->id, "LIST", 4) && !memcmp(content, "INFO", 4))
        read_info_list(content + 4, take - 4, info);
    int64_t rest = chunk->bytes - take + padding(header, chunk->bytes);
    return audio_source_skip(source, rest) == rest;
}

/* The tags behind the samples, where one can seek there. */
static void read_trailing_tags(const audio_source *source, wav_header *header, audio_info *info)
{
    audio_source view = *source;
    wav_chunk chunk;

    if (!source->seekable || header->data_bytes < 0)
        return;
    view.owned = 0;
    audio_source_skip(&view, header->data_bytes + padding(header, header->data_bytes));
    for (int32_t i = 0; i < CHUNKS_MAX && next_chunk(&view, header, &chunk); i++)
        if (memcmp(chunk.id, "fmt ", 4) && !take_chunk(&view, header, &chunk, info))
            break;
}

/* Walks to the first sample. */
static int read_header(audio_reader *reader, wav_header *header, char *message)
{
    audio_source *source = &reader->source;
    unsigned char h[40] = {0};
    wav_chunk chunk;

    audio_source_read(source, h, 12);
    header->wave64 = !memcmp(h, "riff", 4);
    header->rf64 = !memcmp(h, "RF64", 4) || !memcmp(h, "BW64", 4);
    header->riff_bytes = le32(h + 4);
    if (header->wave64 && audio_source_read(source, h + 12, 28) != 28)
        return audio_fail(message, "%s: ends inside its WAV header.", source->name);
    for (int32_t i = 0; i < CHUNKS_MAX && next_chunk(source, header, &chunk); i++) {
        if (!memcmp(chunk.id, "data", 4)) {
            header->data_bytes = declared_data_bytes(header, &chunk, source->position);
            if (!header->has_format)
                return audio_fail(message, "%s: has no WAV format before its samples.",
                                  source->name);
            return 0;
        }
        if (!take_chunk(source, header, &chunk, &reader->info))
            break;
    }
    if (header->has_format &&
        audio_check_shape(source->name, header->rate_hz, header->channels, message))
        return -1;
    return audio_fail(message, "%s: ends inside its WAV header: no samples follow.", source->name);
}

static int choose_pcm(const wav_header *header, audio_pcm *pcm)
{
    int32_t bytes = header->block_bytes / header->channels;

    if (header->block_bytes != bytes * header->channels || bytes != (header->bits + 7) / 8)
        return 0;
    if (header->tag == FORMAT_FLOAT && (bytes == 4 || bytes == 8)) {
        *pcm = bytes == 4 ? PCM_F32 : PCM_F64;
        return 1;
    }
    if (header->tag != FORMAT_PCM || bytes < 1 || bytes > 4)
        return 0;
    *pcm = bytes == 1 ? PCM_U8 : bytes == 2 ? PCM_S16 : bytes == 3 ? PCM_S24 : PCM_S32;
    return 1;
}

int audio_wav_open(audio_reader *reader, char message[AUDIO_MESSAGE_BYTES])
{
    wav_header header = {.data_bytes = -1};
    unsigned char first[4];
    audio_pcm pcm;

    if (audio_source_peek(&reader->source, 0, first, 4) == 4 && !memcmp(first, "RIFX", 4))
        return 1; /* big endian */
    if (read_header(reader, &header, message) ||
        audio_check_shape(reader->source.name, header.rate_hz, header.channels, message))
        return -1;
    if (!choose_pcm(&header, &pcm))
        return 1;
    reader->info.rate_hz = (int32_t)header.rate_hz;
    reader->info.channels = header.channels;
    read_trailing_tags(&reader->source, &header, &reader->info);
    reader->may_have_tags = header.has_others || header.wave64 || header.data_bytes < 0;
    return audio_pcm_open(reader, pcm, header.data_bytes, message);
}
