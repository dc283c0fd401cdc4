/* audio_flac_none.c: stands in where libFLAC is not there. */
#include "host/audio_internal.h"

const char *audio_backend_flac(void)
{
    return NULL;
}

int audio_flac_open(audio_reader *reader, char message[AUDIO_MESSAGE_BYTES])
{
    return audio_fail(message,
                      "%s: reading FLAC of 32 bits needs libFLAC 1.4, which this build was made "
                      "without.",
                      reader->source.name);
}

int audio_flac_create(audio_writer *writer, char message[AUDIO_MESSAGE_BYTES])
{
    return audio_fail(message,
                      "%s: writing FLAC of 32 bits needs libFLAC 1.4, which this build was made "
                      "without.",
                      writer->name);
}
