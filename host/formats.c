/* formats.c: what each output format can hold. */
#include "host/formats.h"

#include <stddef.h>

/* MPEG-1, 2 and 2.5 layer III. */
static const int32_t mp3_hz[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 0};
/* ISO/IEC 14496-3, table of sampling frequencies. */
static const int32_t aac_hz[] = {8000,  11025, 12000, 16000, 22050, 24000, 32000,
                                 44100, 48000, 64000, 88200, 96000, 0};
/* RFC 7845: an Ogg Opus stream is timed at 48 kHz whatever its input was. */
static const int32_t opus_hz[] = {48000, 0};
/* The most that libvorbis has a setup for. */
#define VORBIS_HZ_MAX 192000

int32_t formats_rate_hz(audio_format format, int32_t wanted_hz)
{
    const int32_t *rates = format == AUDIO_MP3    ? mp3_hz
                           : format == AUDIO_M4A  ? aac_hz
                           : format == AUDIO_OPUS ? opus_hz
                                                  : NULL;
    if (format == AUDIO_OGG && wanted_hz > VORBIS_HZ_MAX) {
        return wanted_hz % 11025 == 0 ? VORBIS_HZ_MAX / 160 * 147 : VORBIS_HZ_MAX;
    }
    if (rates == NULL) {
        return wanted_hz;
    }
    int32_t highest = rates[0];
    for (; *rates != 0; rates++) {
        highest = *rates;
        if (*rates >= wanted_hz) {
            return *rates;
        }
    }
    /* Above the highest: stay in its family, so that the ratio stays simple. */
    return wanted_hz % 11025 == 0 ? highest / 160 * 147 : highest;
}

int32_t formats_channels_max(audio_format format)
{
    return format == AUDIO_MP3 ? 2 : AUDIO_CHANNELS_MAX;
}

int32_t formats_bits(const cli_options *options, const audio_info *input, int to_pipe)
{
    int is_float = input->sample_format[0] == 'f';
    int32_t bits = options->bits;
    if (options->format != AUDIO_WAV && options->format != AUDIO_RAW &&
        options->format != AUDIO_FLAC) {
        return 16;
    }
    if (bits == BITS_DEFAULT) {
        return to_pipe && options->format != AUDIO_FLAC ? BITS_FLOAT : 16;
    }
    if (bits != BITS_KEEP) {
        return bits;
    }
    int32_t deepest = options->format == AUDIO_FLAC ? 24 : 32;
    if (is_float) {
        return options->format == AUDIO_FLAC ? 24 : BITS_FLOAT;
    }
    int32_t kept = input->bits <= 16 ? 16 : input->bits <= 24 ? 24 : 32;
    return kept < deepest ? kept : deepest;
}
