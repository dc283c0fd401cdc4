/* analyze.c: `cleave analyze`: measures of files, as a table, JSON, pictures and a report. */
#include "host/analysis.h"
#include "host/analysis_html.h"
#include "host/commands.h"
#include "host/inputs.h"
#include "host/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FIELD "{track}"

/* A run of the command. */
typedef struct analyze_job {
    const cli_options *options;
    logger *log;
    input_list inputs;
    html_page page; /* of the report */
} analyze_job;

static int check_outputs(const analyze_job *job);
static int analyze_input(analyze_job *job, const input *item);
static int write_report(analyze_job *job);

int analyze_run(const cli_options *options, logger *log)
{
    analyze_job job = {.options = options, .log = log};
    int failed = 0;
    if (inputs_collect(&job.inputs, options->operands, options->operand_count, "") != 0) {
        log_error(log, "out of memory");
        inputs_free(&job.inputs);
        return EXIT_TRACK;
    }
    int status = check_outputs(&job);
    if (status == EXIT_DONE) {
        analysis_html_begin(&job.page, job.inputs.count);
        for (int32_t i = 0; i < job.inputs.count; i++) {
            failed |= analyze_input(&job, &job.inputs.items[i]) != 0;
        }
        analysis_html_end(&job.page);
        failed |= options->report != NULL && write_report(&job) != 0;
        status = failed ? EXIT_TRACK : EXIT_DONE;
    }
    html_free(&job.page);
    inputs_free(&job.inputs);
    return status;
}

static void log_sentence(logger *log, char *message)
{
    size_t bytes = strlen(message);
    message[bytes - (bytes > 0 && message[bytes - 1] == '.')] = '\0';
    log_error(log, "%s", message);
}

/* Whether the file of this name is one of the inputs. */
static int is_input(const analyze_job *job, const char *path)
{
    struct stat out, in;
    if (stat(path, &out) != 0 || !S_ISREG(out.st_mode)) {
        return 0;
    }
    for (int32_t i = 0; i < job->inputs.count; i++) {
        if (stat(job->inputs.items[i].path, &in) == 0 && in.st_dev == out.st_dev &&
            in.st_ino == out.st_ino) {
            return 1;
        }
    }
    return 0;
}

/* Says early what could only fail late. */
static int check_outputs(const analyze_job *job)
{
    const cli_options *options = job->options;
    const char *const names[] = {"--spectrogram", "--waveform", "--report"};
    const char *const files[] = {options->spectrogram, options->waveform, options->report};
    char message[AUDIO_MESSAGE_BYTES];
    if (options->records_s > 0 && job->inputs.count > 1) {
        log_error(job->log, "--records takes one input, not %d", job->inputs.count);
        return EXIT_USAGE;
    }
    for (int i = 0; i < 3; i++) {
        if (files[i] == NULL) {
            continue;
        }
        if (i < 2 && png_backend() == NULL) {
            log_error(job->log, "%s needs the library libpng, which this build is without",
                      names[i]);
            return EXIT_USAGE;
        }
        if (i < 2 && strstr(files[i], FIELD) != NULL) {
            continue;
        }
        if (i < 2 && job->inputs.count > 1) {
            log_error(job->log,
                      "%s with several inputs needs {track} in the name of its file, as in "
                      "{track}.png",
                      names[i]);
            return EXIT_USAGE;
        }
        if (is_input(job, files[i])) {
            log_error(job->log, "%s %s would overwrite an input", names[i], files[i]);
            return EXIT_USAGE;
        }
        if (audio_file_check(files[i], message) != 0) {
            log_sentence(job->log, message);
            return EXIT_TRACK;
        }
    }
    return EXIT_DONE;
}

