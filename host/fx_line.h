/* fx_line.h: a chain of effects on a whole track, frame for frame: the delay of the effects is
 * taken off, so that frame n that comes out belongs to frame n that went in.
 *
 * A `normalize` without a window needs the level of the whole track. There the line is cut: what
 * the effects before it give is measured and waits in a nameless temporary file, and when the track
 * has ended it goes on from there, with the gain. So nothing is decoded or computed twice, and
 * memory does not grow with the track. */
#ifndef CLEAVE_HOST_FX_LINE_H
#define CLEAVE_HOST_FX_LINE_H

#include "host/audio.h"
#include "runtime/cleave_fx.h"

typedef struct fx_line fx_line;

/* Takes interleaved frames, which it may change. Returns 0, or -1 to stop. */
typedef int (*fx_consumer)(void *context, float *interleaved, int32_t frames);

typedef struct fx_line_config {
    const cleave_fx_chain *chain; /* copied */
    int32_t rate_hz, channels;
    int64_t frames;           /* that will come, for a fade at their end; -1: nobody knows */
    int32_t block_frames_max; /* that are pushed or handed on at a time */
    int with_tail;      /* what sounds on after the last frame is kept: more frames come out */
    const char *folder; /* an existing one, for the temporary file */
} fx_line_config;

/* What a normalize of the whole track came to. */
typedef struct fx_normalized {
    char unit[8];    /* "lufs", "rms", "peak" */
    double measured; /* -infinity if it is silent, and then the gain is 1 */
    double target;
    double gain_db;
} fx_normalized;

typedef struct fx_line_info {
    int64_t latency_frames; /* of all effects, that were taken off */
    int64_t tail_frames;
    int64_t memory_bytes;     /* of the engines and meters */
    int32_t normalized_count; /* valid after fx_line_finish() */
    fx_normalized normalized[CLEAVE_FX_EFFECTS_MAX];
} fx_line_info;

/* Opens the engines; impulse responses are read here. Returns 0, or -1 with a sentence. */
int fx_line_open(fx_line **opened, const fx_line_config *config, char message[AUDIO_MESSAGE_BYTES]);

/* Passes frames on, in place. Returns 0, or -1: the consumer stopped, or see fx_line_error(). */
int fx_line_push(fx_line *line, float *interleaved, int32_t frames, fx_consumer consume,
                 void *context);

/* The track ends: hands on the rest. As many frames have come out as went in, and with_tail those
 * of the tail. interrupted (NULL: never) is asked now and then; not 0 gives up. */
int fx_line_finish(fx_line *line, int (*interrupted)(void *context), fx_consumer consume,
                   void *context);

/* Why push or finish failed by itself: a sentence, or "" if the consumer stopped. */
const char *fx_line_error(const fx_line *line);

void fx_line_info_get(const fx_line *line, fx_line_info *info);

/* Safe on a pointer to NULL. */
void fx_line_close(fx_line **line);

#endif
