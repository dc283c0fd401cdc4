/* audio_writer_ffmpeg.c: encodes FLAC, MP3, M4A, Opus and Ogg Vorbis with FFmpeg's libraries into
 * our own sink. The muxers write what a reader needs to undo the encoder's delay: LAME tag, edit
 * list, pre-skip, granule positions. */
#include "host/audio_ffmpeg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IO_BYTES        32768
#define FREE_FRAME_SIZE 1024 /* for encoders that take any */

typedef struct ffmpeg_writer {
    AVIOContext *io;
    AVFormatContext *format;
    AVCodecContext *codec;
    AVStream *stream, *picture;
    AVPacket *packet;
    AVFrame *frame;
    int filled; /* frames in `frame` */
    int frame_size;
    int64_t pts;
    int64_t packets;
    int flushing;
} ffmpeg_writer;

typedef struct format_facts {
    const char *muxer, *encoder;
    enum AVSampleFormat sample_format;
    int32_t kbps_default;
} format_facts;

static const format_facts facts[] = {
    [AUDIO_FLAC] = {"flac", "flac", AV_SAMPLE_FMT_S16, 0},
    [AUDIO_MP3] = {"mp3", "libmp3lame", AV_SAMPLE_FMT_FLTP, 320},
    [AUDIO_M4A] = {"ipod", "aac", AV_SAMPLE_FMT_FLTP, 256},
    [AUDIO_OPUS] = {"opus", "libopus", AV_SAMPLE_FMT_FLT, 160},
    [AUDIO_OGG] = {"ogg", "libvorbis", AV_SAMPLE_FMT_FLTP, 0},
};

static int sink_packet(void *opaque, uint8_t *data, int bytes)
{
    audio_writer *writer = opaque;
    return audio_sink_write(writer, data, bytes) ? AVERROR(writer->error) : bytes;
}

static int64_t sink_seek(void *opaque, int64_t offset, int whence)
{
    audio_writer *writer = opaque;

    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE)
        return writer->bytes;
    if (whence == SEEK_CUR)
        offset += writer->position;
    else if (whence == SEEK_END)
        offset += writer->bytes;
    return audio_sink_seek(writer, offset) ? AVERROR(EINVAL) : offset;
}

static int fail(const audio_writer *writer, int code, char *message)
{
    if (writer->error)
        return audio_sink_fail(writer, message);
    return audio_fail(message, "%s: %s cannot be written with %d channels at %d Hz: %s.",
                      writer->name, audio_format_title(writer->config.format),
                      writer->config.channels, writer->config.rate_hz, audio_ffmpeg_reason(code));
}

static void writer_free(ffmpeg_writer *state)
{
    ffmpeg.avcodec_free_context(&state->codec);
    ffmpeg.av_packet_free(&state->packet);
    ffmpeg.av_frame_free(&state->frame);
    ffmpeg.avformat_free_context(state->format);
    if (state->io)
        ffmpeg.av_freep(&state->io->buffer);
    ffmpeg.avio_context_free(&state->io);
    free(state);
}

static void ffmpeg_close(audio_writer *writer)
{
    writer_free(writer->state);
}

/* ---- the encoder ---- */

static void put_sample(const ffmpeg_writer *state, int channel, int64_t t, float sample)
{
    int channels = state->codec->ch_layout.nb_channels;
    uint8_t **data = state->frame->extended_data;

    switch (state->codec->sample_fmt) {
    case AV_SAMPLE_FMT_S16:
        ((int16_t *)(void *)data[0])[t * channels + channel] =
            (int16_t)audio_pcm_quantise(sample, 16);
        break;
    case AV_SAMPLE_FMT_S32: /* 24 bits in the upper part */
        ((int32_t *)(void *)data[0])[t * channels + channel] = audio_pcm_quantise(sample, 24) * 256;
        break;
    case AV_SAMPLE_FMT_FLT:
        ((float *)(void *)data[0])[t * channels + channel] = sample;
        break;
    default:
        ((float *)(void *)data[channel])[t] = sample;
    }
}

