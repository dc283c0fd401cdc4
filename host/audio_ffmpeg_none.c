/* audio_ffmpeg_none.c: stands in where FFmpeg is not there. */
#include "host/audio_internal.h"

const char *audio_backend_ffmpeg(void)
{
    return NULL;
}

int audio_ffmpeg_open(audio_reader *reader, audio_kind kind, char message[AUDIO_MESSAGE_BYTES])
{
    return audio_fail(message, "%s: reading %s needs FFmpeg, which is not there.",
                      reader->source.name, audio_kind_describe(kind)->title);
}

void audio_ffmpeg_read_tags(audio_reader *reader, audio_kind kind)
{
    (void)reader, (void)kind;
}

int audio_ffmpeg_create(audio_writer *writer, char message[AUDIO_MESSAGE_BYTES])
{
    return audio_fail(message, "%s: writing %s needs FFmpeg, which is not there.", writer->name,
                      audio_format_title(writer->config.format));
}
