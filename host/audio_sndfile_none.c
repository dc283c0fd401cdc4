/* audio_sndfile_none.c: stands in where libsndfile is not there. */
#include "host/audio_internal.h"

const char *audio_backend_sndfile(void)
{
    return NULL;
}

int audio_sndfile_open(audio_reader *reader, audio_kind kind, char message[AUDIO_MESSAGE_BYTES])
{
    return audio_fail(
        message, "%s: reading %s needs libsndfile or FFmpeg, which this build was made without.",
        reader->source.name, audio_kind_describe(kind)->title);
}

int audio_sndfile_create(audio_writer *writer, char message[AUDIO_MESSAGE_BYTES])
{
    return audio_fail(
        message, "%s: writing %s needs libsndfile or FFmpeg, which this build was made without.",
        writer->name, audio_format_title(writer->config.format));
}
