/* audio_raw.c: uncompressed samples: headerless files, and the inside of WAV files. */
#include "host/audio_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pcm_state {
    audio_pcm pcm;
    int64_t left; /* bytes of samples; INT64_MAX: to the end */
    unsigned char block[AUDIO_BLOCK_BYTES];
} pcm_state;

static int64_t pcm_read(audio_reader *reader, float *interleaved, int64_t frames_max, char *message)
{
    pcm_state *state = reader->state;
    int64_t frame_bytes = (int64_t)audio_pcm_bytes(state->pcm) * reader->info.channels;
    int64_t frames = AUDIO_BLOCK_BYTES / frame_bytes, got;

    frames = frames < frames_max ? frames : frames_max;
    frames = frames < state->left / frame_bytes ? frames : state->left / frame_bytes;
    got = audio_source_read(&reader->source, state->block, frames * frame_bytes);
    if (got < 0)
        return audio_fail(message, "%s: cannot be read: %s.", reader->source.name,
                          strerror(reader->source.error));
    state->left -= got;
    frames = got / frame_bytes; /* half a frame at the end of a cut file is none */
    audio_pcm_decode(state->pcm, state->block, interleaved, frames * reader->info.channels);
    return frames;
}

static void pcm_close(audio_reader *reader)
{
    free(reader->state);
}

int audio_pcm_open(audio_reader *reader, audio_pcm pcm, int64_t data_bytes,
                   char message[AUDIO_MESSAGE_BYTES])
{
    static const audio_decoder decoder = {pcm_read, pcm_close};
    audio_info *info = &reader->info;
    const audio_source *source = &reader->source;
    pcm_state *state = malloc(sizeof *state);

    if (!state)
        return audio_fail(message, "%s: out of memory.", source->name);
    state->pcm = pcm;
    state->left = data_bytes < 0 ? INT64_MAX : data_bytes;
    if (data_bytes < 0 && source->seekable)
        data_bytes = source->bytes > source->position ? source->bytes - source->position : 0;
    if (data_bytes >= 0)
        info->frames = data_bytes / ((int64_t)audio_pcm_bytes(pcm) * info->channels);
    info->bits = 8 * audio_pcm_bytes(pcm);
    snprintf(info->codec, sizeof info->codec, "%s", audio_pcm_codec(pcm));
    snprintf(info->sample_format, sizeof info->sample_format, "%s", audio_pcm_sample_format(pcm));
    reader->state = state;
    reader->decoder = &decoder;
    return 0;
}

int audio_raw_open(audio_reader *reader, const audio_raw *raw, char message[AUDIO_MESSAGE_BYTES])
{
    static const audio_pcm pcms[] = {PCM_U8, PCM_S16, PCM_S24, PCM_S32, PCM_F32};

    if (audio_check_shape(reader->source.name, raw->rate_hz, raw->channels, message))
        return -1;
    for (size_t i = 0; i < sizeof pcms / sizeof *pcms; i++) {
        if (strcmp(raw->format, audio_pcm_codec(pcms[i]) + strlen("pcm_")))
            continue;
        reader->info.rate_hz = raw->rate_hz;
        reader->info.channels = raw->channels;
        snprintf(reader->info.container, sizeof reader->info.container, "raw");
        return audio_pcm_open(reader, pcms[i], -1, message);
    }
    return audio_fail(message,
                      "%s: \"%.8s\" is no raw format: u8, s16le, s24le, s32le and f32le are.",
                      reader->source.name, raw->format);
}
