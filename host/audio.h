/* audio.h: audio files in and out, whatever library reads or writes them.
 *
 * Hosted code: may allocate, and reports every failure as one sentence that names the file. Objects
 * belong to one thread at a time; different objects may be used by different threads at once. */
#ifndef CLEAVE_HOST_AUDIO_H
#define CLEAVE_HOST_AUDIO_H

#include <stddef.h>
#include <stdint.h>

#define AUDIO_MESSAGE_BYTES 512
#define AUDIO_CHANNELS_MAX  8
#define AUDIO_TAGS_MAX      64

typedef struct audio_tag {
    char *key; /* lower case, FFmpeg's names: title, artist, album, date, track, genre, comment, ...
                */
    char *value; /* UTF-8 */
} audio_tag;

/* What the file says of itself. Owned by its reader. */
typedef struct audio_info {
    char container[32];     /* "wav", "flac", "mp3", "mp4", "ogg", "asf", "raw" */
    char codec[32];         /* "pcm_s16le", "flac", "mp3", "aac", "vorbis", "opus", "wmav2" */
    char sample_format[16]; /* "s16", "s24", "s32", "f32", "f64", "u8", "lossy" */
    int32_t rate_hz;
    int32_t channels;
    int32_t bits;         /* per sample in the file; 0 for lossy codecs */
    int64_t frames;       /* as declared, which may be a lie; -1: unknown until the end (pipes, some
                             streams) */
    double duration_s;    /* -1: unknown */
    int32_t bitrate_kbps; /* 0: unknown */
    int32_t tag_count;
    audio_tag tags[AUDIO_TAGS_MAX];
    unsigned char *cover; /* embedded picture, NULL if none */
    size_t cover_bytes;
    char cover_mime[32]; /* "image/jpeg", "image/png" */
} audio_info;

/* How to read headerless PCM. */
typedef struct audio_raw {
    int32_t rate_hz, channels;
    char format[8]; /* "s16le", "s24le", "s32le", "f32le", "u8" */
} audio_raw;

typedef struct audio_reader audio_reader;

/* Opens `path` ("-": standard input), by content and not by name. `raw` is NULL but for headerless
 * PCM. Returns 0, or -1 with one sentence in message. */
int audio_reader_open(audio_reader **reader, const char *path, const audio_raw *raw,
                      char message[AUDIO_MESSAGE_BYTES]);
const audio_info *audio_reader_info(const audio_reader *reader);

/* Reads up to frames_max interleaved float32 frames, full scale +-1, encoder delay and padding
 * removed. Returns the count, 0 at the end, -1 on an error (sentence in message): a file that is
 * shorter than its header says is an error that tells both lengths, after all the frames that could
 * be read were delivered. */
int64_t audio_reader_read(audio_reader *reader, float *interleaved, int64_t frames_max,
                          char message[AUDIO_MESSAGE_BYTES]);
void audio_reader_close(audio_reader **reader);

typedef enum audio_format {
    AUDIO_WAV,
    AUDIO_FLAC,
    AUDIO_MP3,
    AUDIO_M4A,
    AUDIO_OPUS,
    AUDIO_OGG,
    AUDIO_RAW
} audio_format;

typedef struct audio_writer_config {
    audio_format format;
    int32_t rate_hz, channels;
    /* 16, 24, 32: integer PCM; -32: float32 (WAV and raw only); FLAC of 32 needs libFLAC. */
    int32_t bits;
    int32_t bitrate_kbps;         /* lossy: constant bit rate; 0: the format's good default */
    int32_t vbr_quality;          /* MP3: 0..9 (0 best) for VBR, -1: use bitrate_kbps;
                                   * Vorbis: 0..10 (10 best), -1: 6, or bitrate_kbps */
    int32_t effort;               /* MP3: LAME's search, 9 (fastest) to 0 (best); -1: its default */
    int32_t compression;          /* FLAC 0..8; -1: 5 */
    const char *opus_application; /* "audio", "voip", "lowdelay"; NULL: audio */
    const audio_info *tags_from;  /* tags and cover to carry over, or NULL */
} audio_writer_config;

typedef struct audio_writer audio_writer;

/* Opens a file that becomes visible under `path` only when audio_writer_finish() succeeds: it is
 * written under a temporary name in the same folder and renamed. "-": standard output; it, devices
 * and FIFOs are written in place, and M4A not at all into what cannot seek. config->tags_from is
 * used during this call only. Opus runs at 48 kHz: other rates are refused here, the caller
 * resamples. */
int audio_writer_open(audio_writer **writer, const char *path, const audio_writer_config *config,
                      char message[AUDIO_MESSAGE_BYTES]);
/* Takes interleaved float32 frames; integer formats round to nearest and limit to full scale. */
int audio_writer_write(audio_writer *writer, const float *interleaved, int64_t frames,
                       char message[AUDIO_MESSAGE_BYTES]);
/* Flushes, syncs, renames; frees the writer whatever happens. On failure the temporary is gone and
 * what stood under `path` before stands there still. WAV and FLAC (through FFmpeg) can hold 0
 * frames; other formats refuse that here. */
int audio_writer_finish(audio_writer **writer, char message[AUDIO_MESSAGE_BYTES]);
/* Gives the file up: removes the temporary, frees. Safe on a pointer to NULL. */
void audio_writer_abort(audio_writer **writer);
/* Removes the temporary files of all open writers: async-signal-safe, for the last moments of a
 * process. At most 256 writers are open at once. */
void audio_writer_remove_temporaries(void);

/* Writes a file of any bytes in the same way: whole, or not at all. */
int audio_file_write(const char *path, const void *bytes, size_t count,
                     char message[AUDIO_MESSAGE_BYTES]);
/* Whether audio_file_write() could begin: so that nobody works in vain. */
int audio_file_check(const char *path, char message[AUDIO_MESSAGE_BYTES]);

/* Which formats this build reads and writes, for `cleave info`; a line of text each. */
const char *audio_backend_sndfile(void); /* version, or NULL if built without */
const char *audio_backend_ffmpeg(void);
const char *audio_backend_flac(void); /* of FLAC with 32 bits */

/* Rate conversion of interleaved float32 streams, very high quality, delay compensated: the output
 * of n input frames is round(n * out / in) frames, aligned at sample 0. */
typedef struct audio_resampler audio_resampler;
int audio_resampler_open(audio_resampler **resampler, int32_t channels, int32_t in_hz,
                         int32_t out_hz, char message[AUDIO_MESSAGE_BYTES]);
/* Converts; in == NULL flushes (repeat until *written is 0). Sets *consumed and *written. */
int audio_resampler_process(audio_resampler *resampler, const float *in, int64_t in_frames,
                            int64_t *consumed, float *out, int64_t out_frames_max,
                            int64_t *written);
void audio_resampler_close(audio_resampler **resampler);
const char *audio_backend_resampler(void); /* "soxr 0.1.3", or NULL */

#endif