/* The MP3 muxer writes as padding what the last packet says is to be discarded. The encoder counts
 * that for its last packet alone, though the padding may begin in the one before; here it is
 * counted from the whole. */
static void correct_mp3_padding(ffmpeg_writer *state)
{
    size_t bytes = 0;
    uint8_t *skip = ffmpeg.av_packet_get_side_data(state->packet, AV_PKT_DATA_SKIP_SAMPLES, &bytes);
    int64_t discard =
        state->packets * state->frame_size - state->codec->initial_padding - state->pts;

    if (skip && bytes >= 10 && discard > 0)
        for (int i = 0; i < 4; i++)
            skip[4 + i] = (uint8_t)(discard >> (8 * i));
}

/* Writes every packet that the encoder has ready. */
static int drain(audio_writer *writer, ffmpeg_writer *state, char *message)
{
    for (;;) {
        int code = ffmpeg.avcodec_receive_packet(state->codec, state->packet);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return 0;
        if (code >= 0) {
            state->packets++;
            if (writer->config.format == AUDIO_MP3 && state->flushing)
                correct_mp3_padding(state);
            state->packet->stream_index = state->stream->index;
            ffmpeg.av_packet_rescale_ts(state->packet, state->codec->time_base,
                                        state->stream->time_base);
            code = ffmpeg.av_interleaved_write_frame(state->format, state->packet);
        }
        if (code < 0 || writer->error)
            return fail(writer, code, message);
    }
}

static int send_frame(audio_writer *writer, ffmpeg_writer *state, char *message)
{
    int code;

    state->frame->nb_samples = state->filled;
    state->frame->pts = state->pts;
    state->pts += state->filled;
    state->filled = 0;
    code = ffmpeg.avcodec_send_frame(state->codec, state->frame);
    if (code < 0)
        return fail(writer, code, message);
    return drain(writer, state, message);
}

static int ffmpeg_write(audio_writer *writer, const float *interleaved, int64_t frames,
                        char *message)
{
    ffmpeg_writer *state = writer->state;
    int channels = writer->config.channels;

    for (int64_t done = 0, count; done < frames; done += count) {
        if (state->filled == 0) {
            state->frame->nb_samples = state->frame_size;
            if (ffmpeg.av_frame_make_writable(state->frame) <
                0) /* the encoder may still hold the last one */
                return fail(writer, AVERROR(ENOMEM), message);
        }
        count = state->frame_size - state->filled;
        count = frames - done < count ? frames - done : count;
        for (int64_t t = 0; t < count; t++)
            for (int c = 0; c < channels; c++)
                put_sample(state, c, state->filled + t, interleaved[(done + t) * channels + c]);
        state->filled += (int)count;
        if (state->filled == state->frame_size && send_frame(writer, state, message))
            return -1;
    }
    return 0;
}

static int ffmpeg_finish(audio_writer *writer, char *message)
{
    ffmpeg_writer *state = writer->state;
    int code;

    audio_ffmpeg_quiet();
    if (writer->frames == 0 && writer->config.format != AUDIO_FLAC)
        return audio_fail(message, "%s: %s cannot hold a file of no frames.", writer->name,
                          audio_format_title(writer->config.format));
    if (state->filled && send_frame(writer, state, message))
        return -1;
    state->flushing = 1;
    if (state->pts && (code = ffmpeg.avcodec_send_frame(state->codec, NULL)) < 0)
        return fail(writer, code, message);
    if (state->pts && drain(writer, state, message))
        return -1;
    code = ffmpeg.av_write_trailer(state->format);
    ffmpeg.avio_flush(state->io);
    return code < 0 || writer->error ? fail(writer, code, message) : 0;
}

/* ---- opening ---- */

