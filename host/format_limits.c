/* format_limits.c: what is asked of a format against what it can do. */
#include "host/format_limits.h"

#include "host/formats.h"
#include "host/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A format's words and limits; kbps 0: there is no bit rate, quality -1: nothing to choose. */
static const struct {
    const char *title, *rates;
    int32_t kbps_low, kbps_high, quality_high;
} limits[] = {
    [AUDIO_WAV] = {"wav", "any rate", 0, 0, -1},
    [AUDIO_FLAC] = {"flac", "rates up to 655350 Hz", 0, 0, 8},
    [AUDIO_MP3] = {"mp3", "8, 11.025, 12, 16, 22.05, 24, 32, 44.1 and 48 kHz", 128, 320, 9},
    [AUDIO_M4A] = {"aac", "8, 11.025, 12, 16, 22.05, 24, 32, 44.1, 48, 64, 88.2 and 96 kHz", 64,
                   320, -1},
    [AUDIO_OPUS] = {"opus", "48 kHz alone", 32, 510, -1},
    [AUDIO_OGG] = {"vorbis", "rates up to 192 kHz", 45, 500, 10},
    [AUDIO_RAW] = {"raw", "any rate", 0, 0, -1},
};

static const struct {
    const char *extension;
    audio_format format;
} extensions[] = {{"wav", AUDIO_WAV}, {"wave", AUDIO_WAV}, {"flac", AUDIO_FLAC}, {"mp3", AUDIO_MP3},
                  {"m4a", AUDIO_M4A}, {"mp4", AUDIO_M4A},  {"opus", AUDIO_OPUS}, {"ogg", AUDIO_OGG},
                  {"oga", AUDIO_OGG}, {"raw", AUDIO_RAW},  {"pcm", AUDIO_RAW}};

static int refuse(char *message, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int refuse(char *message, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, AUDIO_MESSAGE_BYTES, format, arguments);
    va_end(arguments);
    return -1;
}

int formats_of_name(const char *path, audio_format *format)
{
    const char *base = output_base_name(path);
    const char *dot = base + output_stem_bytes(base);
    for (size_t i = 0; *dot == '.' && i < sizeof extensions / sizeof extensions[0]; i++) {
        if (strcasecmp(dot + 1, extensions[i].extension) == 0) {
            *format = extensions[i].format;
            return 0;
        }
    }
    return -1;
}

audio_format formats_of_input(const audio_info *input)
{
    static const struct {
        const char *codec;
        audio_format format;
    } codecs[] = {{"flac", AUDIO_FLAC},
                  {"mp3", AUDIO_MP3},
                  {"aac", AUDIO_M4A},
                  {"opus", AUDIO_OPUS},
                  {"vorbis", AUDIO_OGG}};
    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++) {
        if (strcmp(codecs[i].codec, input->codec) == 0) {
            return codecs[i].format;
        }
    }
    return AUDIO_WAV;
}

static int has_bits(audio_format format)
{
    return format == AUDIO_WAV || format == AUDIO_FLAC || format == AUDIO_RAW;
}

int32_t formats_bits_kept(audio_format format, int32_t bits, const audio_info *input)
{
    if (!has_bits(format)) {
        return 16;
    }
    if (bits != BITS_DEFAULT && bits != BITS_KEEP) {
        return bits;
    }
    if (input->sample_format[0] == 'f') {
        return format == AUDIO_FLAC ? 24 : BITS_FLOAT;
    }
    /* Where there is no libFLAC, 24 bits are the most that FLAC is written with. */
    int32_t deepest = format == AUDIO_FLAC && audio_backend_flac() == NULL ? 24 : 32;
    int32_t kept = input->bits <= 16 ? 16 : input->bits <= 24 ? 24 : 32;
    return kept < deepest ? kept : deepest;
}

static int check_quality(audio_format format, const cli_options *options, char *message)
{
    const char *title = limits[format].title;
    int32_t quality = options->quality;
    if (quality == QUALITY_DEFAULT) {
        return 0;
    }
    if (limits[format].quality_high < 0) {
        return refuse(message,
                      "%s has no quality to choose%s: --quality is for mp3, flac and vorbis", title,
                      limits[format].kbps_low > 0 ? " but a bit rate" : "");
    }
    if (quality > limits[format].quality_high) {
        return refuse(message, "%s takes a quality of 0 to %d, not %d", title,
                      limits[format].quality_high, quality);
    }
    if (format == AUDIO_OGG && options->bitrate_kbps != 0) {
        return refuse(message, "vorbis takes a quality or a bit rate, not both");
    }
    return 0;
}

