/* audio_reader_ffmpeg.c: decodes with FFmpeg what libsndfile cannot, and everything that comes
 * through a pipe. Encoder delay and padding are taken off by FFmpeg from the container's own
 * figures; the exact length, where the container tells it, trims the rest. */
#include "host/audio_ffmpeg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct ffmpeg_reader {
    ffmpeg_input input;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;
    audio_kind kind;
    int stream;
    int ended; /* the demuxer has no more packets */
    int frame_ready;
    int frame_offset;        /* frames of `frame` that were delivered */
    int64_t declared_frames; /* MP3: by the Xing header, Ogg: by the last position; -1 */
    double mp4_seconds;      /* by the movie's index; -1 */
    int64_t damaged, damaged_since_last; /* packets */
} ffmpeg_reader;

static void reader_free(ffmpeg_reader *state)
{
    ffmpeg.avcodec_free_context(&state->codec);
    ffmpeg.av_packet_free(&state->packet);
    ffmpeg.av_frame_free(&state->frame);
    audio_ffmpeg_input_close(&state->input);
    free(state);
}

static void ffmpeg_close(audio_reader *reader)
{
    reader_free(reader->state);
}

/* Hands the decoder one more packet, or the end of them. A packet that it cannot use is counted. */
static int feed(audio_reader *reader, ffmpeg_reader *state, char *message)
{
    int code = ffmpeg.av_read_frame(state->input.format, state->packet);

    if (code == 0 && state->packet->stream_index != state->stream) {
        ffmpeg.av_packet_unref(state->packet);
        return 0;
    }
    if (code < 0) {
        if (reader->source.error)
            return audio_fail(message, "%s: cannot be read: %s.", reader->source.name,
                              strerror(reader->source.error));
        state->ended = 1;
        if (code != AVERROR_EOF)
            state->damaged_since_last++;
        ffmpeg.avcodec_send_packet(state->codec, NULL);
        return 0;
    }
    code = ffmpeg.avcodec_send_packet(state->codec, state->packet);
    ffmpeg.av_packet_unref(state->packet);
    if (code == AVERROR(ENOMEM))
        return audio_fail(message, "%s: out of memory.", reader->source.name);
    if (code < 0)
        state->damaged_since_last++;
    return 0;
}

static int check_frame(const audio_reader *reader, const AVFrame *frame, char *message)
{
    const audio_info *info = &reader->info;

    if (info->rate_hz &&
        (frame->sample_rate != info->rate_hz || frame->ch_layout.nb_channels != info->channels))
        return audio_fail(message,
                          "%s: changes from %d Hz with %d channels to %d Hz with %d on its way.",
                          reader->source.name, info->rate_hz, info->channels, frame->sample_rate,
                          frame->ch_layout.nb_channels);
    return 0;
}

/* In an Ogg Vorbis file of one page FFmpeg counts the first packet, which only primes the decoder,
 * and then skips at the wrong end or too much (Vorbis I, A.2 cuts the end to the last position). So
 * for Vorbis it skips nothing by itself: the declared length cuts, and in streams that have none
 * the end that FFmpeg tells. */
static void trim_vorbis(AVFrame *frame)
{
    const AVFrameSideData *skip = ffmpeg.av_frame_get_side_data(frame, AV_FRAME_DATA_SKIP_SAMPLES);
    int64_t discard;

    if (!skip || skip->size < 10)
        return;
    discard = (int64_t)skip->data[4] | skip->data[5] << 8 | skip->data[6] << 16 |
              (int64_t)skip->data[7] << 24;
    frame->nb_samples = discard < frame->nb_samples ? frame->nb_samples - (int)discard : 0;
}