/* The layouts of Vorbis, Opus and FLAC, in WAV's channel order. */
static void set_layout(AVChannelLayout *layout, int32_t channels)
{
    static const uint64_t masks[] = {AV_CH_LAYOUT_MONO,         AV_CH_LAYOUT_STEREO,
                                     AV_CH_LAYOUT_SURROUND,     AV_CH_LAYOUT_QUAD,
                                     AV_CH_LAYOUT_5POINT0_BACK, AV_CH_LAYOUT_5POINT1_BACK,
                                     AV_CH_LAYOUT_6POINT1,      AV_CH_LAYOUT_7POINT1};
    ffmpeg.av_channel_layout_from_mask(layout, masks[channels - 1]);
}

static void set_quality(AVCodecContext *codec, const audio_writer_config *config)
{
    int32_t kbps = config->bitrate_kbps ? config->bitrate_kbps : facts[config->format].kbps_default;

    /* The default is for stereo. */
    if (!config->bitrate_kbps && config->channels > 2 && config->format != AUDIO_MP3)
        kbps = kbps / 2 * config->channels;
    if (config->format == AUDIO_OPUS && kbps > 256 * config->channels)
        kbps = 256 * config->channels; /* the most that libopus takes */
    codec->bit_rate = (int64_t)kbps * 1000;
    if (config->format == AUDIO_OGG && !config->bitrate_kbps) {
        codec->flags |=
            AV_CODEC_FLAG_QSCALE; /* about 192 kbit/s for 44.1 kHz stereo, less for less */
        codec->global_quality = (config->vbr_quality < 0 ? 6 : config->vbr_quality) * FF_QP2LAMBDA;
    }
    if (config->format == AUDIO_FLAC) {
        codec->compression_level = config->compression < 0 ? 5 : config->compression;
        codec->bit_rate = 0;
        if (config->bits == 24) {
            codec->sample_fmt = AV_SAMPLE_FMT_S32;
            codec->bits_per_raw_sample = 24;
        }
    }
    if (config->format == AUDIO_MP3 && config->vbr_quality >= 0) {
        codec->flags |= AV_CODEC_FLAG_QSCALE;
        codec->global_quality = config->vbr_quality * FF_QP2LAMBDA;
    }
    if (config->format == AUDIO_MP3 && config->effort >= 0)
        codec->compression_level = config->effort;
    if (config->format == AUDIO_OPUS) {
        ffmpeg.av_opt_set(codec->priv_data, "application",
                          config->opus_application ? config->opus_application : "audio", 0);
        ffmpeg.av_opt_set(codec->priv_data, "mapping_family", config->channels > 2 ? "1" : "0", 0);
    }
}

static int open_encoder(audio_writer *writer, ffmpeg_writer *state, char *message)
{
    const audio_writer_config *config = &writer->config;
    const AVCodec *encoder = ffmpeg.avcodec_find_encoder_by_name(facts[config->format].encoder);
    int code;

    if (!encoder)
        return audio_fail(message, "%s: this FFmpeg was made without %s, which writes %s.",
                          writer->name, facts[config->format].encoder,
                          audio_format_title(config->format));
    state->codec = ffmpeg.avcodec_alloc_context3(encoder);
    if (!state->codec)
        return fail(writer, AVERROR(ENOMEM), message);
    state->codec->sample_fmt = facts[config->format].sample_format;
    state->codec->sample_rate = config->rate_hz;
    state->codec->time_base = (AVRational){1, config->rate_hz};
    state->codec->thread_count = 1;
    set_layout(&state->codec->ch_layout, config->channels);
    set_quality(state->codec, config);
    if (state->format->oformat->flags & AVFMT_GLOBALHEADER)
        state->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if ((code = ffmpeg.avcodec_open2(state->codec, encoder, NULL)) < 0 ||
        (code = ffmpeg.avcodec_parameters_from_context(state->stream->codecpar, state->codec)) < 0)
        return fail(writer, code, message);
    state->stream->time_base = state->codec->time_base;
    state->frame_size = state->codec->frame_size ? state->codec->frame_size : FREE_FRAME_SIZE;
    return 0;
}

