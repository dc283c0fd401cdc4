/* session_stream.c: where the samples of a track go:
 *
 *     reader -> numbers only -> channels -> to_engine -> engine -> queue
 *     queue -> score, channels -> from_engine -> references, effects -> sink
 *
 * The second line is another thread's: stems are written while the next segment is computed. Each
 * stage hands blocks to the next and keeps what its own latency needs, so memory does not grow
 * with the track. */
#include "host/samples.h"
#include "host/session_internal.h"

#include <errno.h>
#include <string.h>

static int read_kept(track_session *session, int64_t *frames);
static float mean_of(const float *frame, int32_t channels);
static int push_mixture(void *context, float *const *streams, int32_t frames);
static int pull_ready(track_session *session);
static int write_outputs(void *context, float *const *streams, int32_t frames);
static int write_sink(void *context, float *const *streams, int32_t frames);

int session_read(track_session *session, int64_t *frames)
{
    char message[AUDIO_MESSAGE_BYTES];
    if (session->kept != NULL) {
        return read_kept(session, frames);
    }
    int64_t got = audio_reader_read(session->reader, session->block, SESSION_BLOCK_FRAMES, message);
    if (got < 0) {
        return session_fail(session, TRACK_UNREADABLE, "%s", message);
    }
    samples_clean(session->block, got * session->info->channels, &session->replaced_samples);
    session->result->frames += got;
    *frames = got;
    return 0;
}

float *session_map_input(track_session *session, float *block, int64_t frames)
{
    int32_t from = session->info->channels;
    int32_t to = session->engine_info.channels;
    if (from == to) {
        return block;
    }
    for (int64_t i = 0; i < frames; i++) {
        const float *in = block + i * from;
        float *out = session->mapped + i * to;
        if (to == 1) {
            *out = mean_of(in, from);
        }
        for (int32_t c = 0; c < to && to > 1; c++) {
            out[c] = in[from == 1 ? 0 : c];
        }
    }
    return session->mapped;
}

