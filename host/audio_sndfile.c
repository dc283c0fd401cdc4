/* audio_sndfile.c: libsndfile over our own bytes: AIFF, FLAC, Ogg Vorbis and the compressed kinds
 * of WAV. Source: libsndfile's API documentation. */
#include "host/audio_internal.h"

#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct sndfile_reader {
    SNDFILE *file;
} sndfile_reader;

typedef struct sndfile_writer {
    SNDFILE *file;
    int32_t *block; /* integer formats: AUDIO_BLOCK_BYTES of samples */
} sndfile_writer;

const char *audio_backend_sndfile(void)
{
    return sf_version_string();
}

/* libsndfile's sentences without their full stop, to stand inside ours. */
static const char *reason(SNDFILE *file, char text[128])
{
    size_t length;

    snprintf(text, 128, "%s", sf_strerror(file));
    for (length = strlen(text); length && text[length - 1] == '.';)
        text[--length] = '\0';
    return text;
}

/* ---- reading ---- */

static sf_count_t source_length(void *user)
{
    return ((audio_source *)user)->bytes;
}

static sf_count_t source_seek(sf_count_t offset, int whence, void *user)
{
    audio_source *source = user;
    int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? source->position : source->bytes;

    if (from + offset < 0)
        return -1;
    source->position = from + offset;
    return source->position;
}

static sf_count_t source_read(void *data, sf_count_t bytes, void *user)
{
    int64_t got = audio_source_read(user, data, bytes);
    return got < 0 ? 0 : got;
}

static sf_count_t source_write(const void *data, sf_count_t bytes, void *user)
{
    (void)data, (void)bytes, (void)user;
    return 0;
}

static sf_count_t source_tell(void *user)
{
    return ((audio_source *)user)->position;
}

static int64_t sndfile_read(audio_reader *reader, float *interleaved, int64_t frames_max,
                            char *message)
{
    sndfile_reader *state = reader->state;
    int64_t got = sf_readf_float(state->file, interleaved, frames_max);
    char text[128];

    if (got > 0)
        return got;
    if (reader->source.error)
        return audio_fail(message, "%s: cannot be read: %s.", reader->source.name,
                          strerror(reader->source.error));
    if (sf_error(state->file))
        return audio_fail(message, "%s: is damaged after %lld of %lld frames: %s.",
                          reader->source.name, (long long)reader->delivered,
                          (long long)reader->info.frames, reason(state->file, text));
    return 0;
}

static void sndfile_close(audio_reader *reader)
{
    sndfile_reader *state = reader->state;

    sf_close(state->file);
    free(state);
}

static void describe_format(int format, audio_info *info)
{
    static const struct {
        int subtype;
        const char *codec, *sample_format;
        int32_t bits;
    } subtypes[] = {
        {SF_FORMAT_PCM_S8, "pcm_s8", "s8", 8},
        {SF_FORMAT_PCM_U8, "pcm_u8", "u8", 8},
        {SF_FORMAT_PCM_16, "pcm_s16", "s16", 16},
        {SF_FORMAT_PCM_24, "pcm_s24", "s24", 24},
        {SF_FORMAT_PCM_32, "pcm_s32", "s32", 32},
        {SF_FORMAT_FLOAT, "pcm_f32", "f32", 32},
        {SF_FORMAT_DOUBLE, "pcm_f64", "f64", 64},
        {SF_FORMAT_VORBIS, "vorbis", "lossy", 0},
        {SF_FORMAT_ULAW, "pcm_mulaw", "lossy", 0},
        {SF_FORMAT_ALAW, "pcm_alaw", "lossy", 0},
        {SF_FORMAT_OPUS, "opus", "lossy", 0},
        {SF_FORMAT_MPEG_LAYER_III, "mp3", "lossy", 0},
        {SF_FORMAT_ALAC_16, "alac", "s16", 16},
        {SF_FORMAT_ALAC_24, "alac", "s24", 24},
        {SF_FORMAT_IMA_ADPCM, "adpcm_ima_wav", "lossy", 0},
        {SF_FORMAT_MS_ADPCM, "adpcm_ms", "lossy", 0},
    };
    const char *codec = "pcm", *sample_format = "lossy";

    for (size_t i = 0; i < sizeof subtypes / sizeof *subtypes; i++)
        if (subtypes[i].subtype == (format & SF_FORMAT_SUBMASK)) {
            codec = subtypes[i].codec;
            sample_format = subtypes[i].sample_format;
            info->bits = subtypes[i].bits;
        }
    snprintf(info->codec, sizeof info->codec, "%s",
             (format & SF_FORMAT_TYPEMASK) == SF_FORMAT_FLAC ? "flac" : codec);
    snprintf(info->sample_format, sizeof info->sample_format, "%s", sample_format);
}