static int open_frame(audio_writer *writer, ffmpeg_writer *state, char *message)
{
    AVFrame *frame = state->frame;

    frame->format = state->codec->sample_fmt;
    frame->sample_rate = state->codec->sample_rate;
    frame->nb_samples = state->frame_size;
    if (ffmpeg.av_channel_layout_copy(&frame->ch_layout, &state->codec->ch_layout) < 0 ||
        ffmpeg.av_frame_get_buffer(frame, 0) < 0)
        return fail(writer, AVERROR(ENOMEM), message);
    return 0;
}

static uint8_t *put_be32(uint8_t *at, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(value >> shift);
    return at;
}

/* Ogg has no pictures of its own: a FLAC picture block (RFC 9639, 8.8) goes into a comment, in
 * base 64. */
static int add_picture_comment(AVDictionary **metadata, const audio_info *info, int32_t width,
                               int32_t height)
{
    size_t mime_bytes = strlen(info->cover_mime), bytes = 32 + mime_bytes + info->cover_bytes;
    uint8_t *block = malloc(bytes), *at = block;
    size_t text_bytes = AV_BASE64_SIZE(bytes);
    char *text = ffmpeg.av_malloc(text_bytes);
    int done = 0;

    if (block && text) {
        at = put_be32(at, 3); /* front cover */
        at = put_be32(at, (uint32_t)mime_bytes);
        memcpy(at, info->cover_mime, mime_bytes);
        at = put_be32(at + mime_bytes, 0); /* no description */
        at = put_be32(at, (uint32_t)width);
        at = put_be32(at, (uint32_t)height);
        at = put_be32(at, 24);
        at = put_be32(at, 0); /* no palette */
        at = put_be32(at, (uint32_t)info->cover_bytes);
        memcpy(at, info->cover, info->cover_bytes);
        if (ffmpeg.av_base64_encode(text, (int)text_bytes, block, (int)bytes))
            done = ffmpeg.av_dict_set(metadata, "METADATA_BLOCK_PICTURE", text, 0) >= 0;
    }
    free(block);
    ffmpeg.av_free(text);
    return done ? 0 : AVERROR(ENOMEM);
}

static int add_picture_stream(ffmpeg_writer *state, const audio_info *info, int32_t width,
                              int32_t height)
{
    state->picture = ffmpeg.avformat_new_stream(state->format, NULL);
    if (!state->picture)
        return AVERROR(ENOMEM);
    state->picture->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
    state->picture->codecpar->codec_id =
        strcmp(info->cover_mime, "image/png") ? AV_CODEC_ID_MJPEG : AV_CODEC_ID_PNG;
    state->picture->codecpar->width = width;
    state->picture->codecpar->height = height;
    state->picture->disposition = AV_DISPOSITION_ATTACHED_PIC;
    state->picture->time_base = (AVRational){1, 90000};
    return ffmpeg.av_dict_set(&state->picture->metadata, "comment", "Cover (front)", 0);
}

static int add_tags(ffmpeg_writer *state, const audio_writer_config *config)
{
    const audio_info *info = config->tags_from;
    int ogg = config->format == AUDIO_OPUS || config->format == AUDIO_OGG, code = 0;
    AVDictionary **metadata = ogg ? &state->stream->metadata : &state->format->metadata;
    int32_t width, height;

    if (!info)
        return 0;
    for (int32_t i = 0; i < info->tag_count && code >= 0; i++)
        code = ffmpeg.av_dict_set(metadata, info->tags[i].key, info->tags[i].value, 0);
    if (code < 0 || !audio_cover_size(info, &width, &height))
        return code;
    return ogg ? add_picture_comment(metadata, info, width, height)
               : add_picture_stream(state, info, width, height);
}