int formats_check_request(audio_format format, const cli_options *options,
                          char message[AUDIO_MESSAGE_BYTES])
{
    const char *title = limits[format].title;
    int32_t kbps = options->bitrate_kbps;
    if (!has_bits(format) && options->bits != BITS_DEFAULT && options->bits != BITS_KEEP) {
        return refuse(message, "%s has no bits a sample: --bits is for wav, flac and raw", title);
    }
    if (format == AUDIO_FLAC && options->bits == BITS_FLOAT) {
        return refuse(message, "flac holds integers of 16, 24 or 32 bits, no float");
    }
    if (options->application != NULL && format != AUDIO_OPUS) {
        return refuse(message, "--application is for opus, not for %s", title);
    }
    if (kbps != 0 && limits[format].kbps_low == 0) {
        return refuse(message,
                      "%s has no bit rate to choose: --bitrate is for mp3, aac, opus and vorbis",
                      title);
    }
    /* Below 32 kHz MP3 has lower ones, which formats_check_shape() judges. */
    if (kbps != 0 && (kbps > limits[format].kbps_high ||
                      (kbps < limits[format].kbps_low && format != AUDIO_MP3))) {
        return refuse(message, "%s takes %d to %d kbit/s, not %d", title, limits[format].kbps_low,
                      limits[format].kbps_high, kbps);
    }
    return check_quality(format, options, message);
}

/* The constant bit rates of MPEG-1 layer III from 128 kbit/s on, and the most of MPEG-2 (16 to 24
 * kHz) and 2.5 (8 to 12 kHz): ISO/IEC 11172-3, 2.4.2.3, and 13818-3. */
static int check_mp3_bitrate(const audio_writer_config *config, char *message)
{
    static const int32_t rates[] = {128, 160, 192, 224, 256, 320};
    int32_t kbps = config->bitrate_kbps;
    int32_t most = config->rate_hz < 16000 ? 64 : 160;
    if (config->rate_hz < 32000) {
        return kbps <= most ? 0
                            : refuse(message, "mp3 at %d Hz takes up to %d kbit/s, not %d",
                                     config->rate_hz, most, kbps);
    }
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        if (rates[i] == kbps) {
            return 0;
        }
    }
    return refuse(message,
                  "mp3 has constant bit rates of 128, 160, 192, 224, 256 and 320 kbit/s, "
                  "not %d; --quality 0 to 9 varies it",
                  kbps);
}

static int check_bitrate(const audio_writer_config *config, char *message)
{
    int32_t kbps = config->bitrate_kbps;
    if (kbps == 0) {
        return 0;
    }
    if (config->format == AUDIO_MP3) {
        return check_mp3_bitrate(config, message);
    }
    if (config->format == AUDIO_OPUS && kbps > 256 * config->channels) {
        return refuse(message, "opus takes up to 256 kbit/s a channel, not %d for %d", kbps,
                      config->channels);
    }
    /* ISO/IEC 14496-3, 4.5.3: 6144 bits a channel in a frame of 1024. */
    if (config->format == AUDIO_M4A &&
        (int64_t)kbps * 1000 > (int64_t)6 * config->rate_hz * config->channels) {
        return refuse(message, "aac at %d Hz takes up to %d kbit/s for %d channel%s, not %d",
                      config->rate_hz, 6 * config->rate_hz * config->channels / 1000,
                      config->channels, config->channels == 1 ? "" : "s", kbps);
    }
    return 0;
}

int formats_check_shape(const audio_writer_config *config, char message[AUDIO_MESSAGE_BYTES])
{
    audio_format format = config->format;
    const char *title = limits[format].title;
    int32_t nearest_hz = formats_rate_hz(format, config->rate_hz);
    int32_t channels_max = formats_channels_max(format);
    if (nearest_hz != config->rate_hz) {
        return refuse(message, "%s has %s, not %d Hz; --rate %d or --auto-rate converts", title,
                      limits[format].rates, config->rate_hz, nearest_hz);
    }
    if (config->channels > channels_max) {
        return refuse(message, "%s holds up to %d channels, not %d; --channels %d mixes them",
                      title, channels_max, config->channels, channels_max);
    }
    if (format == AUDIO_M4A && config->channels == 7) {
        return refuse(message, "aac has no layout of 7 channels; --channels 6 or 8 mixes them");
    }
    if (format == AUDIO_FLAC && config->bits == 32 && audio_backend_flac() == NULL) {
        return refuse(message,
                      "flac of 32 bits needs libFLAC 1.4, which this build is without; 24 can be "
                      "written");
    }
    return check_bitrate(config, message);
}

void formats_encoding(audio_format format, const cli_options *options, const audio_info *input,
                      audio_writer_config *config)
{
    int32_t quality = options->quality;
    int constant = format == AUDIO_MP3 && options->bitrate_kbps != 0;
    *config = (audio_writer_config){
        .format = format,
        .rate_hz = options->rate_hz > 0 ? options->rate_hz : input->rate_hz,
        .channels = options->channels > 0 ? options->channels : input->channels,
        .bits = formats_bits_kept(format, options->bits, input),
        .bitrate_kbps = options->bitrate_kbps,
        .vbr_quality = constant || format == AUDIO_FLAC ? -1 : quality,
        .effort = constant ? quality : -1,
        .compression = format == AUDIO_FLAC ? quality : -1,
        .opus_application = options->application,
        .tags_from = input,
    };
    if (options->auto_rate) {
        config->rate_hz = formats_rate_hz(format, config->rate_hz);
    }
}