static void read_strings(SNDFILE *file, audio_info *info)
{
    static const struct {
        int id;
        const char *key;
    } strings[] = {
        {SF_STR_TITLE, "title"},       {SF_STR_ARTIST, "artist"},       {SF_STR_ALBUM, "album"},
        {SF_STR_DATE, "date"},         {SF_STR_COMMENT, "comment"},     {SF_STR_GENRE, "genre"},
        {SF_STR_TRACKNUMBER, "track"}, {SF_STR_COPYRIGHT, "copyright"},
    };

    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        const char *value = sf_get_string(file, strings[i].id);
        if (value)
            audio_tags_add(info, strings[i].key, value, strlen(value));
    }
}

/* The frame count of AIFF's COMM chunk: libsndfile tells what the file has instead of what it
 * claims. -1: none. */
static int64_t aiff_frames(const audio_source *source)
{
    audio_source view = audio_source_view(source);
    unsigned char h[14];

    audio_source_skip(&view, 12);
    while (audio_source_read(&view, h, 8) == 8) {
        int64_t bytes = (int64_t)h[4] << 24 | h[5] << 16 | h[6] << 8 | h[7];
        if (!memcmp(h, "COMM", 4))
            return audio_source_read(&view, h, 6) == 6
                       ? (int64_t)h[2] << 24 | h[3] << 16 | h[4] << 8 | h[5]
                       : -1;
        audio_source_skip(&view, bytes + (bytes & 1));
    }
    return -1;
}

/* What the file claims to hold. */
static int64_t declared_frames(audio_reader *reader, audio_kind kind, const SF_INFO *format)
{
    int64_t frames = kind == AUDIO_KIND_AIFF         ? aiff_frames(&reader->source)
                     : kind == AUDIO_KIND_OGG_VORBIS ? audio_ogg_frames(&reader->source, kind)
                                                     : -1;

    return frames > format->frames ? frames : format->frames;
}

int audio_sndfile_open(audio_reader *reader, audio_kind kind, char message[AUDIO_MESSAGE_BYTES])
{
    static const audio_decoder decoder = {sndfile_read, sndfile_close};
    SF_VIRTUAL_IO io = {source_length, source_seek, source_read, source_write, source_tell};
    sndfile_reader *state = calloc(1, sizeof *state);
    SF_INFO format = {0};
    audio_info *info = &reader->info;
    char text[128];

    if (!state)
        return audio_fail(message, "%s: out of memory.", reader->source.name);
    reader->source.position = 0;
    state->file = sf_open_virtual(&io, SFM_READ, &format, &reader->source);
    if (!state->file) {
        audio_fail(message, "%s: not readable as %s: %s.", reader->source.name,
                   audio_kind_describe(kind)->title, reason(NULL, text));
    } else if (!audio_check_shape(reader->source.name, format.samplerate, format.channels,
                                  message)) {
        /* A FLAC stream that never learnt its length: FFmpeg reads it to its end. */
        if (kind != AUDIO_KIND_FLAC || (format.frames > 0 && format.frames < SF_COUNT_MAX)) {
            info->rate_hz = format.samplerate;
            info->channels = format.channels;
            info->frames = declared_frames(reader, kind, &format);
            describe_format(format.format, info);
            read_strings(state->file, info);
            reader->state = state;
            reader->decoder = &decoder;
            return 0;
        }
        audio_fail(message, "%s: a FLAC stream without a length needs FFmpeg.",
                   reader->source.name);
    }
    if (state->file)
        sf_close(state->file);
    free(state);
    reader->source.position = 0;
    return -1;
}

/* ---- writing ---- */

static sf_count_t sink_length(void *user)
{
    return ((audio_writer *)user)->bytes;
}

static sf_count_t sink_seek(sf_count_t offset, int whence, void *user)
{
    audio_writer *writer = user;
    int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? writer->position : writer->bytes;

    return audio_sink_seek(writer, from + offset) ? -1 : writer->position;
}

static sf_count_t sink_read(void *data, sf_count_t bytes, void *user)
{
    (void)data, (void)bytes, (void)user;
    return 0;
}

static sf_count_t sink_write(const void *data, sf_count_t bytes, void *user)
{
    return audio_sink_write(user, data, bytes) ? 0 : bytes;
}

static sf_count_t sink_tell(void *user)
{
    return ((audio_writer *)user)->position;
}

static int writer_fail(const audio_writer *writer, char *message)
{
    const sndfile_writer *state = writer->state;
    char text[128];

    if (writer->error)
        return audio_sink_fail(writer, message);
    return audio_fail(message, "%s: %s cannot be written: %s.", writer->name,
                      audio_format_title(writer->config.format), reason(state->file, text));
}