int session_feed(track_session *session, int64_t frames)
{
    float *block = session_map_input(session, session->block, frames);
    if (convert_push(session->to_engine, &block, (int32_t)frames, push_mixture, session) != 0) {
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
    if (pull_ready(session) != 0 || block_queue_finish(session->pulled) != 0) {
        return -1;
    }
    if (convert_finish(session->from_engine, output_frames, write_outputs, session) != 0) {
        return session_fail(session, TRACK_UNSEPARABLE, "the sample rate could not be converted");
    }
    return session->post != NULL ? stem_post_finish(session->post, write_sink, session) : 0;
}

void session_keep(track_session *session, sample_spool *spool)
{
    spool_close(&session->kept);
    session->kept = spool;
    session->kept_place = session->kept_at = session->kept_first = 0;
    session->kept_end = INT64_MAX;
}

/* The blocks of a first pass, as they were kept: those of the track. */
static int read_kept(track_session *session, int64_t *frames)
{
    int64_t channels = session->info->channels;
    int64_t first = 0, end = 0;
    int status = 1;
    while (status > 0 && end <= first && session->kept_at < session->kept_end) {
        int64_t count = 0;
        status = spool_read(session->kept, &session->kept_place, &count, sizeof count);
        if (status > 0) {
            status = spool_read(session->kept, &session->kept_place, session->block,
                                (size_t)(count * channels) * sizeof(float));
        }
        first = session->kept_first - session->kept_at;
        first = first > 0 ? first : 0;
        end = session->kept_end - session->kept_at;
        end = status <= 0 ? first : end < count ? end : count;
        session->kept_at += count;
    }
    if (status < 0) {
        return session_fail(session, TRACK_UNREADABLE, "its temporary copy cannot be read: %s",
                            strerror(errno));
    }
    *frames = end > first ? end - first : 0;
    memmove(session->block, session->block + first * channels,
            (size_t)(*frames * channels) * sizeof(float));
    session->result->frames += *frames;
    return 0;
}

static float mean_of(const float *frame, int32_t channels)
{
    float sum = 0.0f;
    for (int32_t c = 0; c < channels; c++) {
        sum += frame[c];
    }
    return sum / (float)channels;
}

static int wants_mixture(const track_session *session)
{
    int32_t outputs = session->result->stem_count;
    return session->sources[outputs - 1] == SOURCE_REST || session->score != NULL;
}

static int push_mixture(void *context, float *const *streams, int32_t frames)
{
    track_session *session = context;
    int32_t channels = session->engine_info.channels;
    int32_t done = 0;
    if (wants_mixture(session) &&
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

/* The stems of a mono track are mono again: the mean of the engine's channels, in place. */
static void map_outputs(const track_session *session, float *const *streams, int64_t frames)
{
    int32_t from = session->engine_info.channels;
    if (from == session->result->output_channels) {
        return;
    }
    for (int32_t s = 0; s < session->result->stem_count; s++) {
        for (int64_t i = 0; i < frames; i++) {
            streams[s][i] = mean_of(streams[s] + i * from, from);
        }
    }
}

/* Makes the rest of the mixture, and scores the sum of the outputs against it. */
static void match_mixture(track_session *session, float *const *streams, const float *mixture,
                          int64_t frames)
{
    int64_t count = frames * session->engine_info.channels;
    int32_t outputs = session->result->stem_count;
    if (session->sources[outputs - 1] == SOURCE_REST) {
        for (int64_t i = 0; i < count; i++) {
            session->rest[i] = mixture[i] - streams[0][i];
        }
    }
    if (session->score == NULL) {
        return;
    }
    memcpy(session->sum, streams[0], (size_t)count * sizeof(float));
    for (int32_t s = 1; s < outputs; s++) {
        for (int64_t i = 0; i < count; i++) {
            session->sum[i] += streams[s][i];
        }
    }
    cleave_quality_push(session->score, mixture, session->sum, frames);
}

/* The GPU was lost: no other track is to meet it. */
static int fail_device(track_session *session)
{
    cleave_error error;
    cleave_engine_error(session->engine, &error);
    session->device_lost = 1;
    engine_slot_drop(session->context->slot);
    session->engine = NULL;
    return session_fail(session, TRACK_UNSEPARABLE, "%s", error.message);
}

/* Takes all that the engine can give now. */
static int pull_ready(track_session *session)
{
    for (;;) {
        float *pulled[BLOCK_QUEUE_STREAMS_MAX];
        int64_t frames = 0;
        if (block_queue_next(session->pulled, pulled) != 0) {
            return -1;
        }
        cleave_status status = cleave_pull(session->engine, pulled, SESSION_BLOCK_FRAMES, &frames);
        if (status == CLEAVE_AGAIN || status == CLEAVE_END) {
            return 0;
        }
        if (status == CLEAVE_NO_DEVICE) {
            return fail_device(session);
        }
        if (status < 0) {
            return session_fail(session, TRACK_UNSEPARABLE, "%s", cleave_status_text(status));
        }
        if (wants_mixture(session)) {
            backlog_take(&session->mixture, pulled[session->engine_info.stem_count],
                         frames * session->engine_info.channels);
        }
        block_queue_put(session->pulled, (int32_t)frames);
    }
}

int session_write(void *context, float *const *pulled, int32_t frames)
{
    track_session *session = context;
    float *streams[CLEAVE_STEMS_MAX];
    for (int32_t s = 0; s < session->result->stem_count; s++) {
        streams[s] =
            session->sources[s] == SOURCE_REST ? session->rest : pulled[session->sources[s]];
    }
    if (wants_mixture(session)) {
        match_mixture(session, streams, pulled[session->engine_info.stem_count], frames);
    }
    map_outputs(session, streams, frames);
    if (convert_push(session->from_engine, streams, frames, write_outputs, session) != 0) {
        return session_fail(session, TRACK_UNSEPARABLE, "the sample rate could not be converted");
    }
    return 0;
}

static int write_outputs(void *context, float *const *streams, int32_t frames)
{
    track_session *session = context;
    for (int32_t s = 0; s < session->result->stem_count; s++) {
        if (session->references[s] != NULL) {
            reference_compare(session->references[s], streams[s], frames);
        }
    }
    if (session->post == NULL) {
        return write_sink(session, streams, frames);
    }
    if (stem_post_push(session->post, streams, frames, write_sink, session) != 0) {
        return session_fail(session, TRACK_UNPROCESSABLE, "its effects could not be computed");
    }
    return 0;
}

static int write_sink(void *context, float *const *streams, int32_t frames)
{
    track_session *session = context;
    char message[AUDIO_MESSAGE_BYTES];
    if (sink_write(session->sink, streams, frames, message) != 0) {
        return session_fail(session, TRACK_UNWRITABLE, "%s", message);
    }
    return 0;
}
