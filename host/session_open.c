/* session_open.c: what is needed for a track: reader, engine, converters, files. */
#include "host/formats.h"
#include "host/session_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of the queue behind the engine: most of what a segment of HTDemucs gives, so that the next one is
 * begun before all of it is written. */
#define QUEUE_BYTES ((size_t)8 << 20)

static int to_pipe(const track_session *session)
{
    return strcmp(session->options->out, "-") == 0;
}

static void ask_for_first(const model_choice *choice, cleave_config *config);
static int check_output_channels(track_session *session, int32_t engine_channels);
static int choose_outputs(track_session *session);
static int allocate(track_session *session);
static int open_converters(track_session *session);
static int name_outputs(track_session *session, const input *source);
static int open_sink(track_session *session);
static int open_references(track_session *session);
static int open_post(track_session *session);
static int open_queue(track_session *session);

int session_open_input(track_session *session, const input *source)
{
    const cli_options *options = session->options;
    char message[AUDIO_MESSAGE_BYTES];
    if (audio_reader_open(&session->reader, source->path, options->raw ? &options->raw_input : NULL,
                          message) != 0) {
        return session_fail(session, TRACK_UNREADABLE, "%s", message);
    }
    const audio_info *info = audio_reader_info(session->reader);
    session->info = info;
    session->result->rate_hz = info->rate_hz;
    session->result->channels = info->channels;
    if (info->rate_hz < CLEAVE_RATE_HZ_MIN || info->rate_hz > CLEAVE_RATE_HZ_MAX) {
        return session_fail(session, TRACK_UNREADABLE,
                            "its sample rate of %d Hz is not within %d to %d Hz", info->rate_hz,
                            CLEAVE_RATE_HZ_MIN, CLEAVE_RATE_HZ_MAX);
    }
    if (info->channels < 1 || info->channels > CLEAVE_CHANNELS_MAX) {
        return session_fail(session, TRACK_UNREADABLE,
                            "it has %d channels, and up to %d can be separated", info->channels,
                            CLEAVE_CHANNELS_MAX);
    }
    return 0;
}

int session_open_engine(track_session *session, const input *source)
{
    track_result *result = session->result;
    const session_context *context = session->context;
    const audio_info *info = session->info;
    char message[OPTIONS_MESSAGE_BYTES];
    cleave_error error = {0};
    cleave_config config;
    const track_shape shape = {info->rate_hz, info->channels,
                               to_pipe(session) && !session_is_file(source->path)};
    if (choose_model(context->shelf, session->options, &shape, &result->choice, message) != 0) {
        return session_fail(session, TRACK_UNSEPARABLE, "%s", message);
    }
    choose_config(session->options, &result->choice, info->rate_hz, info->channels,
                  context->threads, &config);
    if (to_pipe(session) && result->choice.model != NULL && !session->options->conserve) {
        ask_for_first(&result->choice, &config);
    }
    if (context->slot->without_gpu) {
        config.device = CLEAVE_DEVICE_CPU;
    }
    if (check_output_channels(session, config.channels) != 0) {
        return -1;
    }
    if (engine_slot_open(context->slot, &config, &session->engine, &error) != CLEAVE_OK) {
        return session_fail(session, TRACK_UNSEPARABLE, "%s", error.message);
    }
    if (result->choice.model != NULL) {
        model_drop_pages(result->choice.model);
    }
    cleave_engine_info_get(session->engine, &session->engine_info);
    snprintf(result->device, sizeof result->device, "%s", session->engine_info.device);
    if (session->engine_info.device_note[0] != '\0' && !atomic_exchange(context->told, 1)) {
        log_note(context->log, "%s; the CPU computes", session->engine_info.device_note);
    }
    result->threads = session->engine_info.threads;
    result->engine_bytes = (int64_t)session->engine_info.memory.host_bytes;
    return choose_outputs(session) != 0 || allocate(session) != 0 || open_converters(session) != 0
               ? -1
               : 0;
}

