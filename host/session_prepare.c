/* session_prepare.c: what becomes of the mixture before it is separated: effects, its loudness, and
 * silence at its ends that is cut off.
 *
 * All of it goes through the effects into a nameless file in the output folder, and session_read()
 * goes on from there. */
#include "host/fx_line.h"
#include "host/session_internal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define WINDOWS_PER_SECOND 100 /* whose RMS is silence or not */

/* The pass, while it runs. */
typedef struct preparation {
    track_session *session;
    fx_line *line;
    sample_spool *spool;
    int64_t frames;        /* kept so far */
    int64_t window_frames; /* of a whole window */
    int64_t window_at;     /* in the one that is being filled... */
    double window_squares; /* ...and their sum */
    int64_t first, end;    /* from the first window that is no silence to behind the last */
} preparation;

static int open_line(preparation *p, const char *folder);
static int run_line(preparation *p, int64_t frames);
static int keep(void *context, float *interleaved, int32_t frames);
static void find_sound(preparation *p, const float *interleaved, int32_t frames);
static void trim(preparation *p);
static int is_interrupted(void *context);

int session_prepare(track_session *session, int64_t *frames)
{
    const cli_options *options = session->options;
    char folder[OUTPUT_PATH_BYTES];
    preparation p = {.session = session, .first = INT64_MAX};
    if (options->pre == NULL && !options->normalize && !options->trim) {
        return 0;
    }
    p.window_frames = session->info->rate_hz / WINDOWS_PER_SECOND;
    session_spool_folder(session, folder);
    int status = open_line(&p, folder);
    if (status == 0 && spool_open(&p.spool, folder) != 0) {
        status = session_fail(session, TRACK_UNWRITABLE, "cannot open a temporary file in %s: %s",
                              folder, strerror(errno));
    }
    if (status == 0) {
        status = run_line(&p, *frames);
    }
    fx_line_close(&p.line);
    session_keep(session, p.spool);
    if (status != 0) {
        return -1;
    }
    if (options->trim) {
        trim(&p);
    }
    session->result->frames = 0;
    return session_read(session, frames);
}

/* The effects of --pre, then the loudness of --normalize. */
static int open_line(preparation *p, const char *folder)
{
    track_session *session = p->session;
    const cli_options *options = session->options;
    char message[AUDIO_MESSAGE_BYTES], target[32];
    cleave_error error = {0};
    cleave_fx_chain chain = {.count = 0};
    cleave_status status =
        options->pre != NULL ? cleave_fx_parse(options->pre, &chain, &error) : CLEAVE_OK;
    if (status == CLEAVE_OK && options->normalize) {
        snprintf(target, sizeof target, "%.6f", options->normalize_lufs);
        status = cleave_fx_chain_add(&chain, "normalize", &error);
        if (status == CLEAVE_OK) {
            status = cleave_fx_chain_set(&chain, chain.count - 1, "target", target, &error);
        }
    }
    if (status != CLEAVE_OK) {
        return session_fail(session, TRACK_UNPROCESSABLE, "%s", error.message);
    }
    const fx_line_config config = {.chain = &chain,
                                   .rate_hz = session->info->rate_hz,
                                   .channels = session->info->channels,
                                   .frames = session->info->frames,
                                   .block_frames_max = SESSION_BLOCK_FRAMES,
                                   .folder = folder};
    return fx_line_open(&p->line, &config, message) != 0
               ? session_fail(session, TRACK_UNPROCESSABLE, "%s", message)
               : 0;
}

static int run_line(preparation *p, int64_t frames)
{
    track_session *session = p->session;
    const session_context *context = session->context;
    int status = 0;
    while (status == 0 && frames > 0) {
        status = fx_line_push(p->line, session->block, (int32_t)frames, keep, p);
        if (status == 0 && is_interrupted(p)) {
            return session_fail(session, TRACK_CANCELLED, "interrupted");
        }
        report_survey(context->report, context->job, session->result->frames);
        if (status == 0 && session_read(session, &frames) != 0) {
            return -1;
        }
    }
    if (status == 0) {
        status = fx_line_finish(p->line, is_interrupted, keep, p);
    }
    return status == 0 ? 0
                       : session_fail(session, TRACK_UNPROCESSABLE, "%s", fx_line_error(p->line));
}

/* A record of the spool is what session_read() reads: a count of frames, and these. */
static int keep(void *context, float *interleaved, int32_t frames)
{
    preparation *p = context;
    int64_t count = frames;
    find_sound(p, interleaved, frames);
    if (spool_write(p->spool, &count, sizeof count) != 0 ||
        spool_write(p->spool, interleaved,
                    (size_t)frames * (size_t)p->session->info->channels * sizeof(float)) != 0) {
        return session_fail(p->session, TRACK_UNWRITABLE,
                            "its temporary copy cannot be written: %s", strerror(errno));
    }
    return 0;
}

/* Windows are of the whole track: they do not depend on how it is cut into blocks. */
static void find_sound(preparation *p, const float *interleaved, int32_t frames)
{
    int32_t channels = p->session->info->channels;
    double threshold = p->session->options->trim_threshold;
    for (int32_t t = 0; t < frames; t++) {
        for (int32_t c = 0; c < channels; c++) {
            double sample = interleaved[(int64_t)t * channels + c];
            p->window_squares += sample * sample;
        }
        p->frames++;
        if (++p->window_at == p->window_frames) {
            double rms = sqrt(p->window_squares / (double)(p->window_frames * channels));
            if (rms >= threshold) {
                p->first =
                    p->first < p->frames - p->window_at ? p->first : p->frames - p->window_at;
                p->end = p->frames;
            }
            p->window_at = 0;
            p->window_squares = 0.0;
        }
    }
}

static void trim(preparation *p)
{
    track_session *session = p->session;
    int32_t rate_hz = session->info->rate_hz;
    int64_t margin = (int64_t)(session->options->trim_seconds * rate_hz);
    if (p->first >= p->end) {
        session_warn(session, "it is silent, so --trim-silence leaves it as it is");
        return;
    }
    /* What is left of a window at the end may sound. */
    int64_t end = p->end + p->window_frames > p->frames ? p->frames : p->end + margin;
    session->kept_first = p->first > margin ? p->first - margin : 0;
    session->kept_end = end < p->frames ? end : p->frames;
    log_note(session->context->log, "%s: %.2f s of silence cut off at the start, %.2f s at the end",
             session->result->input, (double)session->kept_first / rate_hz,
             (double)(p->frames - session->kept_end) / rate_hz);
}

/* Asked by the line, whose context is that of keep(). */
static int is_interrupted(void *context)
{
    const preparation *p = context;
    return atomic_load(p->session->context->cancelled);
}
