/* audio_reader.c: opens a file by its content, and sees to it that what is delivered is what the
 * file declares.
 *
 * Uncompressed WAV is read with no library, from files and pipes alike. For AIFF, FLAC and the rest
 * of the WAV family libsndfile comes first where it can seek; then FFmpeg. */
#include "host/audio_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int audio_check_shape(const char *name, int64_t rate_hz, int64_t channels,
                      char message[AUDIO_MESSAGE_BYTES])
{
    if (rate_hz < AUDIO_RATE_HZ_MIN || rate_hz > AUDIO_RATE_HZ_MAX)
        return audio_fail(message, "%s: declares a sample rate of %lld Hz: %d to %d Hz are read.",
                          name, (long long)rate_hz, AUDIO_RATE_HZ_MIN, AUDIO_RATE_HZ_MAX);
    if (channels < 1 || channels > AUDIO_CHANNELS_MAX)
        return audio_fail(message, "%s: has %lld channels: 1 to %d are read.", name,
                          (long long)channels, AUDIO_CHANNELS_MAX);
    return 0;
}

static int sndfile_reads(const audio_reader *reader, audio_kind kind)
{
    const audio_kind_facts *facts = audio_kind_describe(kind);

    if (facts->sndfile == SNDFILE_NEVER || !reader->source.seekable || !audio_backend_sndfile())
        return 0;
    return facts->sndfile == SNDFILE_FIRST || !audio_backend_ffmpeg();
}

/* Bits a sample by the STREAMINFO block that begins a FLAC file (RFC 9639, 8.2); 0 if it is not
 * there. */
static int32_t flac_bits(audio_reader *reader)
{
    unsigned char front[22];

    if (audio_source_peek(&reader->source, 0, front, sizeof front) != (int64_t)sizeof front ||
        memcmp(front, "fLaC", 4))
        return 0;
    return ((front[20] & 1) << 4 | front[21] >> 4) + 1;
}

static int open_libraries(audio_reader *reader, audio_kind kind, char *message)
{
    const audio_kind_facts *facts = audio_kind_describe(kind);
    int with_sndfile = sndfile_reads(reader, kind);

    if (kind == AUDIO_KIND_FLAC && flac_bits(reader) > 24)
        return audio_flac_open(reader, message);
    if (with_sndfile && !audio_sndfile_open(reader, kind, message)) {
        audio_ffmpeg_read_tags(reader, kind);
        return 0;
    }
    if (audio_backend_ffmpeg())
        return audio_ffmpeg_open(reader, kind, message);
    if (with_sndfile)
        return -1; /* it has said why */
    if (facts->sndfile == SNDFILE_FIRST && reader->source.seekable)
        return audio_sndfile_open(reader, kind, message);
    return audio_fail(message, "%s: reading %s%s needs FFmpeg, which is not there.",
                      reader->source.name, facts->title,
                      facts->sndfile != SNDFILE_NEVER && !reader->source.seekable ? " from a pipe"
                                                                                  : "");
}

static int open_by_content(audio_reader *reader, char *message)
{
    audio_kind kind;
    int left_to_libraries = 1;

    if (audio_sniff(&reader->source, &kind, message))
        return -1;
    if (kind == AUDIO_KIND_WAV)
        left_to_libraries = audio_wav_open(reader, message);
    if (left_to_libraries < 0)
        return -1;
    if (!left_to_libraries) {
        if (reader->may_have_tags)
            audio_ffmpeg_read_tags(reader, kind);
    } else {
        if (reader->source.position && !reader->source.seekable)
            return audio_fail(message, "%s: compressed WAV cannot be read from a pipe.",
                              reader->source.name);
        reader->source.position = 0;
        if (open_libraries(reader, kind, message))
            return -1;
    }
    snprintf(reader->info.container, sizeof reader->info.container, "%s",
             audio_kind_describe(kind)->container);
    return 0;
}

/* Figures that follow from others. */
static void complete_info(audio_reader *reader)
{
    audio_info *info = &reader->info;

    if (info->frames >= 0)
        info->duration_s = (double)info->frames / info->rate_hz;
    if (!info->bitrate_kbps && info->bits && reader->source.bytes < 0)
        info->bitrate_kbps = (int32_t)((int64_t)info->rate_hz * info->channels * info->bits / 1000);
    if (!info->bitrate_kbps && info->duration_s > 0 && reader->source.bytes > 0)
        info->bitrate_kbps =
            (int32_t)((double)reader->source.bytes * 8e-3 / info->duration_s + 0.5);
}

int audio_reader_open(audio_reader **out, const char *path, const audio_raw *raw,
                      char message[AUDIO_MESSAGE_BYTES])
{
    audio_reader *reader = calloc(1, sizeof *reader);

    if (!reader)
        return audio_fail(message, "Out of memory.");
    if (audio_source_open(&reader->source, path, message)) {
        free(reader);
        return -1;
    }
    reader->info.frames = -1;
    reader->info.duration_s = -1;
    if ((raw ? audio_raw_open(reader, raw, message) : open_by_content(reader, message))) {
        audio_tags_free(&reader->info);
        audio_source_close(&reader->source);
        free(reader);
        return -1;
    }
    complete_info(reader);
    *out = reader;
    return 0;
}

const audio_info *audio_reader_info(const audio_reader *reader)
{
    return &reader->info;
}

static int64_t end_of_stream(audio_reader *reader, char *message)
{
    const audio_info *info = &reader->info;

    reader->ended = 1;
    if (info->frames < 0 || reader->delivered >= info->frames - reader->tolerance)
        return 0;
    reader->failed = 1;
    audio_fail(
        reader->failure,
        "%s: ends too early: %lld frames (%.2f s) are there of the %lld (%.2f s) that it declares.",
        reader->source.name, (long long)reader->delivered,
        (double)reader->delivered / info->rate_hz, (long long)info->frames, info->duration_s);
    return audio_fail(message, "%s", reader->failure);
}

int64_t audio_reader_read(audio_reader *reader, float *interleaved, int64_t frames_max,
                          char message[AUDIO_MESSAGE_BYTES])
{
    int64_t got;

    if (reader->failed)
        return audio_fail(message, "%s", reader->failure);
    if (reader->ended || frames_max <= 0)
        return 0;
    if (reader->trim_to_frames && frames_max > reader->info.frames - reader->delivered)
        frames_max = reader->info.frames - reader->delivered;
    got = frames_max > 0 ? reader->decoder->read(reader, interleaved, frames_max, reader->failure)
                         : 0;
    if (got == 0)
        return end_of_stream(reader, message);
    if (got < 0) {
        reader->failed = 1;
        return audio_fail(message, "%s", reader->failure);
    }
    reader->delivered += got;
    return got;
}

void audio_reader_close(audio_reader **reader)
{
    if (!*reader)
        return;
    (*reader)->decoder->close(*reader);
    audio_tags_free(&(*reader)->info);
    audio_source_close(&(*reader)->source);
    free(*reader);
    *reader = NULL;
}
