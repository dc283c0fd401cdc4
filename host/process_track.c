/* process_track.c: one file through channels, rate and effects into another:
 *
 *     reader -> numbers only -> channels -> rate -> effects -> writer
 *
 * Each stage hands blocks to the next, so memory does not grow with the track. The effects come
 * after the conversions, so that what a limiter promises holds for what is written. */
#include "host/process_track.h"

#include "host/channels.h"
#include "host/convert.h"
#include "host/format_limits.h"
#include "host/fx_engine.h"
#include "host/samples.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define BLOCK_FRAMES 8192

typedef struct track {
    const process_context *context;
    const cli_options *options;
    process_result *result;
    audio_reader *reader;
    const audio_info *info;
    channel_matrix matrix;
    rate_converter *to_output;
    fx_line *line;
    cleave_fx *dither; /* of integers, where rounding loses something; or NULL */
    audio_writer *writer;
    int is_measured; /* the effects need the whole track before they give anything */
    float *block;    /* [BLOCK_FRAMES][channels of the input] */
    float *mixed;    /* [BLOCK_FRAMES][channels of the output] */
    int64_t replaced_samples;
} track;

static int run(track *t, const input *source);
static int open_input(track *t, const input *source);
static int settle(track *t, const input *source);
static int open_output(track *t);
static int read_block(track *t, int64_t *frames);
static int feed(track *t, int64_t frames);
static int drain(track *t);
static void tell(track *t);
static void close_track(track *t);

