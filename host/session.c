/* session.c: one track from its file to its stems. */
#include "host/session_internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static int run(track_session *session, const input *source);
static int finish(track_session *session);
static void tell_choice(track_session *session, const input *source);
static void tell_outcome(track_session *session, const sink_outcome *outcome);

/* One attempt. Returns whether the GPU was lost and the CPU may try, from the start: the track is a
 * file, nothing of it is written, and no device was asked for. */
static int attempt(const session_context *context, const input *source, track_result *result)
{
    track_session session = {.context = context, .options = context->options, .result = result};
    pthread_mutex_init(&session.failing, NULL);
    memset(result, 0, sizeof *result);
    result->gain = 1.0;
    result->status = TRACK_DONE;
    snprintf(result->input, sizeof result->input, "%s", source->path);
    int status = run(&session, source);
    block_queue_close(&session.pulled);
    if (status != 0 && result->status == TRACK_DONE) {
        session_fail(&session, TRACK_UNSEPARABLE, "out of memory");
    }
    session_close(&session);
    pthread_mutex_destroy(&session.failing);
    if (!session.device_lost || context->options->device != CLEAVE_DEVICE_AUTO ||
        atomic_load(context->cancelled)) {
        return 0;
    }
    context->slot->without_gpu = 1;
    return session_is_file(source->path) && strcmp(context->options->out, "-") != 0;
}