static int sndfile_write(audio_writer *writer, const float *interleaved, int64_t frames,
                         char *message)
{
    sndfile_writer *state = writer->state;
    int32_t channels = writer->config.channels, bits = writer->config.bits;
    int64_t step = AUDIO_BLOCK_BYTES / (int64_t)sizeof *state->block / channels;

    for (int64_t done = 0, count; done < frames; done += count) {
        const float *in = interleaved + done * channels;
        count = frames - done < step ? frames - done : step;
        int64_t wrote;
        if (writer->config.format == AUDIO_FLAC) {
            for (int64_t i = 0; i < count * channels; i++)
                state->block[i] =
                    (int32_t)((uint32_t)audio_pcm_quantise(in[i], bits) << (32 - bits));
            wrote = sf_writef_int(state->file, state->block, count);
        } else {
            wrote = sf_writef_float(state->file, in, count);
        }
        if (wrote != count || writer->error)
            return writer_fail(writer, message);
    }
    return 0;
}

static int sndfile_finish(audio_writer *writer, char *message)
{
    sndfile_writer *state = writer->state;
    int code;

    if (writer->frames == 0) /* libsndfile would write nothing at all */
        return audio_fail(message, "%s: %s cannot hold a file of no frames.", writer->name,
                          audio_format_title(writer->config.format));
    code = sf_close(state->file);
    state->file = NULL;
    if (code || writer->error)
        return writer->error ? audio_sink_fail(writer, message)
                             : audio_fail(message, "%s: cannot be finished: %s.", writer->name,
                                          sf_error_number(code));
    return 0;
}

static void sndfile_writer_close(audio_writer *writer)
{
    sndfile_writer *state = writer->state;

    if (state->file)
        sf_close(state->file);
    free(state->block);
    free(state);
}

static void set_quality(SNDFILE *file, const audio_writer_config *config)
{
    double level = config->compression < 0 ? 5 / 8.0 : config->compression / 8.0;
    /* Vorbis: about 64 kbit/s at quality 0 and 16 more a tenth, at 44.1 kHz in stereo. */
    double kbps = config->bitrate_kbps ? config->bitrate_kbps : 192;
    double quality = config->bitrate_kbps || config->vbr_quality < 0 ? (kbps - 64) / 256
                                                                     : config->vbr_quality / 10.0;

    quality = quality < 0 ? 0 : quality > 1 ? 1 : quality;
    if (config->format == AUDIO_FLAC)
        sf_command(file, SFC_SET_COMPRESSION_LEVEL, &level, sizeof level);
    else
        sf_command(file, SFC_SET_VBR_ENCODING_QUALITY, &quality, sizeof quality);
}

static void write_strings(SNDFILE *file, const audio_info *info)
{
    static const struct {
        int id;
        const char *key;
    } strings[] = {
        {SF_STR_TITLE, "title"},       {SF_STR_ARTIST, "artist"},       {SF_STR_ALBUM, "album"},
        {SF_STR_DATE, "date"},         {SF_STR_COMMENT, "comment"},     {SF_STR_GENRE, "genre"},
        {SF_STR_TRACKNUMBER, "track"}, {SF_STR_COPYRIGHT, "copyright"},
    };

    for (size_t i = 0; info && i < sizeof strings / sizeof *strings; i++) {
        const char *value = audio_tags_find(info, strings[i].key);
        if (value)
            sf_set_string(file, strings[i].id, value);
    }
}

int audio_sndfile_create(audio_writer *writer, char message[AUDIO_MESSAGE_BYTES])
{
    static const audio_encoder encoder = {sndfile_write, sndfile_finish, sndfile_writer_close};
    SF_VIRTUAL_IO io = {sink_length, sink_seek, sink_read, sink_write, sink_tell};
    const audio_writer_config *config = &writer->config;
    sndfile_writer *state = calloc(1, sizeof *state);
    SF_INFO format = {.samplerate = config->rate_hz, .channels = config->channels};
    char text[128];

    if (config->format == AUDIO_FLAC)
        format.format = SF_FORMAT_FLAC | (config->bits == 24 ? SF_FORMAT_PCM_24 : SF_FORMAT_PCM_16);
    else
        format.format = SF_FORMAT_OGG | SF_FORMAT_VORBIS;
    if (!writer->seekable && config->format == AUDIO_FLAC) {
        free(state);
        return audio_fail(message, "%s: FLAC into a pipe needs FFmpeg, which is not there.",
                          writer->name);
    }
    if (state && (state->block = malloc(AUDIO_BLOCK_BYTES)))
        state->file = sf_open_virtual(&io, SFM_WRITE, &format, writer);
    if (!state || !state->file) {
        audio_fail(message, "%s: %s cannot be written with %d channels at %d Hz: %s.", writer->name,
                   audio_format_title(config->format), config->channels, config->rate_hz,
                   reason(NULL, text));
        if (state)
            free(state->block);
        free(state);
        return -1;
    }
    set_quality(state->file, config);
    write_strings(state->file, config->tags_from);
    writer->state = state;
    writer->encoder = &encoder;
    return 0;
}