/* The template with the track's name in it. Returns 0, or -1 if that is too long. */
static int fill(const char *template, const char *track, char path[OUTPUT_PATH_BYTES])
{
    size_t used = 0;
    while (*template != '\0') {
        int is_field = strncmp(template, FIELD, strlen(FIELD)) == 0;
        const char *from = is_field ? track : template;
        size_t bytes = is_field ? strlen(track) : 1;
        if (used + bytes >= OUTPUT_PATH_BYTES) {
            return -1;
        }
        memcpy(path + used, from, bytes);
        used += bytes;
        template += is_field ? strlen(FIELD) : 1;
    }
    path[used] = '\0';
    return 0;
}

/* Writes a picture to where its template says, and the name to `path`. */
static int write_picture(const analyze_job *job, analysis *done, const input *item,
                         const char *template, const png_bytes *encoded,
                         char path[OUTPUT_PATH_BYTES])
{
    char message[AUDIO_MESSAGE_BYTES];
    output_folders folders = {0};
    if (template == NULL) {
        return 0;
    }
    int status = fill(template, item->track, path);
    if (status != 0) {
        snprintf(message, sizeof message, "the name of a picture is too long");
    } else if (is_input(job, path)) {
        status = -1;
        snprintf(message, sizeof message, "%.400s: is an input, and is not overwritten", path);
    } else {
        /* A folder that cannot be made is told by the file in it. */
        output_folders_make(&folders, path);
        status = audio_file_write(path, encoded->bytes, encoded->count, message);
        output_folders_free(&folders, status != 0);
    }
    if (status != 0) {
        path[0] = '\0';
        return analysis_fail(done, TRACK_UNWRITABLE, message);
    }
    return 0;
}

static void print_record(void *context, const cleave_meter_record *record)
{
    json_print_record(context, record);
}

static int measure(analyze_job *job, const input *item, analysis *done)
{
    const cli_options *options = job->options;
    int has_pictures = options->report != NULL && png_backend() != NULL;
    analysis_request request = {.raw = options->raw ? &options->raw_input : NULL,
                                .silence_rms = options->silence_rms,
                                .records_s = options->records_s,
                                .on_record = print_record,
                                .context = stdout,
                                .wants_spectrogram = has_pictures || options->spectrogram != NULL,
                                .wants_waveform = has_pictures || options->waveform != NULL,
                                .scale = options->scale,
                                .waveform_scale = options->waveform_scale,
                                .range_db = options->range_db};
    if (item->error != NULL) {
        char sentence[AUDIO_MESSAGE_BYTES];
        *done = (analysis){0};
        snprintf(done->input, sizeof done->input, "%s", item->path);
        snprintf(sentence, sizeof sentence, "%.300s: %.150s", item->path, item->error);
        return analysis_fail(done, TRACK_UNREADABLE, sentence);
    }
    if (analysis_run(done, item->path, &request) != 0) {
        return -1;
    }
    int status = write_picture(job, done, item, options->spectrogram, &done->spectrogram,
                               done->spectrogram_path);
    return write_picture(job, done, item, options->waveform, &done->waveform,
                         done->waveform_path) != 0
               ? -1
               : status;
}

static int analyze_input(analyze_job *job, const input *item)
{
    analysis done;
    int status = measure(job, item, &done);
    if (status != 0) {
        log_error(job->log, "%s", done.message);
    } else if (done.replaced_samples > 0) {
        log_warning(job->log,
                    "%s: %lld samples were no numbers, infinite or beyond any level, and were "
                    "taken as silence",
                    done.input, (long long)done.replaced_samples);
    }
    if (job->options->json) {
        json_print_analysis(stdout, &done);
    } else if (status == 0 && job->options->records_s <= 0) {
        analysis_print(&done);
    }
    if (job->options->report != NULL) {
        analysis_html_add(&job->page, &done);
    }
    analysis_free(&done);
    return status;
}

static int write_report(analyze_job *job)
{
    char message[AUDIO_MESSAGE_BYTES] = "out of memory";
    if (job->page.has_failed ||
        audio_file_write(job->options->report, job->page.text, job->page.bytes, message) != 0) {
        log_sentence(job->log, message);
        return -1;
    }
    return 0;
}