void session_run(const session_context *context, const input *source, track_result *result)
{
    double began = report_now();
    if (attempt(context, source, result)) {
        log_warning(context->log, "%s: %s; it is separated anew by the CPU", result->input,
                    result->message);
        track_result_free(result);
        attempt(context, source, result);
    }
    if (result->status != TRACK_DONE && atomic_load(context->cancelled)) {
        result->status = TRACK_CANCELLED;
        snprintf(result->message, sizeof result->message, "interrupted");
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    result->memory_bytes = (int64_t)usage.ru_maxrss * 1024;
    result->seconds = report_now() - began;
}

int session_fail(track_session *session, track_status status, const char *format, ...)
{
    track_result *result = session->result;
    char text[AUDIO_MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&session->failing);
    if (result->status == TRACK_DONE) {
        track_sentence(result->input, text, result->message);
        result->status = status;
    }
    pthread_mutex_unlock(&session->failing);
    return -1;
}

void session_warn(track_session *session, const char *format, ...)
{
    track_result *result = session->result;
    char text[TRACK_WARNING_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    log_warning(session->context->log, "%s: %s", result->input, text);
    if (result->warning_count < TRACK_WARNINGS_MAX) {
        memcpy(result->warnings[result->warning_count++], text, sizeof text);
    }
}

static int run(track_session *session, const input *source)
{
    const session_context *context = session->context;
    int64_t frames = 0;
    if (source->error != NULL) {
        return session_fail(session, TRACK_UNREADABLE, "%s", source->error);
    }
    if (session_open_input(session, source) != 0) {
        return -1;
    }
    const audio_info *info = session->info;
    report_begin(context->report, context->job, source->path, info->frames, info->rate_hz);
    if (session_open_engine(session, source) != 0) {
        return -1;
    }
    /* No folder or file appears before the input has shown a first frame. */
    if (session_read(session, &frames) != 0) {
        return -1;
    }
    if (frames == 0) {
        return session_fail(session, TRACK_UNREADABLE, "no audio frames");
    }
    if (session_open_outputs(session, source) != 0) {
        return -1;
    }
    tell_choice(session, source);
    if (session_prepare(session, &frames) != 0) {
        return -1;
    }
    const open_model *model = session->result->choice.model;
    if (model != NULL && model->networks_info.normalizes &&
        session_survey(session, source, &frames) != 0) {
        return -1;
    }
    while (frames > 0) {
        if (atomic_load(context->cancelled)) {
            return session_fail(session, TRACK_CANCELLED, "interrupted");
        }
        if (session_feed(session, frames) != 0) {
            return -1;
        }
        report_progress(context->report, context->job, session->result->frames);
        if (session_read(session, &frames) != 0) {
            return -1;
        }
    }
    return session_drain(session) != 0 ? -1 : finish(session);
}

static int is_cancelled(void *context)
{
    track_session *session = context;
    return atomic_load(session->context->cancelled);
}

/* The score of a stem whose reference has another length is worth little. */
static void compare_length(track_session *session, int32_t stem)
{
    int order = reference_compare_length(session->references[stem]);
    if (order != 0) {
        session_warn(session, "the reference of %s is %s than the stem: is it of another track?",
                     session->result->stems[stem], order < 0 ? "shorter" : "longer");
    }
}

static int finish(track_session *session)
{
    track_result *result = session->result;
    char message[AUDIO_MESSAGE_BYTES];
    sink_outcome outcome;
    if (sink_finish(&session->sink, &outcome, is_cancelled, session, message) != 0) {
        return session_fail(session, TRACK_UNWRITABLE, "%s", message);
    }
    result->duration_s = (double)result->frames / session->info->rate_hz;
    result->peak = outcome.peak;
    result->gain = outcome.gain;
    if (session->score != NULL) {
        cleave_quality_finish(session->score, &result->of_sum);
        result->is_scored = 1;
    }
    for (int32_t s = 0; s < result->stem_count; s++) {
        if (session->references[s] != NULL) {
            reference_finish(session->references[s], &result->of_stem[s]);
            result->has_reference[s] = 1;
            result->has_references = 1;
            compare_length(session, s);
        }
    }
    tell_outcome(session, &outcome);
    return 0;
}

static void tell_choice(track_session *session, const input *source)
{
    const track_result *result = session->result;
    logger *log = session->context->log;
    if (source->renamed) {
        log_note(log, "%s: another track has this name, so this one is written as \"%s\"",
                 result->input, source->track);
    }
    if (strcmp(session->options->model, "auto") == 0) {
        log_note(log, "%s: model %s: %s", result->input, result->choice.info.name,
                 result->choice.reason);
    }
    log_detail(log, "%s: %s %s, %d Hz, %d ch; %s, threads: %d, segments of %lld frames, %.1f MB",
               result->input, session->info->container, session->info->codec,
               session->info->rate_hz, session->info->channels, result->device,
               session->engine_info.threads, (long long)session->engine_info.segment_frames,
               (double)session->engine_info.memory.host_bytes / 1e6);
    if (session->engine_info.memory.device_bytes > 0) {
        log_detail(log, "%s: %d segments at a time, %.1f MB of the GPU's memory, %.1f MB pinned",
                   result->input, session->engine_info.batch,
                   (double)session->engine_info.memory.device_bytes / 1e6,
                   (double)session->engine_info.memory.pinned_bytes / 1e6);
    }
    int32_t channels = session->engine_info.channels;
    if (result->channels > channels && channels > 1) {
        log_note(log, "%s: model %s has %d channels: it takes the first %d of %d", result->input,
                 result->choice.info.name, channels, channels, result->channels);
    } else if (result->channels > channels) {
        log_note(log, "%s: model %s has one channel: it takes the mean of the %d", result->input,
                 result->choice.info.name, result->channels);
    }
    if (choose_is_mono_center(&result->choice, session->info->channels)) {
        session_warn(session,
                     "centre extraction cannot work on mono, which has no sides: harmonic, "
                     "percussive, repetition and voice-band cues are used alone, and the result is "
                     "weaker; use a stereo recording, or a model with weights (cleave models)");
    }
}

static void tell_outcome(track_session *session, const sink_outcome *outcome)
{
    const track_result *result = session->result;
    if (session->replaced_samples > 0) {
        session_warn(
            session,
            "%lld samples were no numbers, infinite or beyond any level, and were taken as silence",
            (long long)session->replaced_samples);
    }
    if (outcome->gain != 1.0) {
        log_note(session->context->log,
                 "%s: the stems reach %.2f of full scale, so all are scaled by one gain of %.4f "
                 "(%.2f dB), and their proportions stay",
                 result->input, outcome->peak, outcome->gain, 20.0 * log10(outcome->gain));
    }
    if (outcome->clipped > 0) {
        session_warn(session, "%lld samples of the stems were beyond full scale and were limited",
                     (long long)outcome->clipped);
    }
}
