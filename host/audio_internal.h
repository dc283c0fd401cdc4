/* audio_internal.h: what the files behind audio.h share. A reader is a byte source and a decoder; a
 * writer is a byte sink and an encoder. Decoders and encoders see bytes only, never a path. */
#ifndef CLEAVE_HOST_AUDIO_INTERNAL_H
#define CLEAVE_HOST_AUDIO_INTERNAL_H

#include "host/audio.h"

#define AUDIO_NAME_BYTES    200 /* of a path, as sentences show it */
#define AUDIO_RATE_HZ_MIN   1000
#define AUDIO_RATE_HZ_MAX   768000
#define AUDIO_COVER_MAX     (16 << 20)
#define AUDIO_TAG_BYTES_MAX 65536
#define AUDIO_BLOCK_BYTES   65536

/* Writes a sentence and returns -1. */
int audio_fail(char message[AUDIO_MESSAGE_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A path fit for a sentence: control characters replaced, the front of a long one cut. */
void audio_display_name(char name[AUDIO_NAME_BYTES], const char *path);

/* ---- audio_source.c: bytes in, from a file or a pipe ---- */
typedef struct audio_source {
    int fd;
    int owned; /* close the descriptor with the source */
    int seekable;
    int error;     /* errno of the last read that failed */
    int64_t base;  /* seekable: where byte 0 lies in the descriptor */
    int64_t bytes; /* length, -1 for a pipe */
    int64_t position;
    unsigned char *head; /* pipe: bytes looked at before they are read */
    int64_t head_bytes;
    char name[AUDIO_NAME_BYTES];
} audio_source;

int audio_source_open(audio_source *source, const char *path, char message[AUDIO_MESSAGE_BYTES]);
/* A second, independent view of the same seekable bytes, from the start; needs no closing. */
audio_source audio_source_view(const audio_source *source);
/* One read: 1..bytes, 0 at the end, -1 on an error (errno kept in source->error). */
int64_t audio_source_read_some(audio_source *source, void *data, int64_t bytes);
/* Reads until `bytes` are there or the end is met. */
int64_t audio_source_read(audio_source *source, void *data, int64_t bytes);
/* Moves forward by reading, or by seeking where that is possible; returns the bytes that were there
 * to skip. */
int64_t audio_source_skip(audio_source *source, int64_t bytes);
/* The bytes at `offset` without reading them; on a pipe only before the first read and in its first
 * 16 MiB. */
int64_t audio_source_peek(audio_source *source, int64_t offset, void *data, int64_t bytes);
void audio_source_close(audio_source *source);

/* ---- audio_sniff.c: what the bytes are ---- */
typedef enum audio_kind {
    AUDIO_KIND_WAV,
    AUDIO_KIND_AIFF,
    AUDIO_KIND_CAF,
    AUDIO_KIND_AU,
    AUDIO_KIND_FLAC,
    AUDIO_KIND_OGG_VORBIS,
    AUDIO_KIND_OGG_OPUS,
    AUDIO_KIND_OGG_OTHER,
    AUDIO_KIND_MP3,
    AUDIO_KIND_AAC,
    AUDIO_KIND_MP4,
    AUDIO_KIND_ASF,
    AUDIO_KIND_MATROSKA,
    AUDIO_KIND_COUNT
} audio_kind;

typedef struct audio_kind_facts {
    const char *title;     /* for sentences: "Ogg Vorbis" */
    const char *container; /* audio_info.container */
    const char *demuxer;   /* the only FFmpeg demuxer that may see it; NULL: none */
    enum {
        SNDFILE_NEVER,
        SNDFILE_FIRST,
        SNDFILE_ALONE
    } sndfile; /* ALONE: where there is no FFmpeg */
} audio_kind_facts;

const audio_kind_facts *audio_kind_describe(audio_kind kind);
/* Decides by content alone. Returns 0, or -1 with a sentence that tells what the file looks like
 * instead. */
int audio_sniff(audio_source *source, audio_kind *kind, char message[AUDIO_MESSAGE_BYTES]);
/* Frames of an MPEG audio file by its Xing or Info header, encoder delay and padding taken off; -1
 * if it has none. */
int64_t audio_mpeg_frames(audio_source *source);
/* Length of an MP4 file's one sound track, exact to the sample, encoder delay taken off; -1 if its
 * index cannot tell. Of a pipe it sees an index at the front. */
double audio_mp4_seconds(audio_source *source);
/* Frames that an Ogg Vorbis or Opus file declares, at 48 kHz for Opus; -1 if it does not begin at
 * 0, for other kinds, and on a pipe unless all of it is on one page. */
int64_t audio_ogg_frames(audio_source *source, audio_kind kind);

/* ---- audio_pcm.c: samples as bytes ---- */
typedef enum audio_pcm {
    PCM_U8,
    PCM_S16,
    PCM_S24,
    PCM_S32,
    PCM_F32,
    PCM_F64
} audio_pcm; /* little endian */

int32_t audio_pcm_bytes(audio_pcm pcm);
const char *audio_pcm_sample_format(audio_pcm pcm); /* "s16" */
const char *audio_pcm_codec(audio_pcm pcm);         /* "pcm_s16le" */
void audio_pcm_decode(audio_pcm pcm, const unsigned char *in, float *out, int64_t samples);
/* Rounds to nearest, ties to even, and saturates; NaN becomes 0 in integers. */
void audio_pcm_encode(audio_pcm pcm, const float *in, unsigned char *out, int64_t samples);
/* One sample as an integer of `bits`, by the same rule. */
int32_t audio_pcm_quantise(float sample, int32_t bits);

/* ---- readers ---- */
typedef struct audio_decoder {
    /* 1..frames_max frames, 0 at the end, -1 with a sentence. */
    int64_t (*read)(audio_reader *reader, float *interleaved, int64_t frames_max,
                    char message[AUDIO_MESSAGE_BYTES]);
    void (*close)(audio_reader *reader);
} audio_decoder;

struct audio_reader {
    audio_source source;
    audio_info info;
    const audio_decoder *decoder;
    void *state;       /* of the decoder */
    int64_t delivered; /* frames */
    int64_t
        tolerance; /* frames that may lack where the container's figures are known to be loose */
    int trim_to_frames; /* info.frames is exact and the decoder may deliver more: padding */
    int may_have_tags;  /* WAV: besides those that its own reader knows */
    int ended;
    int failed;
    char failure[AUDIO_MESSAGE_BYTES];
};

/* Each looks at reader->source from its start, fills reader->info and reader->decoder, and returns
 * 0; or -1 with a sentence, having released what it took. */
int audio_raw_open(audio_reader *reader, const audio_raw *raw, char message[AUDIO_MESSAGE_BYTES]);
int audio_sndfile_open(audio_reader *reader, audio_kind kind, char message[AUDIO_MESSAGE_BYTES]);
int audio_ffmpeg_open(audio_reader *reader, audio_kind kind, char message[AUDIO_MESSAGE_BYTES]);
/* For what the others cannot: more than 24 bits. */
int audio_flac_open(audio_reader *reader, char message[AUDIO_MESSAGE_BYTES]);
/* As these, but 1 when it is a WAV of a kind that is left to the libraries (compressed, unusual
 * sizes). */
int audio_wav_open(audio_reader *reader, char message[AUDIO_MESSAGE_BYTES]);
/* Uncompressed samples from where the source stands: `data_bytes` of them, or to the end if
 * negative. */
int audio_pcm_open(audio_reader *reader, audio_pcm pcm, int64_t data_bytes,
                   char message[AUDIO_MESSAGE_BYTES]);
/* Adds the tags and the cover of a seekable file to reader->info. Nothing to add is no error, nor
 * is a pipe. */
void audio_ffmpeg_read_tags(audio_reader *reader, audio_kind kind);
/* Refuses rates and channel counts that are none. */
int audio_check_shape(const char *name, int64_t rate_hz, int64_t channels,
                      char message[AUDIO_MESSAGE_BYTES]);

/* ---- audio_tags.c ---- */
/* Copies in; the key is lowered, a key that is there already, an empty value, a technical key or
 * one too many is dropped. Bytes that are not UTF-8 are taken for Latin-1. */
void audio_tags_add(audio_info *info, const char *key, const char *value, size_t value_bytes);
const char *audio_tags_find(const audio_info *info, const char *key);
void audio_tags_set_cover(audio_info *info, const unsigned char *data, size_t bytes);
/* Width and height in pixels from the picture's own header; 0 if it has none. */
int audio_cover_size(const audio_info *info, int32_t *width, int32_t *height);
void audio_tags_free(audio_info *info);
/* The four letters of RIFF INFO for a key and back; NULL if there are none. */
const char *audio_tags_riff_id(const char *key);
const char *audio_tags_riff_key(const char id[4]);
/* The name of a key among Vorbis comments and back; the key itself if it has none of its own. */
const char *audio_tags_vorbis_name(const char *key);
const char *audio_tags_vorbis_key(const char *name);

/* ---- writers ---- */
typedef struct audio_encoder {
    int (*write)(audio_writer *writer, const float *interleaved, int64_t frames,
                 char message[AUDIO_MESSAGE_BYTES]);
    /* Ends the stream. The state is released by close, which follows in any case. */
    int (*finish)(audio_writer *writer, char message[AUDIO_MESSAGE_BYTES]);
    void (*close)(audio_writer *writer);
} audio_encoder;

struct audio_writer {
    int fd;
    int seekable;
    int error; /* errno of the first write that failed */
    int64_t base, position, bytes;
    audio_writer_config config; /* tags_from is valid during open only */
    const audio_encoder *encoder;
    void *state; /* of the encoder */
    int64_t frames;
    int directory_fd;                 /* of the target; -1 when written in place */
    int slot;                         /* in the table of temporaries; -1 */
    char temporary[256], target[256]; /* names in the directory */
    char name[AUDIO_NAME_BYTES];
};

/* Bytes out, noticing every error; 0, or -1 with the errno in writer->error. */
int audio_sink_write(audio_writer *writer, const void *data, int64_t bytes);
int audio_sink_seek(audio_writer *writer, int64_t position);
/* The sentence for writer->error. Returns -1. */
int audio_sink_fail(const audio_writer *writer, char message[AUDIO_MESSAGE_BYTES]);

int audio_wav_create(audio_writer *writer, char message[AUDIO_MESSAGE_BYTES]); /* and raw */
int audio_sndfile_create(audio_writer *writer, char message[AUDIO_MESSAGE_BYTES]);
int audio_ffmpeg_create(audio_writer *writer, char message[AUDIO_MESSAGE_BYTES]);
int audio_flac_create(audio_writer *writer, char message[AUDIO_MESSAGE_BYTES]); /* of 32 bits */
/* The name of the format in sentences: "MP3". */
const char *audio_format_title(audio_format format);

#endif
