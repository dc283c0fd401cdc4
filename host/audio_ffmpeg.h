/* audio_ffmpeg.h: what the FFmpeg reader and writer share. Only files that end in _ffmpeg.c include
 * it. */
#ifndef CLEAVE_HOST_AUDIO_FFMPEG_H
#define CLEAVE_HOST_AUDIO_FFMPEG_H

#include "host/audio_internal.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/base64.h>
#include <libavutil/opt.h>

/* The functions of FFmpeg that are called (audio_ffmpeg_list.h). They are looked up when a file
 * first needs them: FFmpeg brings more than a hundred libraries, which would be most of the start
 * of a command that reads and writes WAV. */
typedef struct ffmpeg_functions {
#define FFMPEG_FUNCTION(name) __typeof__(&name) name
#include "host/audio_ffmpeg_list.h"
#undef FFMPEG_FUNCTION
} ffmpeg_functions;

/* Set by the first audio_ffmpeg_load(), and not changed after it. */
extern ffmpeg_functions ffmpeg;

/* Loads the libraries that this was compiled for, of the same major versions. Returns 0 if they are
 * not there. To be called before any of these functions; any number of threads may. */
int audio_ffmpeg_load(void);

/* The only decoders that may run, whatever a file asks for. */
extern const char audio_ffmpeg_decoders[];

/* An open demuxer over a byte source. */
typedef struct ffmpeg_input {
    AVIOContext *io;
    AVFormatContext *format;
} ffmpeg_input;

/* The source must outlive the input. FFmpeg sees bytes of this one source with the one demuxer of
 * its kind, and can open nothing else. */
int audio_ffmpeg_input_open(ffmpeg_input *input, audio_source *source, audio_kind kind,
                            char message[AUDIO_MESSAGE_BYTES]);
void audio_ffmpeg_input_close(ffmpeg_input *input);
void audio_ffmpeg_collect_tags(const AVFormatContext *format, audio_info *info);

/* Keeps FFmpeg's messages from the terminal; the last error of this thread is kept for
 * audio_ffmpeg_reason(). */
void audio_ffmpeg_quiet(void);
/* Why the last call failed, in FFmpeg's words if it had any, else by its code. Lives until the next
 * call. */
const char *audio_ffmpeg_reason(int code);
/* For AVFormatContext.io_open: refuses whatever is asked for. */
int audio_ffmpeg_refuse(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                        AVDictionary **options);

#endif