static int fail(track *t, track_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static double thread_seconds(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

void process_track_run(const process_context *context, const input *source, process_result *result)
{
    track t = {.context = context, .options = context->options, .result = result};
    double began = report_now();
    double computed = thread_seconds();
    struct rusage usage;
    memset(result, 0, sizeof *result);
    snprintf(result->input, sizeof result->input, "%s", source->path);
    if (run(&t, source) != 0) {
        fail(&t, TRACK_UNPROCESSABLE, "out of memory");
    }
    close_track(&t);
    if (result->status != TRACK_DONE && atomic_load(context->cancelled)) {
        result->status = TRACK_CANCELLED;
        snprintf(result->message, sizeof result->message, "interrupted");
    }
    result->seconds = report_now() - began;
    result->cpu_seconds = thread_seconds() - computed;
    getrusage(RUSAGE_SELF, &usage);
    result->memory_bytes = (int64_t)usage.ru_maxrss * 1024;
    result->has_stats = context->options->stats;
    if (result->status == TRACK_DONE && result->has_stats) {
        result->is_scored = process_score(context->options, result) == 0;
    }
}

/* Records why the track failed, unless an earlier reason is known. Returns -1. */
static int fail(track *t, track_status status, const char *format, ...)
{
    char text[AUDIO_MESSAGE_BYTES];
    if (t->result->status != TRACK_DONE) {
        return -1;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    track_sentence(t->result->input, text, t->result->message);
    t->result->status = status;
    return -1;
}

static void warn(track *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void warn(track *t, const char *format, ...)
{
    process_result *result = t->result;
    char text[TRACK_WARNING_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    log_warning(t->context->log, "%s: %s", result->input, text);
    if (result->warning_count < TRACK_WARNINGS_MAX) {
        memcpy(result->warnings[result->warning_count++], text, sizeof text);
    }
}

static int run(track *t, const input *source)
{
    const process_context *context = t->context;
    char message[AUDIO_MESSAGE_BYTES];
    int64_t frames = 0;
    if (source->error != NULL) {
        return fail(t, TRACK_UNREADABLE, "%s", source->error);
    }
    if (open_input(t, source) != 0 || settle(t, source) != 0) {
        return -1;
    }
    report_begin(context->report, context->job, source->path, t->info->frames, t->info->rate_hz);
    /* No folder or file appears before the input has shown a first frame. */
    if (read_block(t, &frames) != 0) {
        return -1;
    }
    if (frames == 0) {
        return fail(t, TRACK_UNREADABLE, "no audio frames");
    }
    if (open_output(t) != 0) {
        return -1;
    }
    while (frames > 0) {
        if (atomic_load(context->cancelled)) {
            return fail(t, TRACK_CANCELLED, "interrupted");
        }
        if (feed(t, frames) != 0 || read_block(t, &frames) != 0) {
            return -1;
        }
    }
    if (drain(t) != 0) {
        return -1;
    }
    if (audio_writer_finish(&t->writer, message) != 0) {
        return fail(t, TRACK_UNWRITABLE, "%s", message);
    }
    t->result->duration_s = (double)t->result->frames / t->info->rate_hz;
    fx_line_info_get(t->line, &t->result->line);
    tell(t);
    return 0;
}

static int open_input(track *t, const input *source)
{
    const cli_options *options = t->options;
    char message[AUDIO_MESSAGE_BYTES];
    if (audio_reader_open(&t->reader, source->path, options->raw ? &options->raw_input : NULL,
                          message) != 0) {
        return fail(t, TRACK_UNREADABLE, "%s", message);
    }
    t->info = audio_reader_info(t->reader);
    t->result->rate_hz = t->info->rate_hz;
    t->result->channels = t->info->channels;
    if (t->info->rate_hz < CLEAVE_RATE_HZ_MIN || t->info->rate_hz > CLEAVE_FX_RATE_HZ_MAX) {
        return fail(t, TRACK_UNREADABLE, "its sample rate of %d Hz is not within %d to %d Hz",
                    t->info->rate_hz, CLEAVE_RATE_HZ_MIN, CLEAVE_FX_RATE_HZ_MAX);
    }
    return 0;
}

/* Where the track goes, and how it is encoded. */
static int settle(track *t, const input *source)
{
    const process_context *context = t->context;
    process_result *result = t->result;
    char message[AUDIO_MESSAGE_BYTES];
    audio_format format = context->has_format ? context->format : formats_of_input(t->info);
    formats_encoding(format, t->options, t->info, &result->encoding);
    if (formats_check_request(format, t->options, message) != 0 ||
        formats_check_shape(&result->encoding, message) != 0) {
        return fail(t, TRACK_UNWRITABLE, "%s", message);
    }
    int32_t asked_hz = t->options->rate_hz > 0 ? t->options->rate_hz : t->info->rate_hz;
    if (result->encoding.rate_hz != asked_hz) {
        log_note(context->log, "%s: %s has no %d Hz, so it is written at %d Hz", result->input,
                 options_format_name(format), asked_hz, result->encoding.rate_hz);
    }
    int length = context->out_is_folder
                     ? snprintf(result->output, sizeof result->output, "%s/%s.%s", context->out,
                                source->track, options_format_name(format))
                     : snprintf(result->output, sizeof result->output, "%s", context->out);
    if (length >= (int)sizeof result->output) {
        return fail(t, TRACK_UNWRITABLE, "the path of its output is too long");
    }
    if (output_is_same_file(result->output, source->path)) {
        return fail(t, TRACK_UNWRITABLE, "the output would overwrite the input");
    }
    return 0;
}

/* Whether rounding to the output's bits loses anything: not of a track that is copied. */
static int loses_bits(const track *t)
{
    const audio_writer_config *encoding = &t->result->encoding;
    int is_touched = t->options->chain.count > 0 || encoding->rate_hz != t->info->rate_hz ||
                     encoding->channels != t->info->channels;
    int has_bits = encoding->format == AUDIO_WAV || encoding->format == AUDIO_FLAC ||
                   encoding->format == AUDIO_RAW;
    int is_deeper = t->info->bits == 0 || t->info->bits > encoding->bits;
    return has_bits && encoding->bits > 0 && encoding->bits <= 24 && (is_touched || is_deeper);
}

/* The last effect, where bits are lost: a dither, unless the chain has one. It stands apart from
 * the others, so that what exceeds full scale is counted before it. */
static int open_dither(track *t, char *message)
{
    const audio_writer_config *encoding = &t->result->encoding;
    char text[32];
    cleave_fx_chain chain;
    for (int32_t i = 0; i < t->options->chain.count; i++) {
        if (fx_parameter(&t->options->chain.effect[i], "dither", "bits") >= 0) {
            return 0;
        }
    }
    snprintf(text, sizeof text, "dither:bits=%d", encoding->bits);
    if (t->options->no_dither || !loses_bits(t) ||
        cleave_fx_parse(text, &chain, NULL) != CLEAVE_OK) {
        return 0;
    }
    size_t used = strlen(t->result->effects);
    snprintf(t->result->effects + used, sizeof t->result->effects - used, "%s%s",
             used > 0 ? ";" : "", text);
    return fx_engine_open(&t->dither, &chain, encoding->rate_hz, encoding->channels, message);
}

static int open_stages(track *t, char *message)
{
    const audio_writer_config *encoding = &t->result->encoding;
    char folder[OUTPUT_PATH_BYTES];
    output_spool_folder(t->result->output, folder);
    const fx_line_config config = {
        .chain = &t->options->chain,
        .rate_hz = encoding->rate_hz,
        .channels = encoding->channels,
        .frames = t->info->frames < 0
                      ? -1
                      : convert_length(t->info->frames, t->info->rate_hz, encoding->rate_hz),
        .block_frames_max = BLOCK_FRAMES,
        .with_tail = t->options->tail,
        .folder = folder};
    channels_matrix(&t->matrix, t->info->channels, encoding->channels);
    t->mixed = malloc((size_t)BLOCK_FRAMES * (size_t)encoding->channels * sizeof *t->mixed);
    if (t->mixed == NULL) {
        snprintf(message, AUDIO_MESSAGE_BYTES, "out of memory");
        return -1;
    }
    cleave_fx_format(&t->options->chain, t->result->effects, sizeof t->result->effects);
    if (fx_line_open(&t->line, &config, message) != 0 || open_dither(t, message) != 0) {
        return -1;
    }
    fx_line_info_get(t->line, &t->result->line);
    t->is_measured = t->result->line.normalized_count > 0;
    return convert_open(&t->to_output, 1, encoding->channels, t->info->rate_hz, encoding->rate_hz,
                        BLOCK_FRAMES, message);
}

static int open_output(track *t)
{
    const process_context *context = t->context;
    process_result *result = t->result;
    char message[AUDIO_MESSAGE_BYTES];
    int is_pipe = strcmp(result->output, "-") == 0;
    int status = 0;
    pthread_mutex_lock(context->folders);
    if (!is_pipe && context->out_is_folder &&
        output_folders_make(context->made, result->output) != 0) {
        status = fail(t, TRACK_UNWRITABLE, "cannot make the folder of %s: %s", result->output,
                      strerror(errno));
    }
    if (status == 0 &&
        audio_writer_open(&t->writer, result->output, &result->encoding, message) != 0) {
        status = fail(t, TRACK_UNWRITABLE, "%s", message);
    }
    pthread_mutex_unlock(context->folders);
    result->encoding.tags_from = NULL;
    if (status == 0 && open_stages(t, message) != 0) {
        status = fail(t, TRACK_UNPROCESSABLE, "%s", message);
    }
    return status;
}

static int read_block(track *t, int64_t *frames)
{
    char message[AUDIO_MESSAGE_BYTES];
    if (t->block == NULL) {
        t->block = malloc((size_t)BLOCK_FRAMES * (size_t)t->info->channels * sizeof *t->block);
    }
    if (t->block == NULL) {
        return -1;
    }
    int64_t got = audio_reader_read(t->reader, t->block, BLOCK_FRAMES, message);
    if (got < 0) {
        return fail(t, TRACK_UNREADABLE, "%s", message);
    }
    samples_clean(t->block, got * t->info->channels, &t->replaced_samples);
    t->result->frames += got;
    *frames = got;
    return 0;
}

static int write_frames(void *context, float *interleaved, int32_t frames)
{
    track *t = context;
    process_result *result = t->result;
    char message[AUDIO_MESSAGE_BYTES];
    int64_t count = (int64_t)frames * result->encoding.channels;
    float peak = samples_peak(interleaved, count, 0.0f);
    if (atomic_load(t->context->cancelled)) {
        return fail(t, TRACK_CANCELLED, "interrupted");
    }
    result->peak = fmax(result->peak, peak);
    if (peak > 1.0f && !options_is_float(result->encoding.format, result->encoding.bits)) {
        for (int64_t i = 0; i < count; i++) {
            result->clipped_samples += fabsf(interleaved[i]) > 1.0f;
        }
    }
    if (t->dither != NULL) {
        cleave_fx_process(t->dither, interleaved, interleaved, frames);
    }
    if (audio_writer_write(t->writer, interleaved, frames, message) != 0) {
        return fail(t, TRACK_UNWRITABLE, "%s", message);
    }
    result->output_frames += frames;
    report_progress(
        t->context->report, t->context->job,
        convert_length(result->output_frames, result->encoding.rate_hz, t->info->rate_hz));
    return 0;
}

/* Of a failure that the track does not know yet it is the effects' own. */
static int check_line(track *t, int status)
{
    const char *sentence = fx_line_error(t->line);
    return status == 0 ? 0 : fail(t, TRACK_UNPROCESSABLE, "%s", sentence);
}

static int push_converted(void *context, float *const *streams, int32_t frames)
{
    track *t = context;
    return check_line(t, fx_line_push(t->line, streams[0], frames, write_frames, t));
}

static int feed(track *t, int64_t frames)
{
    float *block = t->block;
    if (t->matrix.in != t->matrix.out) {
        channels_mix(&t->matrix, t->block, t->mixed, frames);
        block = t->mixed;
    }
    if (convert_push(t->to_output, &block, (int32_t)frames, push_converted, t) != 0) {
        return fail(t, TRACK_UNPROCESSABLE, "the sample rate could not be converted");
    }
    if (t->is_measured) {
        report_survey(t->context->report, t->context->job, t->result->frames);
    }
    return 0;
}

static int is_cancelled(void *context)
{
    const track *t = context;
    return atomic_load(t->context->cancelled);
}

static int drain(track *t)
{
    int64_t frames =
        convert_length(t->result->frames, t->info->rate_hz, t->result->encoding.rate_hz);
    if (convert_finish(t->to_output, frames, push_converted, t) != 0) {
        return fail(t, TRACK_UNPROCESSABLE, "the sample rate could not be converted");
    }
    return check_line(t, fx_line_finish(t->line, is_cancelled, write_frames, t));
}

/* What was changed without having been asked for. */
static void tell(track *t)
{
    const process_result *result = t->result;
    if (t->replaced_samples > 0) {
        warn(t, "%lld samples were no numbers and are silent now", (long long)t->replaced_samples);
    }
    if (result->clipped_samples > 0) {
        warn(t,
             "%lld samples exceed full scale, by up to %.1f dB, and were limited; a limiter at "
             "the end of the effects prevents that",
             (long long)result->clipped_samples, 20.0 * log10(result->peak));
    }
    for (int32_t i = 0; i < result->line.normalized_count; i++) {
        if (!isfinite(result->line.normalized[i].measured)) {
            warn(t, "it is silent, so normalize left it as it is");
        }
    }
}

static void close_track(track *t)
{
    int failed = t->result->status != TRACK_DONE;
    audio_writer_abort(&t->writer);
    pthread_mutex_lock(t->context->folders);
    output_folders_free(t->context->made, failed);
    pthread_mutex_unlock(t->context->folders);
    fx_line_close(&t->line);
    cleave_fx_close(&t->dither);
    convert_close(&t->to_output);
    audio_reader_close(&t->reader);
    free(t->block);
    free(t->mixed);
}