static int write_picture(ffmpeg_writer *state, const audio_info *info)
{
    if (!state->picture)
        return 0;
    if (ffmpeg.av_new_packet(state->packet, (int)info->cover_bytes) < 0)
        return AVERROR(ENOMEM);
    memcpy(state->packet->data, info->cover, info->cover_bytes);
    state->packet->stream_index = state->picture->index;
    state->packet->flags |= AV_PKT_FLAG_KEY;
    state->packet->pts = state->packet->dts = 0;
    return ffmpeg.av_interleaved_write_frame(state->format, state->packet);
}

static int open_muxer(audio_writer *writer, ffmpeg_writer *state)
{
    const AVOutputFormat *muxer =
        ffmpeg.av_guess_format(facts[writer->config.format].muxer, NULL, NULL);
    unsigned char *buffer = ffmpeg.av_malloc(IO_BYTES);

    state->format = ffmpeg.avformat_alloc_context();
    state->packet = ffmpeg.av_packet_alloc();
    state->frame = ffmpeg.av_frame_alloc();
    if (buffer)
        state->io = ffmpeg.avio_alloc_context(buffer, IO_BYTES, 1, writer, NULL,
                                              (__typeof__(state->io->write_packet))sink_packet,
                                              writer->seekable ? sink_seek : NULL);
    if (!state->io)
        ffmpeg.av_free(buffer);
    if (!state->format || !state->packet || !state->frame || !state->io)
        return AVERROR(ENOMEM);
    if (!muxer)
        return AVERROR_MUXER_NOT_FOUND;
    state->io->seekable = writer->seekable ? AVIO_SEEKABLE_NORMAL : 0;
    state->format->oformat = muxer;
    state->format->pb = state->io;
    state->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    state->format->io_open = audio_ffmpeg_refuse;
    state->stream = ffmpeg.avformat_new_stream(state->format, NULL);
    return state->stream ? 0 : AVERROR(ENOMEM);
}

static int write_header(audio_writer *writer, ffmpeg_writer *state, char *message)
{
    AVDictionary *options = NULL;
    int code = add_tags(state, &writer->config);

    if (writer->config.format == AUDIO_MP3)
        ffmpeg.av_dict_set(&options, "id3v2_version", "3", 0);
    if (writer->config.format == AUDIO_M4A) /* edit lists exact to the sample */
        ffmpeg.av_dict_set_int(&options, "movie_timescale", writer->config.rate_hz, 0);
    if (code >= 0)
        code = ffmpeg.avformat_write_header(state->format, &options);
    if (code >= 0)
        code = write_picture(state, writer->config.tags_from);
    ffmpeg.av_dict_free(&options);
    return code < 0 || writer->error ? fail(writer, code, message) : 0;
}

int audio_ffmpeg_create(audio_writer *writer, char message[AUDIO_MESSAGE_BYTES])
{
    static const audio_encoder encoder = {ffmpeg_write, ffmpeg_finish, ffmpeg_close};
    ffmpeg_writer *state;
    int code;

    if (writer->config.format == AUDIO_M4A && !writer->seekable)
        return audio_fail(
            message, "%s: M4A cannot be written into a pipe: its index is filled in at the end.",
            writer->name);
    if (!audio_ffmpeg_load())
        return audio_fail(message, "%s: writing %s needs FFmpeg, which is not there.", writer->name,
                          audio_format_title(writer->config.format));
    state = calloc(1, sizeof *state);
    if (!state)
        return audio_fail(message, "%s: out of memory.", writer->name);
    audio_ffmpeg_quiet();
    code = open_muxer(writer, state);
    if (code < 0)
        fail(writer, code, message);
    if (code < 0 || open_encoder(writer, state, message) || open_frame(writer, state, message) ||
        write_header(writer, state, message)) {
        writer_free(state);
        return -1;
    }
    writer->state = state;
    writer->encoder = &encoder;
    return 0;
}