/* 1: a frame is ready, 0: the end, -1: an error. */
static int decode_frame(audio_reader *reader, ffmpeg_reader *state, char *message)
{
    for (;;) {
        int code = ffmpeg.avcodec_receive_frame(state->codec, state->frame);
        if (code == 0 && state->kind == AUDIO_KIND_OGG_VORBIS && !reader->trim_to_frames)
            trim_vorbis(state->frame);
        if (code == 0 && state->frame->nb_samples > 0) {
            state->damaged += state->damaged_since_last;
            state->damaged_since_last = 0;
            state->frame_ready = 1;
            state->frame_offset = 0;
            return check_frame(reader, state->frame, message) ? -1 : 1;
        }
        if (code == AVERROR_EOF)
            break;
        if (code == AVERROR(ENOMEM))
            return audio_fail(message, "%s: out of memory.", reader->source.name);
        if (code < 0 && code != AVERROR(EAGAIN))
            state->damaged_since_last++;
        if (code == AVERROR(EAGAIN) && state->ended)
            break;
        if (code == AVERROR(EAGAIN) && feed(reader, state, message))
            return -1;
    }
    /* Tags and junk behind the last frame of a bare stream are usual; in a container they are
     * damage. */
    if (state->kind != AUDIO_KIND_MP3 && state->kind != AUDIO_KIND_AAC)
        state->damaged += state->damaged_since_last;
    state->damaged_since_last = 0;
    return 0;
}

static float sample_at(const AVFrame *frame, enum AVSampleFormat format, int plane, int64_t index)
{
    const uint8_t *data = frame->extended_data[plane];

    switch (format) {
    case AV_SAMPLE_FMT_U8:
        return (float)(data[index] - 128) * 0x1p-7f;
    case AV_SAMPLE_FMT_S16:
        return (float)((const int16_t *)(const void *)data)[index] * 0x1p-15f;
    case AV_SAMPLE_FMT_S32:
        return (float)((const int32_t *)(const void *)data)[index] * 0x1p-31f;
    case AV_SAMPLE_FMT_DBL:
        return (float)((const double *)(const void *)data)[index];
    default:
        return ((const float *)(const void *)data)[index];
    }
}

static void interleave(const AVFrame *frame, int offset, float *out, int64_t frames)
{
    enum AVSampleFormat packed =
        ffmpeg.av_get_packed_sample_fmt((enum AVSampleFormat)frame->format);
    int planar = ffmpeg.av_sample_fmt_is_planar((enum AVSampleFormat)frame->format);
    int channels = frame->ch_layout.nb_channels;

    for (int c = 0; c < channels; c++)
        for (int64_t t = 0; t < frames; t++)
            out[t * channels + c] = planar
                                        ? sample_at(frame, packed, c, offset + t)
                                        : sample_at(frame, packed, 0, (offset + t) * channels + c);
}

static int report_damage(const audio_reader *reader, const ffmpeg_reader *state, char *message)
{
    long long damaged = state->damaged, delivered = reader->delivered,
              declared = reader->info.frames;

    if (declared < 0)
        return audio_fail(
            message,
            "%s: is damaged: %lld of its packets could not be decoded; %lld frames were read.",
            reader->source.name, damaged, delivered);
    return audio_fail(
        message,
        "%s: is damaged: %lld of its packets could not be decoded; %lld frames were read of "
        "the %lld that it declares.",
        reader->source.name, damaged, delivered, declared);
}

static int64_t ffmpeg_read(audio_reader *reader, float *interleaved, int64_t frames_max,
                           char *message)
{
    ffmpeg_reader *state = reader->state;
    int64_t frames;

    if (!state->frame_ready) {
        int got = decode_frame(reader, state, message);
        if (got < 0)
            return -1;
        if (got == 0 && state->damaged)
            return report_damage(reader, state, message);
        if (got == 0)
            return 0;
    }
    frames = state->frame->nb_samples - state->frame_offset;
    frames = frames < frames_max ? frames : frames_max;
    interleave(state->frame, state->frame_offset, interleaved, frames);
    state->frame_offset += (int)frames;
    if (state->frame_offset == state->frame->nb_samples) {
        ffmpeg.av_frame_unref(state->frame);
        state->frame_ready = 0;
    }
    return frames;
}

