/* session_internal.h: a session's state, between session.c (what happens when), session_open.c
 * (what is needed for a track) and session_stream.c (where its samples go).
 *
 * From session_open_outputs() until session_drain() returns, or the queue is closed, what stands
 * behind the engine - score, from_engine, references, effects, sink - belongs to the queue's
 * thread, everything else to the session's own. */
#ifndef CLEAVE_HOST_SESSION_INTERNAL_H
#define CLEAVE_HOST_SESSION_INTERNAL_H

#include "host/backlog.h"
#include "host/block_queue.h"
#include "host/convert.h"
#include "host/reference.h"
#include "host/score.h"
#include "host/session.h"
#include "host/sink.h"
#include "host/spool.h"
#include "host/stem_post.h"

#define SESSION_BLOCK_FRAMES 8192
#define SOURCE_REST          -1 /* of an output: the mixture minus output 0 */

typedef struct track_session {
    const session_context *context;
    const cli_options *options;
    track_result *result;
    pthread_mutex_t failing; /* held while its status is set */

    audio_reader *reader;
    const audio_info *info;
    cleave_engine *engine;
    cleave_engine_info engine_info;
    int device_lost;                   /* not 0: that is why the track failed */
    int32_t sources[CLEAVE_STEMS_MAX]; /* output -> stem of the engine, or SOURCE_REST */
    rate_converter *to_engine;         /* the mixture */
    rate_converter *from_engine;       /* the outputs */
    backlog mixture;                   /* kept while SOURCE_REST or the score needs it */
    cleave_quality *score;             /* of the sum of the outputs; NULL if they are not all */
    sample_spool *kept;                /* blocks that a first pass has read; or NULL... */
    int64_t kept_place;                /* ...where the next one lies... */
    int64_t kept_at;                   /* ...how many of its frames have been read again... */
    int64_t kept_first, kept_end;      /* ...and which of them are the track */
    stem_post *post;                   /* effects on the outputs, or NULL */
    stem_sink *sink;
    block_queue *pulled; /* from the engine to all that comes behind it */
    stem_reference *references[CLEAVE_STEMS_MAX];

    float *block;             /* [SESSION_BLOCK_FRAMES][C] as read; the others follow it */
    float *mapped;            /* with the engine's channels; NULL when they are the same */
    float *rest;              /* [SESSION_BLOCK_FRAMES][C] of the mixture minus a stem; or NULL */
    float *sum;               /* the same, of the outputs together; NULL if there is no score */
    int64_t replaced_samples; /* that were not numbers */
} track_session;

/* Records why the track failed, unless an earlier reason is known. Returns -1. Either thread may
 * call it. */
int session_fail(track_session *session, track_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A warning about the track: printed, and kept for the result. */
void session_warn(track_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* session_open.c: each returns 0, or -1 with the failure recorded. */
int session_open_input(track_session *session, const input *source);
int session_open_engine(track_session *session, const input *source);
int session_open_outputs(track_session *session,
                         const input *source); /* needs a track that has a frame */
void session_close(track_session *session);
/* Whether an input can be read twice: a regular file that is named. */
int session_is_file(const char *path);
/* Where temporary files may lie: the folder of the outputs, or for a pipe that of temporaries. */
void session_spool_folder(const track_session *session, char folder[OUTPUT_PATH_BYTES]);

/* session_prepare.c: runs the mixture through the effects of --pre and --normalize, and finds what
 * --trim-silence leaves of it; on return a first block is in place again. Nothing without these
 * options. */
int session_prepare(track_session *session, int64_t *frames);
/* The spool, which is to be read from now on, whole. */
void session_keep(track_session *session, sample_spool *spool);

/* session_survey.c: tells the engine the mean and deviation of the whole track, of which the first
 * block of `frames` has been read; on return a first block is in place again. */
int session_survey(track_session *session, const input *source, int64_t *frames);

/* session_stream.c */
int session_read(track_session *session, int64_t *frames); /* fills block; 0 frames at the end */
int session_feed(track_session *session, int64_t frames);  /* block to engine to outputs */
int session_drain(track_session *session); /* the track ended: the rest to the outputs */
/* What the engine gave, on its way to the outputs; the context is the session. */
int session_write(void *context, float *const *pulled, int32_t frames);
/* A block with the engine's channels: mono is copied to each, those beyond them are left out, or
 * their mean is taken where the engine is mono. The block itself when they are the same. */
float *session_map_input(track_session *session, float *block, int64_t frames);

#endif
