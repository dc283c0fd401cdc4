/* audio_ffmpeg.c: FFmpeg on a short leash. It gets no path and no protocol, one demuxer that fits
 * the bytes, and a list of decoders; references in a file to other files or addresses are refused.
 * Source: FFmpeg's doxygen. */
#include "host/audio_ffmpeg.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define IO_BYTES 32768

const char audio_ffmpeg_decoders[] =
    "mp3float,mp3,mp2float,mp2,aac,alac,flac,vorbis,libvorbis,opus,libopus,speex,libspeex,wmav1,"
    "wmav2,wmapro,"
    "wmalossless,wmavoice,pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_"
    "s32be,pcm_f32le,"
    "pcm_f32be,pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,gsm_ms";

/* Each thread keeps what FFmpeg last complained of: its log has no other address. */
static _Thread_local char last_message[256];

const char *audio_backend_ffmpeg(void)
{
    return audio_ffmpeg_load() ? "FFmpeg " AV_STRINGIFY(LIBAVFORMAT_VERSION) " (libavformat)"
                               : NULL;
}

static void keep_message(void *context, int level, const char *format, va_list list)
{
    char text[sizeof last_message];
    size_t length;

    (void)context;
    if (level > AV_LOG_ERROR)
        return;
    vsnprintf(text, sizeof text, format, list);
    length = strlen(text);
    while (length && (isspace((unsigned char)text[length - 1]) || text[length - 1] == '.'))
        text[--length] = '\0';
    if (length)
        audio_display_name(last_message, text);
}

void audio_ffmpeg_quiet(void)
{
    ffmpeg.av_log_set_callback(keep_message);
    last_message[0] = '\0';
}

const char *audio_ffmpeg_reason(int code)
{
    if (!last_message[0])
        ffmpeg.av_strerror(code, last_message, sizeof last_message);
    return last_message;
}

int audio_ffmpeg_refuse(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                        AVDictionary **options)
{
    (void)format, (void)url, (void)flags, (void)options;
    *io = NULL;
    return AVERROR(EACCES);
}

static int read_packet(void *opaque, uint8_t *data, int bytes)
{
    audio_source *source = opaque;
    int64_t got = audio_source_read_some(source, data, bytes);

    return got > 0 ? (int)got : got == 0 ? AVERROR_EOF : AVERROR(source->error);
}

static int64_t seek(void *opaque, int64_t offset, int whence)
{
    audio_source *source = opaque;

    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE)
        return source->bytes;
    if (whence == SEEK_CUR)
        offset += source->position;
    else if (whence == SEEK_END)
        offset += source->bytes;
    if (offset < 0)
        return AVERROR(EINVAL);
    source->position = offset;
    return offset;
}

static int set_up(ffmpeg_input *input, audio_source *source)
{
    unsigned char *buffer = ffmpeg.av_malloc(IO_BYTES);

    input->format = ffmpeg.avformat_alloc_context();
    if (buffer)
        input->io = ffmpeg.avio_alloc_context(buffer, IO_BYTES, 0, source, read_packet, NULL,
                                              source->seekable ? seek : NULL);
    if (!input->io)
        ffmpeg.av_free(buffer);
    if (!input->io || !input->format)
        return -1;
    input->io->seekable = source->seekable ? AVIO_SEEKABLE_NORMAL : 0;
    input->format->pb = input->io;
    input->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    input->format->io_open = audio_ffmpeg_refuse;
    return 0;
}

int audio_ffmpeg_input_open(ffmpeg_input *input, audio_source *source, audio_kind kind,
                            char message[AUDIO_MESSAGE_BYTES])
{
    const AVInputFormat *demuxer;
    AVDictionary *options = NULL;
    int code;

    if (!audio_ffmpeg_load())
        return audio_fail(message, "%s: needs FFmpeg, which is not there.", source->name);
    audio_ffmpeg_quiet();
    demuxer = ffmpeg.av_find_input_format(audio_kind_describe(kind)->demuxer);
    if (!demuxer)
        return audio_fail(message, "%s: this FFmpeg was made without its %s demuxer.", source->name,
                          audio_kind_describe(kind)->demuxer);
    if (set_up(input, source)) {
        audio_ffmpeg_input_close(input);
        return audio_fail(message, "%s: out of memory.", source->name);
    }
    if (kind == AUDIO_KIND_WAV && source->seekable) {
        unsigned char first[4] = {0};
        audio_source_peek(source, 0, first, 4);
        if (!memcmp(first, "riff", 4))
            demuxer = ffmpeg.av_find_input_format("w64");
    }
    ffmpeg.av_dict_set(&options, "protocol_whitelist", "", 0);
    ffmpeg.av_dict_set(&options, "format_whitelist", demuxer ? demuxer->name : "", 0);
    ffmpeg.av_dict_set(&options, "codec_whitelist", audio_ffmpeg_decoders, 0);
    code = ffmpeg.avformat_open_input(&input->format, NULL, demuxer, &options);
    ffmpeg.av_dict_free(&options);
    if (code < 0) {
        audio_fail(message, "%s: not readable as %s: %s.", source->name,
                   audio_kind_describe(kind)->title, audio_ffmpeg_reason(code));
        audio_ffmpeg_input_close(input);
        return -1;
    }
    return 0;
}

void audio_ffmpeg_input_close(ffmpeg_input *input)
{
    ffmpeg.avformat_close_input(&input->format);
    if (input->io)
        ffmpeg.av_freep(&input->io->buffer);
    ffmpeg.avio_context_free(&input->io);
}

static void collect_dictionary(const AVDictionary *dictionary, audio_info *info)
{
    const AVDictionaryEntry *entry = NULL;

    while ((entry = ffmpeg.av_dict_get(dictionary, "", entry, AV_DICT_IGNORE_SUFFIX)))
        audio_tags_add(info, entry->key, entry->value, strlen(entry->value));
}

void audio_ffmpeg_collect_tags(const AVFormatContext *format, audio_info *info)
{
    collect_dictionary(format->metadata, info);
    for (unsigned i = 0; i < format->nb_streams; i++) {
        const AVStream *stream = format->streams[i];
        if (stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
            collect_dictionary(stream->metadata, info);
        if (stream->disposition & AV_DISPOSITION_ATTACHED_PIC && stream->attached_pic.size > 0)
            audio_tags_set_cover(info, stream->attached_pic.data,
                                 (size_t)stream->attached_pic.size);
    }
}

void audio_ffmpeg_read_tags(audio_reader *reader, audio_kind kind)
{
    audio_source view = audio_source_view(&reader->source);
    char message[AUDIO_MESSAGE_BYTES];
    ffmpeg_input input = {0};

    if (!reader->source.seekable || audio_ffmpeg_input_open(&input, &view, kind, message))
        return;
    audio_ffmpeg_collect_tags(input.format, &reader->info);
    audio_ffmpeg_input_close(&input);
}