static int open_codec(audio_reader *reader, ffmpeg_reader *state, char *message)
{
    AVFormatContext *format = state->input.format;
    AVDictionary *options = NULL;
    const AVCodec *decoder = NULL;
    int code = ffmpeg.avformat_find_stream_info(format, NULL);

    if (code >= 0)
        code = state->stream =
            ffmpeg.av_find_best_stream(format, AVMEDIA_TYPE_AUDIO, -1, -1, &decoder, 0);
    if (code < 0)
        return audio_fail(message, "%s: holds no audio that can be decoded.", reader->source.name);
    for (unsigned i = 0; i < format->nb_streams; i++)
        if ((int)i != state->stream)
            format->streams[i]->discard = AVDISCARD_ALL;
    const AVStream *stream = format->streams[state->stream];
    state->codec = ffmpeg.avcodec_alloc_context3(decoder);
    state->packet = ffmpeg.av_packet_alloc();
    state->frame = ffmpeg.av_frame_alloc();
    if (!state->codec || !state->packet || !state->frame ||
        ffmpeg.avcodec_parameters_to_context(state->codec, stream->codecpar) < 0)
        return audio_fail(message, "%s: out of memory.", reader->source.name);
    state->codec->pkt_timebase = stream->time_base;
    state->codec->thread_count = 1;
    if (state->kind == AUDIO_KIND_FLAC) /* a frame whose checksum fails is no frame */
        state->codec->err_recognition |= AV_EF_CRCCHECK | AV_EF_EXPLODE;
    if (state->kind == AUDIO_KIND_OGG_VORBIS)
        state->codec->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL;
    ffmpeg.av_dict_set(&options, "codec_whitelist", audio_ffmpeg_decoders, 0);
    code = ffmpeg.avcodec_open2(state->codec, decoder, &options);
    ffmpeg.av_dict_free(&options);
    if (code < 0)
        return audio_fail(message, "%s: %s cannot be decoded: %s.", reader->source.name,
                          ffmpeg.avcodec_get_name(stream->codecpar->codec_id),
                          audio_ffmpeg_reason(code));
    return 0;
}

static int lossy(const AVStream *stream)
{
    const AVCodecDescriptor *codec = ffmpeg.avcodec_descriptor_get(stream->codecpar->codec_id);

    return codec && codec->props & AV_CODEC_PROP_LOSSY && !(codec->props & AV_CODEC_PROP_LOSSLESS);
}

static void describe_codec(const ffmpeg_reader *state, audio_info *info)
{
    const AVStream *stream = state->input.format->streams[state->stream];
    enum AVSampleFormat packed = ffmpeg.av_get_packed_sample_fmt(state->codec->sample_fmt);
    int bits = ffmpeg.av_get_bytes_per_sample(packed) * 8;

    snprintf(info->codec, sizeof info->codec, "%s",
             ffmpeg.avcodec_get_name(stream->codecpar->codec_id));
    if (lossy(stream)) {
        snprintf(info->sample_format, sizeof info->sample_format, "lossy");
    } else {
        if (stream->codecpar->bits_per_raw_sample > 0)
            bits = stream->codecpar->bits_per_raw_sample;
        info->bits = bits;
        snprintf(info->sample_format, sizeof info->sample_format, "%c%d",
                 packed == AV_SAMPLE_FMT_U8    ? 'u'
                 : packed >= AV_SAMPLE_FMT_FLT ? 'f'
                                               : 's',
                 bits);
    }
    info->bitrate_kbps = (int32_t)((stream->codecpar->bit_rate + 500) / 1000);
}

/* iTunes writes delay, padding and length in hexadecimal: " 00000000 00000840 000001CA
 * 00000000003F31F6 ...". */
static int64_t itunes_frames(const AVFormatContext *format)
{
    const AVDictionaryEntry *entry = ffmpeg.av_dict_get(format->metadata, "iTunSMPB", NULL, 0);
    unsigned zero, delay, padding;
    unsigned long long frames;

    if (!entry || sscanf(entry->value, "%x %x %x %llx", &zero, &delay, &padding, &frames) != 4 ||
        frames > INT64_MAX)
        return -1;
    return (int64_t)frames;
}

