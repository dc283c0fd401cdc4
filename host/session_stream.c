/* session_stream.c: where the samples of a track go:
 *
 *     reader -> numbers only -> to_engine -> engine -> from_engine -> references, sink
 *
 * Each stage hands blocks to the next and keeps what its own latency needs, so memory does not grow
 * with the track. */
#include "host/session_internal.h"

#include <math.h>

/* Samples beyond this (+120 dB) are no audio, and their squares would overflow on the way. */
#define LEVEL_MAX 1.0e6f

static int push_mixture(void *context, float *const *streams, int32_t frames);
static int pull_ready(track_session *session);
static int write_outputs(void *context, float *const *streams, int32_t frames);

int session_read(track_session *session, int64_t *frames)
{
    char message[AUDIO_MESSAGE_BYTES];
    int64_t got = audio_reader_read(session->reader, session->block, SESSION_BLOCK_FRAMES, message);
    if (got < 0) {
        return session_fail(session, TRACK_UNREADABLE, "%s", message);
    }
    for (int64_t i = 0; i < got * session->info->channels; i++) {
        /* Written so that a NaN fails it. */
        if (!(fabsf(session->block[i]) <= LEVEL_MAX)) {
            session->block[i] = 0.0f;
            session->replaced_samples++;
        }
    }
    session->result->frames += got;
    *frames = got;
    return 0;
}

int session_feed(track_session *session, int64_t frames)
{
    if (convert_push(session->to_engine, &session->block, (int32_t)frames, push_mixture, session) !=
        0) {
        return session_fail(session, TRACK_UNSEPARABLE, "the sample rate could not be converted");
    }
    return 0;
}

int session_drain(track_session *session)
{
    const track_result *result = session->result;
    int32_t engine_hz = session->engine_info.rate_hz;
    int64_t engine_frames = convert_length(result->frames, result->rate_hz, engine_hz);
    int64_t output_frames = convert_length(result->frames, result->rate_hz, result->output_rate_hz);
    if (convert_finish(session->to_engine, engine_frames, push_mixture, session) != 0) {
        return session_fail(session, TRACK_UNSEPARABLE, "the sample rate could not be converted");
    }
    cleave_flush(session->engine);
    if (pull_ready(session) != 0) {
        return -1;
    }
    if (convert_finish(session->from_engine, output_frames, write_outputs, session) != 0) {
        return session_fail(session, TRACK_UNSEPARABLE, "the sample rate could not be converted");
    }
    return 0;
}

static int push_mixture(void *context, float *const *streams, int32_t frames)
{
    track_session *session = context;
    int32_t channels = session->info->channels;
    int32_t outputs = session->result->stem_count;
    int32_t done = 0;
    if (session->sources[outputs - 1] == SOURCE_REST &&
        backlog_push(&session->mixture, streams[0], (int64_t)frames * channels) != 0) {
        return session_fail(session, TRACK_UNSEPARABLE, "out of memory");
    }
    while (done < frames) {
        int64_t accepted = 0;
        cleave_status status = cleave_push(session->engine, streams[0] + (int64_t)done * channels,
                                           frames - done, &accepted);
        if (status < 0) {
            return session_fail(session, TRACK_UNSEPARABLE, "%s", cleave_status_text(status));
        }
        done += (int32_t)accepted;
        if (pull_ready(session) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Takes all that the engine can give now. */
static int pull_ready(track_session *session)
{
    int32_t outputs = session->result->stem_count;
    for (;;) {
        float *streams[CLEAVE_STEMS_MAX];
        int64_t frames = 0;
        cleave_status status =
            cleave_pull(session->engine, session->pulled, SESSION_BLOCK_FRAMES, &frames);
        if (status == CLEAVE_AGAIN || status == CLEAVE_END) {
            return 0;
        }
        if (status < 0) {
            return session_fail(session, TRACK_UNSEPARABLE, "%s", cleave_status_text(status));
        }
        for (int32_t s = 0; s < outputs; s++) {
            streams[s] = session->sources[s] == SOURCE_REST ? session->rest
                                                            : session->pulled[session->sources[s]];
        }
        if (session->sources[outputs - 1] == SOURCE_REST) {
            backlog_subtract(&session->mixture, session->pulled[0], session->rest,
                             frames * session->info->channels);
        }
        if (convert_push(session->from_engine, streams, (int32_t)frames, write_outputs, session) !=
            0) {
            return session_fail(session, TRACK_UNSEPARABLE,
                                "the sample rate could not be converted");
        }
    }
}

static int write_outputs(void *context, float *const *streams, int32_t frames)
{
    track_session *session = context;
    char message[AUDIO_MESSAGE_BYTES];
    for (int32_t s = 0; s < session->result->stem_count; s++) {
        if (session->references[s] != NULL) {
            reference_compare(session->references[s], streams[s], frames);
        }
    }
    if (sink_write(session->sink, streams, frames, message) != 0) {
        return session_fail(session, TRACK_UNWRITABLE, "%s", message);
    }
    return 0;
}
