/* session_survey.c: the first pass over a track, for models that compute on the whole track's mean
 * and deviation.
 *
 * A file is read a second time, by a reader of its own. What cannot be read twice waits, as it was
 * read, in a nameless file in the output folder, and session_read() goes on from there. */
#include "host/level.h"
#include "host/samples.h"
#include "host/session_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The pass, while it runs. */
typedef struct survey {
    track_session *session;
    rate_converter *converter;
    level_sum level;
    int64_t frames; /* of the input, so far */
} survey;

static int survey_file(survey *pass, const input *source);
static int survey_pipe(survey *pass, int64_t frames);
static int add_block(survey *pass, float *block, int64_t frames);
static int add_converted(void *context, float *const *streams, int32_t frames);

int session_survey(track_session *session, const input *source, int64_t *frames)
{
    char message[AUDIO_MESSAGE_BYTES];
    survey pass = {.session = session};
    const audio_info *info = session->info;
    int32_t engine_hz = session->engine_info.rate_hz;
    if (convert_open(&pass.converter, 1, session->engine_info.channels, info->rate_hz, engine_hz,
                     SESSION_BLOCK_FRAMES, message) != 0) {
        return session_fail(session, TRACK_UNSEPARABLE, "%s", message);
    }
    int failed = session->kept == NULL && session_is_file(source->path)
                     ? survey_file(&pass, source)
                     : survey_pipe(&pass, *frames);
    if (!failed &&
        convert_finish(pass.converter, convert_length(pass.frames, info->rate_hz, engine_hz),
                       add_converted, &pass) != 0) {
        failed = session_fail(session, TRACK_UNSEPARABLE, "the sample rate could not be converted");
    }
    convert_close(&pass.converter);
    double mean;
    double deviation;
    level_finish(&pass.level, &mean, &deviation);
    if (!failed && cleave_normalize(session->engine, mean, deviation) != CLEAVE_OK) {
        failed = session_fail(session, TRACK_UNSEPARABLE, "its level is beyond any scale");
    }
    if (failed) {
        return -1;
    }
    if (session->kept != NULL) {
        session->result->frames = 0;
        return session_read(session, frames);
    }
    return 0;
}

static int survey_file(survey *pass, const input *source)
{
    track_session *session = pass->session;
    const cli_options *options = session->options;
    char message[AUDIO_MESSAGE_BYTES];
    audio_reader *reader = NULL;
    int64_t replaced = 0;
    int64_t got = -1;
    size_t bytes = (size_t)SESSION_BLOCK_FRAMES * (size_t)session->info->channels * sizeof(float);
    float *block = malloc(bytes);
    int status = 0;
    if (block == NULL) {
        return session_fail(session, TRACK_UNSEPARABLE, "out of memory");
    }
    if (audio_reader_open(&reader, source->path, options->raw ? &options->raw_input : NULL,
                          message) == 0) {
        while (status == 0 &&
               (got = audio_reader_read(reader, block, SESSION_BLOCK_FRAMES, message)) > 0) {
            samples_clean(block, got * session->info->channels, &replaced);
            status = add_block(pass, block, got);
        }
        audio_reader_close(&reader);
    }
    free(block);
    return status == 0 && got < 0 ? session_fail(session, TRACK_UNREADABLE, "%s", message) : status;
}

/* The first block has been read. */
static int survey_pipe(survey *pass, int64_t frames)
{
    track_session *session = pass->session;
    char folder[OUTPUT_PATH_BYTES];
    sample_spool *spool = NULL;
    session_spool_folder(session, folder);
    if (spool_open(&spool, folder) != 0) {
        return session_fail(session, TRACK_UNWRITABLE, "cannot open a temporary file in %s: %s",
                            folder, strerror(errno));
    }
    int status = 0;
    while (status == 0 && frames > 0) {
        size_t bytes = (size_t)frames * (size_t)session->info->channels * sizeof(float);
        if (spool_write(spool, &frames, sizeof frames) != 0 ||
            spool_write(spool, session->block, bytes) != 0) {
            status =
                session_fail(session, TRACK_UNWRITABLE, "cannot write the temporary file in %s: %s",
                             folder, strerror(errno));
        } else {
            status = add_block(pass, session->block, frames);
        }
        if (status == 0) {
            status = session_read(session, &frames);
        }
    }
    session_keep(session, spool);
    return status;
}

static int add_block(survey *pass, float *block, int64_t frames)
{
    track_session *session = pass->session;
    const session_context *context = session->context;
    if (atomic_load(context->cancelled)) {
        return session_fail(session, TRACK_CANCELLED, "interrupted");
    }
    float *mapped = session_map_input(session, block, frames);
    if (convert_push(pass->converter, &mapped, (int32_t)frames, add_converted, pass) != 0) {
        return session_fail(session, TRACK_UNSEPARABLE, "the sample rate could not be converted");
    }
    pass->frames += frames;
    report_survey(context->report, context->job, pass->frames);
    return 0;
}

static int add_converted(void *context, float *const *streams, int32_t frames)
{
    survey *pass = context;
    level_add(&pass->level, streams[0], frames, pass->session->engine_info.channels);
    return 0;
}