static void describe_length(audio_reader *reader, const ffmpeg_reader *state)
{
    const AVFormatContext *format = state->input.format;
    const AVStream *stream = format->streams[state->stream];
    audio_info *info = &reader->info;
    int64_t frames = -1;

    if (stream->duration > 0)
        frames = ffmpeg.av_rescale_q(stream->duration, stream->time_base,
                                     (AVRational){1, info->rate_hz});
    info->duration_s = frames > 0             ? (double)frames / info->rate_hz
                       : format->duration > 0 ? (double)format->duration / AV_TIME_BASE
                                              : -1;
    switch (state->kind) {
    case AUDIO_KIND_MP3:
    case AUDIO_KIND_OGG_VORBIS:
    case AUDIO_KIND_OGG_OPUS:
        info->frames = state->declared_frames;
        reader->trim_to_frames = info->frames >= 0;
        break;
    case AUDIO_KIND_MP4:
        info->frames = itunes_frames(format);
        if (info->frames < 0 && state->mp4_seconds >= 0)
            info->frames = (int64_t)(state->mp4_seconds * info->rate_hz + 0.5);
        if (info->frames < 0)
            info->frames = frames;
        /* Encoders differ in what their edit lists count; a lost packet of HE-AAC lacks 2048. */
        reader->tolerance = lossy(stream) ? 2047 : 0;
        reader->trim_to_frames = info->frames >= 0;
        break;
    case AUDIO_KIND_WAV:
    case AUDIO_KIND_AIFF:
    case AUDIO_KIND_CAF:
    case AUDIO_KIND_AU:
    case AUDIO_KIND_FLAC:
        info->frames = frames;
        break;
    case AUDIO_KIND_OGG_OTHER:
    case AUDIO_KIND_AAC:
    case AUDIO_KIND_ASF:
    case AUDIO_KIND_MATROSKA:
    case AUDIO_KIND_COUNT:
        info->frames = -1; /* an estimate is no declaration */
        break;
    }
}

/* The first frame tells the true rate and layout (HE-AAC doubles what the header says), and that
 * there is one. */
static int decode_first(audio_reader *reader, ffmpeg_reader *state, char *message)
{
    audio_info *info = &reader->info;
    const AVCodecParameters *declared = state->input.format->streams[state->stream]->codecpar;
    int got = decode_frame(reader, state, message);

    if (got < 0)
        return -1;
    if (got == 0 && state->damaged && state->kind == AUDIO_KIND_MP4 && !reader->source.seekable)
        return audio_fail(message,
                          "%s: cannot be read from a pipe: its index comes last (or it is "
                          "damaged); read it as a file.",
                          reader->source.name);
    if (got == 0 && state->damaged)
        return audio_fail(message, "%s: is damaged: none of its audio can be decoded.",
                          reader->source.name);
    info->rate_hz = got ? state->frame->sample_rate : declared->sample_rate;
    info->channels = got ? state->frame->ch_layout.nb_channels : declared->ch_layout.nb_channels;
    if (audio_check_shape(reader->source.name, info->rate_hz, info->channels, message))
        return -1;
    describe_length(reader, state);
    if (got == 0 && info->frames < 0)
        info->frames = 0;
    return 0;
}

int audio_ffmpeg_open(audio_reader *reader, audio_kind kind, char message[AUDIO_MESSAGE_BYTES])
{
    static const audio_decoder decoder = {ffmpeg_read, ffmpeg_close};
    ffmpeg_reader *state = calloc(1, sizeof *state);

    if (!state)
        return audio_fail(message, "%s: out of memory.", reader->source.name);
    state->kind = kind;
    state->declared_frames = kind == AUDIO_KIND_MP3 ? audio_mpeg_frames(&reader->source)
                                                    : audio_ogg_frames(&reader->source, kind);
    reader->trim_to_frames = state->declared_frames >= 0;
    state->mp4_seconds = kind == AUDIO_KIND_MP4 ? audio_mp4_seconds(&reader->source) : -1;
    if (audio_ffmpeg_input_open(&state->input, &reader->source, kind, message) ||
        open_codec(reader, state, message) || decode_first(reader, state, message)) {
        reader_free(state);
        return -1;
    }
    describe_codec(state, &reader->info);
    audio_ffmpeg_collect_tags(state->input.format, &reader->info);
    reader->state = state;
    reader->decoder = &decoder;
    return 0;
}
