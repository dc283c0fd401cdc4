/* process.c: `cleave process`: a batch of files through effects and encoders. */
#include "host/commands.h"
#include "host/format_limits.h"
#include "host/interrupt.h"
#include "host/jobs.h"
#include "host/json.h"
#include "host/process_track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* All that the jobs share. */
typedef struct process_batch {
    const cli_options *options;
    logger *log;
    batch_report *report;
    input_list inputs;
    int32_t job_count;
    const char *out;
    int out_is_folder, has_format;
    audio_format format;
    atomic_int cancelled;
    pthread_mutex_t folders;
    output_folders made[OPTIONS_JOBS_MAX]; /* by the track that each job is at */
} process_batch;

static int is_folder(const char *path);
static int settle_output(process_batch *batch);
static int run_batch(process_batch *batch);
static void run_track(void *context, int32_t job, int32_t item);
static void cancel_batch(void *context);
static void abandon_batch(void *context);
static void print_result(const void *subject, logger *log, FILE *json);
static void print_stats(const process_result *result, logger *log);

int process_run(const cli_options *options, logger *log)
{
    int32_t count = options->operand_count - 1;
    process_batch batch = {.options = options, .log = log, .out = options->operands[count]};
    int status = EXIT_USAGE;
    batch.out_is_folder = strcmp(batch.out, "-") != 0 &&
                          (count > 1 || is_folder(batch.out) || is_folder(options->operands[0]) ||
                           batch.out[strlen(batch.out) - 1] == '/');
    if (settle_output(&batch) != 0) {
        return EXIT_USAGE;
    }
    if (inputs_collect(&batch.inputs, options->operands, count, batch.out) != 0) {
        log_error(log, "out of memory");
        status = EXIT_TRACK;
    } else if (!batch.out_is_folder && batch.inputs.count > 1) {
        log_error(log, "the output - takes one input, and %s has %d", options->operands[0],
                  batch.inputs.count);
    } else {
        status = run_batch(&batch);
    }
    inputs_free(&batch.inputs);
    return status;
}