int session_is_file(const char *path)
{
    struct stat status;
    return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static size_t converter_bytes(const session_buffers *buffers)
{
    return convert_bytes(1, buffers->engine_channels, SESSION_BLOCK_FRAMES) +
           convert_bytes(buffers->output_stems, buffers->output_channels, SESSION_BLOCK_FRAMES);
}

static size_t block_bytes(const session_buffers *buffers)
{
    int maps = buffers->input_channels != buffers->engine_channels;
    int blocks = (buffers->has_rest != 0) + maps + (buffers->is_scored != 0);
    return ((size_t)buffers->input_channels + (size_t)(blocks * buffers->engine_channels)) *
           SESSION_BLOCK_FRAMES * sizeof(float);
}

/* The engine's stems, and the mixture where it is needed. */
static block_queue_config queue_config(const session_buffers *buffers)
{
    return (block_queue_config){
        .streams = buffers->engine_stems + (buffers->has_rest || buffers->is_scored),
        .samples = (int64_t)SESSION_BLOCK_FRAMES * buffers->engine_channels,
        .bytes_most = QUEUE_BYTES,
    };
}

size_t session_buffer_bytes(const session_buffers *buffers)
{
    const block_queue_config queue = queue_config(buffers);
    return block_bytes(buffers) + converter_bytes(buffers) + block_queue_bytes(&queue) +
           (buffers->is_scored ? cleave_quality_need(buffers->engine_channels) : 0);
}

int session_open_outputs(track_session *session, const input *source)
{
    int status = name_outputs(session, source);
    if (status == 0) {
        status = open_references(session);
    }
    if (status == 0) {
        status = open_post(session);
    }
    if (status == 0) {
        pthread_mutex_lock(session->context->folders);
        status = open_sink(session);
        pthread_mutex_unlock(session->context->folders);
    }
    return status == 0 ? open_queue(session) : status;
}

void session_close(track_session *session)
{
    int failed = session->result->status != TRACK_DONE;
    sink_abort(&session->sink);
    pthread_mutex_lock(session->context->folders);
    output_folders_free(session->context->made, failed);
    pthread_mutex_unlock(session->context->folders);
    convert_close(&session->to_engine);
    convert_close(&session->from_engine);
    stem_post_close(&session->post);
    audio_reader_close(&session->reader);
    backlog_free(&session->mixture);
    spool_close(&session->kept);
    free(session->block);
    score_close(&session->score);
    for (int32_t s = 0; s < CLEAVE_STEMS_MAX; s++) {
        reference_close(&session->references[s]);
    }
}

/* A pipe takes one stem: networks of a bag that give others alone need not run. */
static void ask_for_first(const model_choice *choice, cleave_config *config)
{
    if (config->two_stems != NULL) {
        config->stems[0] = config->two_stems;
    } else if (config->stem_count == 0) {
        config->stems[0] = choice->info.default_stems[0];
    }
    config->two_stems = NULL;
    config->stem_count = 1;
}

/* The stems have the engine's channels, but those of a mono track are mono. */
static int check_output_channels(track_session *session, int32_t engine_channels)
{
    track_result *result = session->result;
    const audio_format format = session->options->format;
    int32_t channels = result->channels == 1 ? 1 : engine_channels;
    int32_t channels_max = formats_channels_max(format);
    result->output_channels = channels;
    if (channels > channels_max) {
        return session_fail(session, TRACK_UNWRITABLE,
                            "it has %d channels, and %s holds %d; --format flac holds all",
                            channels, options_format_name(format), channels_max);
    }
    return 0;
}

/* The engine's stems, and with --other-method minus the rest; on a pipe the first alone. */
static int choose_outputs(track_session *session)
{
    track_result *result = session->result;
    int32_t count = 0;
    for (int32_t s = 0; s < session->engine_info.stem_count; s++) {
        snprintf(result->stems[count], CLEAVE_NAME_BYTES, "%s", session->engine_info.stems[s]);
        session->sources[count++] = s;
    }
    if (session->options->two_stems != NULL && session->options->other_method == OTHER_MINUS) {
        snprintf(result->stems[count], CLEAVE_NAME_BYTES, "no_%.*s", CLEAVE_NAME_BYTES - 4,
                 result->stems[0]);
        session->sources[count++] = SOURCE_REST;
    }
    result->stem_count = to_pipe(session) ? 1 : count;
    return 0;
}

static session_buffers buffers_of(const track_session *session)
{
    const track_result *result = session->result;
    return (session_buffers){
        .input_channels = session->info->channels,
        .engine_channels = session->engine_info.channels,
        .output_channels = result->output_channels,
        .engine_stems = session->engine_info.stem_count,
        .output_stems = result->stem_count,
        .has_rest = session->sources[result->stem_count - 1] == SOURCE_REST,
        .is_scored =
            score_is_whole(session->result->stems, result->stem_count, &result->choice.info),
    };
}

/* One allocation: the blocks of the session lie in it one after the other. */
static int allocate(track_session *session)
{
    const session_buffers buffers = buffers_of(session);
    size_t floats = (size_t)SESSION_BLOCK_FRAMES * (size_t)buffers.engine_channels;
    session->result->buffer_bytes = (int64_t)session_buffer_bytes(&buffers);
    session->block = malloc(block_bytes(&buffers));
    if (buffers.is_scored) {
        session->score = score_open(buffers.engine_channels);
    }
    if (session->block == NULL || (buffers.is_scored && session->score == NULL)) {
        return session_fail(session, TRACK_UNSEPARABLE, "out of memory");
    }
    float *at = session->block + (size_t)SESSION_BLOCK_FRAMES * (size_t)buffers.input_channels;
    if (buffers.has_rest) {
        session->rest = at;
        at += floats;
    }
    if (buffers.is_scored) {
        session->sum = at;
        at += floats;
    }
    if (buffers.input_channels != buffers.engine_channels) {
        session->mapped = at;
    }
    return 0;
}

static int open_converters(track_session *session)
{
    char message[AUDIO_MESSAGE_BYTES];
    const audio_info *info = session->info;
    int32_t engine_hz = session->engine_info.rate_hz;
    int32_t wanted_hz = session->options->rate_hz > 0 ? session->options->rate_hz : info->rate_hz;
    int32_t output_hz = formats_rate_hz(session->options->format, wanted_hz);
    session->result->output_rate_hz = output_hz;
    if (output_hz != wanted_hz) {
        log_note(session->context->log, "%s: %s has no %d Hz, so the stems are written at %d Hz",
                 session->result->input, options_format_name(session->options->format), wanted_hz,
                 output_hz);
    }
    if (convert_open(&session->to_engine, 1, session->engine_info.channels, info->rate_hz,
                     engine_hz, SESSION_BLOCK_FRAMES, message) != 0 ||
        convert_open(&session->from_engine, session->result->stem_count,
                     session->result->output_channels, engine_hz, output_hz, SESSION_BLOCK_FRAMES,
                     message) != 0) {
        return session_fail(session, TRACK_UNSEPARABLE, "%s", message);
    }
    return 0;
}

static int name_outputs(track_session *session, const input *source)
{
    track_result *result = session->result;
    char model[OUTPUT_TRACK_BYTES + 1];
    output_model_component(result->choice.info.name, model);
    output_names names = {session->options->out,
                          session->options->filename,
                          model,
                          source->track,
                          source->track_ext,
                          options_format_name(session->options->format)};
    for (int32_t s = 0; s < result->stem_count; s++) {
        char path[OUTPUT_PATH_BYTES] = "-";
        if (!to_pipe(session) && output_path(&names, result->stems[s], path) != 0) {
            return session_fail(session, TRACK_UNWRITABLE, "the path of its stem %s is too long",
                                result->stems[s]);
        }
        if (output_is_same_file(path, source->path)) {
            return session_fail(session, TRACK_UNWRITABLE, "its stem %s would overwrite it",
                                result->stems[s]);
        }
        result->paths[s] = strdup(path);
        if (result->paths[s] == NULL) {
            return session_fail(session, TRACK_UNWRITABLE, "out of memory");
        }
    }
    return 0;
}

void session_spool_folder(const track_session *session, char folder[OUTPUT_PATH_BYTES])
{
    output_spool_folder(to_pipe(session) ? "-" : session->result->paths[0], folder);
}

static clip_mode clip_of(const track_session *session, int32_t bits)
{
    const cli_options *options = session->options;
    if (options->clip != CLIP_DEFAULT) {
        return options->clip;
    }
    if (options_is_float(options->format, bits)) {
        return CLIP_NONE;
    }
    /* A pipe should flow: the one gain of a track is known at its end only. */
    return to_pipe(session) ? CLIP_CLAMP : CLIP_RESCALE;
}

static int open_sink(track_session *session)
{
    const cli_options *options = session->options;
    track_result *result = session->result;
    char message[AUDIO_MESSAGE_BYTES];
    char folder[OUTPUT_PATH_BYTES];
    audio_writer_config writer = {.format = options->format,
                                  .rate_hz = result->output_rate_hz,
                                  .channels = result->output_channels,
                                  .bits = formats_bits(options, session->info, to_pipe(session)),
                                  .bitrate_kbps = options->bitrate_kbps,
                                  .vbr_quality = options->vbr_quality,
                                  .effort = -1,
                                  .compression = options->compression,
                                  .opus_application = options->application,
                                  .tags_from = session->info};
    session_spool_folder(session, folder);
    for (int32_t s = 0; s < result->stem_count && !to_pipe(session); s++) {
        if (output_folders_make(session->context->made, result->paths[s]) != 0) {
            return session_fail(session, TRACK_UNWRITABLE, "cannot make the folder of %s: %s",
                                result->paths[s], strerror(errno));
        }
    }
    sink_config config = {result->stem_count,
                          (const char *const *)result->paths,
                          folder,
                          writer,
                          clip_of(session, writer.bits),
                          SESSION_BLOCK_FRAMES,
                          session->context->threads};
    if (sink_open(&session->sink, &config, message) != 0) {
        return session_fail(session, TRACK_UNWRITABLE, "%s", message);
    }
    return 0;
}

static int open_references(track_session *session)
{
    track_result *result = session->result;
    char message[AUDIO_MESSAGE_BYTES];
    int32_t found = 0;
    if (session->options->reference == NULL) {
        return 0;
    }
    for (int32_t s = 0; s < result->stem_count; s++) {
        if (reference_open(&session->references[s], session->options->reference, result->stems[s],
                           result->output_rate_hz, result->output_channels, SESSION_BLOCK_FRAMES,
                           message) != 0) {
            return session_fail(session, TRACK_UNREADABLE, "%s", message);
        }
        if (session->references[s] == NULL && strcmp(result->stems[s], "no_vocals") == 0 &&
            reference_open(&session->references[s], session->options->reference, "accompaniment",
                           result->output_rate_hz, result->output_channels, SESSION_BLOCK_FRAMES,
                           message) != 0) {
            return session_fail(session, TRACK_UNREADABLE, "%s", message);
        }
        found += session->references[s] != NULL;
    }
    if (found == 0) {
        session_warn(session, "%s has no file for any of its stems to be scored against",
                     session->options->reference);
    }
    return 0;
}

static int open_post(track_session *session)
{
    track_result *result = session->result;
    char message[AUDIO_MESSAGE_BYTES];
    if (stem_post_open(&session->post, session->options, result->stems, result->stem_count,
                       result->output_rate_hz, result->output_channels, SESSION_BLOCK_FRAMES,
                       message) != 0) {
        return session_fail(session, TRACK_UNPROCESSABLE, "%s", message);
    }
    return 0;
}

static int open_queue(track_session *session)
{
    const session_buffers buffers = buffers_of(session);
    block_queue_config config = queue_config(&buffers);
    config.consume = session_write;
    config.context = session;
    return block_queue_open(&session->pulled, &config) != 0
               ? session_fail(session, TRACK_UNSEPARABLE, "no memory or no thread can be had")
               : 0;
}