static int is_folder(const char *path)
{
    struct stat status;
    return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The format by the options, or by the name of a single output; and whether it can be written so.
 */
static int settle_output(process_batch *batch)
{
    const cli_options *options = batch->options;
    char message[AUDIO_MESSAGE_BYTES];
    audio_format named = AUDIO_WAV;
    int is_pipe = strcmp(batch->out, "-") == 0;
    int has_name = !batch->out_is_folder && !is_pipe && formats_of_name(batch->out, &named) == 0;
    batch->has_format = options->has_format || has_name || is_pipe;
    batch->format = options->has_format ? options->format : named;
    if (has_name && options->has_format && named != options->format) {
        log_error(batch->log, "%s is the name of a %s file, and what is asked for is %s",
                  batch->out, options_format_name(named), options_format_name(options->format));
        return -1;
    }
    if (is_pipe && isatty(STDOUT_FILENO)) {
        log_error(batch->log,
                  "standard output is a terminal; send it to a file or another program");
        return -1;
    }
    if (is_pipe && batch->format == AUDIO_M4A) {
        log_error(batch->log, "m4a cannot be written to a pipe, because its index is written last");
        return -1;
    }
    if (batch->has_format && formats_check_request(batch->format, options, message) != 0) {
        log_error(batch->log, "%s", message);
        return -1;
    }
    return 0;
}

static int run_batch(process_batch *batch)
{
    batch->job_count =
        batch->options->jobs < batch->inputs.count ? batch->options->jobs : batch->inputs.count;
    batch->report = report_open(batch->log, batch->options->json ? stdout : NULL, "processed",
                                batch->inputs.count, batch->job_count);
    if (batch->report == NULL) {
        log_error(batch->log, "out of memory");
        return EXIT_TRACK;
    }
    pthread_mutex_init(&batch->folders, NULL);
    const interrupt_actions actions = {cancel_batch, abandon_batch, batch};
    interrupt_watch *watch = interrupt_open(&actions);
    jobs_run(batch->job_count, batch->inputs.count, &batch->cancelled, run_track, batch);
    interrupt_close(&watch);
    pthread_mutex_destroy(&batch->folders);
    int32_t failed = report_failed(batch->report);
    report_close(&batch->report);
    return atomic_load(&batch->cancelled) ? INTERRUPT_EXIT_CODE
           : failed > 0                   ? EXIT_TRACK
                                          : EXIT_DONE;
}

static void run_track(void *context, int32_t job, int32_t item)
{
    process_batch *batch = context;
    const process_context track = {
        .options = batch->options,
        .log = batch->log,
        .report = batch->report,
        .job = job,
        .out = batch->out,
        .out_is_folder = batch->out_is_folder,
        .has_format = batch->has_format,
        .format = batch->format,
        .cancelled = &batch->cancelled,
        .folders = &batch->folders,
        .made = &batch->made[job],
    };
    process_result *result = malloc(sizeof *result);
    if (result == NULL) {
        log_error(batch->log, "%s: out of memory", batch->inputs.items[item].path);
        atomic_store(&batch->cancelled, 1);
        return;
    }
    process_track_run(&track, &batch->inputs.items[item], result);
    report_end_with(batch->report, job, result->status != TRACK_DONE, print_result, result);
    free(result);
}

static void cancel_batch(void *context)
{
    process_batch *batch = context;
    atomic_store(&batch->cancelled, 1);
}

/* The process is about to end under jobs that did not: the folders they made go, unless one of them
 * is changing its list just now. */
static void abandon_batch(void *context)
{
    process_batch *batch = context;
    if (pthread_mutex_trylock(&batch->folders) != 0) {
        return;
    }
    for (int32_t i = 0; i < batch->job_count; i++) {
        output_folders_free(&batch->made[i], 1);
    }
    pthread_mutex_unlock(&batch->folders);
}

/* "mp3, 192 kbit/s, 44100 Hz, 2 channels" */
static void describe(const audio_writer_config *encoding, char text[128])
{
    char depth[40] = "";
    if (encoding->bitrate_kbps > 0) {
        snprintf(depth, sizeof depth, ", %d kbit/s", encoding->bitrate_kbps);
    } else if (encoding->vbr_quality >= 0) {
        snprintf(depth, sizeof depth, ", quality %d", encoding->vbr_quality);
    } else if (encoding->format == AUDIO_WAV || encoding->format == AUDIO_FLAC ||
               encoding->format == AUDIO_RAW) {
        snprintf(depth, sizeof depth, ", %d%s bits", abs(encoding->bits),
                 encoding->bits < 0 ? " float" : "");
    }
    snprintf(text, 128, "%s%s, %d Hz, %d channel%s", options_format_name(encoding->format), depth,
             encoding->rate_hz, encoding->channels, encoding->channels == 1 ? "" : "s");
}

static void print_result(const void *subject, logger *log, FILE *json)
{
    const process_result *result = subject;
    char encoding[128], gains[160] = "";
    if (json != NULL) {
        json_print_process(json, result);
    }
    if (result->status != TRACK_DONE) {
        if (result->status != TRACK_CANCELLED) {
            log_error(log, "%s: %s", result->input, result->message);
        }
        return;
    }
    for (int32_t i = 0; i < result->line.normalized_count; i++) {
        const fx_normalized *n = &result->line.normalized[i];
        size_t used = strlen(gains);
        if (isfinite(n->measured)) {
            snprintf(gains + used, sizeof gains - used, ", %.1f %s %+.1f dB", n->measured,
                     strcmp(n->unit, "lufs") == 0 ? "LUFS" : n->unit, n->gain_db);
        }
    }
    describe(&result->encoding, encoding);
    double speed = result->duration_s / fmax(result->seconds, 1e-9);
    log_note(log, "%s: %s: %s%s, %.1f s, %.*fx real time", result->input,
             strcmp(result->output, "-") == 0 ? "standard output" : result->output, encoding, gains,
             result->seconds, speed < 9.95, speed);
    if (result->has_stats) {
        print_stats(result, log);
    }
}

static void print_stats(const process_result *result, logger *log)
{
    char quality[120] = "no quality score: a pipe, or another length";
    if (result->is_scored) {
        snprintf(quality, sizeof quality, "quality %.3f (SNR %.1f dB, spectral similarity %.3f)",
                 result->score.score, result->score.snr_db, result->score.spectral_similarity);
    }
    log_note(log,
             "  time %.3f s, %.1fx real time; processor %.0f %%; memory %.1f MB at most; "
             "underruns 0, overruns 0; %s",
             result->seconds, result->duration_s / fmax(result->seconds, 1e-9),
             100.0 * result->cpu_seconds / fmax(result->seconds, 1e-9),
             (double)result->memory_bytes / 1e6, quality);
}
