/* report.c: what the user sees of a batch. */
#include "host/report.h"

#include "host/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DRAW_SECONDS 0.1
#define LABEL_BYTES  40

/* What one job is at. */
typedef struct job_progress {
    int active;
    int surveying; /* in a first pass, which only reads */
    char label[LABEL_BYTES];
    int64_t frames, total_frames;
    int32_t rate_hz;
    double began;
} job_progress;

struct batch_report {
    logger *log;
    FILE *json;
    const char *verb;
    int32_t track_count, job_count, done, failed;
    double began, drawn;
    pthread_mutex_t mutex;
    job_progress jobs[OPTIONS_JOBS_MAX];
};

static void progress(batch_report *report, int32_t job, int64_t frames, int surveying);
static void draw(batch_report *report);
static void draw_survey(batch_report *report, const job_progress *job, const char *others);
static void print_track(const void *result, logger *log, FILE *json);

batch_report *report_open(logger *log, FILE *json, const char *done, int32_t track_count,
                          int32_t job_count)
{
    batch_report *report = calloc(1, sizeof *report);
    if (report != NULL) {
        report->log = log;
        report->json = json;
        report->verb = done;
        report->track_count = track_count;
        report->job_count = job_count;
        report->began = report_now();
        pthread_mutex_init(&report->mutex, NULL);
    }
    return report;
}

void report_begin(batch_report *report, int32_t job, const char *input, int64_t total_frames,
                  int32_t rate_hz)
{
    const char *base = output_base_name(input);
    size_t bytes = strlen(base);
    pthread_mutex_lock(&report->mutex);
    job_progress *at = &report->jobs[job];
    memset(at, 0, sizeof *at);
    at->active = 1;
    /* Cut where a character begins. */
    while (bytes >= LABEL_BYTES ||
           (bytes > 0 && bytes < strlen(base) && (base[bytes] & 0xc0) == 0x80)) {
        bytes--;
    }
    memcpy(at->label, base, bytes);
    at->total_frames = total_frames;
    at->rate_hz = rate_hz;
    at->began = report_now();
    pthread_mutex_unlock(&report->mutex);
}

void report_progress(batch_report *report, int32_t job, int64_t frames)
{
    progress(report, job, frames, 0);
}

void report_survey(batch_report *report, int32_t job, int64_t frames)
{
    progress(report, job, frames, 1);
}

void report_end(batch_report *report, int32_t job, const track_result *result)
{
    report_end_with(report, job, result->status != TRACK_DONE, print_track, result);
}

void report_end_with(batch_report *report, int32_t job, int failed, report_printer print,
                     const void *result)
{
    pthread_mutex_lock(&report->mutex);
    report->jobs[job].active = 0;
    report->done += !failed;
    report->failed += failed;
    log_status(report->log, "");
    print(result, report->log, report->json);
    pthread_mutex_unlock(&report->mutex);
}

int32_t report_failed(const batch_report *report)
{
    return report->failed;
}

void report_close(batch_report **report)
{
    if (*report == NULL) {
        return;
    }
    batch_report *closing = *report;
    char clock[16];
    log_status(closing->log, "");
    if (closing->track_count > 1) {
        int32_t left = closing->track_count - closing->done - closing->failed;
        char not_done[64] = "";
        if (left > 0) {
            snprintf(not_done, sizeof not_done, ", %d not begun", left);
        }
        log_note(closing->log, "%d of %d tracks %s in %s, %d failed%s", closing->done,
                 closing->track_count, closing->verb,
                 report_clock(report_now() - closing->began, clock), closing->failed, not_done);
    }
    pthread_mutex_destroy(&closing->mutex);
    free(closing);
    *report = NULL;
}

const char *report_clock(double seconds, char text[16])
{
    int64_t whole = (int64_t)fmin(fmax(seconds + 0.5, 0.0), 3.5e6);
    int32_t hours = (int32_t)(whole / 3600);
    int32_t minutes = (int32_t)(whole / 60 % 60);
    if (hours > 0) {
        snprintf(text, 16, "%d:%02d:%02d", hours % 1000, minutes, (int32_t)(whole % 60));
    } else {
        snprintf(text, 16, "%d:%02d", minutes, (int32_t)(whole % 60));
    }
    return text;
}

const char *report_bar(double part, char bar[REPORT_BAR_CELLS + 1])
{
    memset(bar, '.', REPORT_BAR_CELLS);
    memset(bar, '#', (size_t)(fmin(fmax(part, 0.0), 1.0) * REPORT_BAR_CELLS));
    bar[REPORT_BAR_CELLS] = '\0';
    return bar;
}

double report_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void progress(batch_report *report, int32_t job, int64_t frames, int surveying)
{
    if (!report->log->terminal || report->log->level < LOG_NORMAL) {
        return;
    }
    pthread_mutex_lock(&report->mutex);
    job_progress *at = &report->jobs[job];
    if (at->surveying && !surveying) {
        /* Now the length is known, even of a pipe, and the work begins. */
        at->total_frames = at->frames;
        at->began = report_now();
    }
    at->surveying = surveying;
    at->frames = frames;
    if (report_now() - report->drawn >= DRAW_SECONDS) {
        draw(report);
        report->drawn = report_now();
    }
    pthread_mutex_unlock(&report->mutex);
}

/* The track that is furthest from its end stands for all; the speed is that of all jobs together.
 */
static void draw(batch_report *report)
{
    const job_progress *shown = NULL;
    double speed = 0.0;
    double longest = -1.0;
    int32_t active = 0;
    for (int32_t i = 0; i < report->job_count; i++) {
        const job_progress *job = &report->jobs[i];
        double elapsed = report_now() - job->began;
        if (!job->active || elapsed <= 0) {
            continue;
        }
        double left =
            job->surveying ? INFINITY
            : job->frames > 0 && job->total_frames > 0
                ? elapsed * (double)(job->total_frames - job->frames) / (double)job->frames
                : 0.0;
        active++;
        speed += job->surveying ? 0.0 : (double)job->frames / job->rate_hz / elapsed;
        if (left > longest) {
            longest = left;
            shown = job;
        }
    }
    if (shown == NULL) {
        return;
    }
    char line[256], bar[REPORT_BAR_CELLS + 1], clock[16], others[24] = "";
    if (active > 1) {
        snprintf(others, sizeof others, " and %d more", active - 1);
    }
    if (shown->surveying) {
        draw_survey(report, shown, others);
        return;
    }
    if (shown->total_frames <= 0) {
        double seconds = (double)shown->frames / shown->rate_hz;
        snprintf(line, sizeof line, "%s%s  %s done  %.*fx", shown->label, others,
                 report_clock(seconds, clock), speed < 9.95, speed);
    } else {
        double part = fmin((double)shown->frames / (double)shown->total_frames, 1.0);
        snprintf(line, sizeof line, "[%d/%d] %s%s  %s %3.0f %%  %.*fx  %s left",
                 report->done + report->failed + 1, report->track_count, shown->label, others,
                 report_bar(part, bar), 100.0 * part, speed < 9.95, speed,
                 report_clock(longest, clock));
    }
    log_status(report->log, line);
}

/* How much of a track was read to measure it. */
static void draw_survey(batch_report *report, const job_progress *job, const char *others)
{
    char line[256], clock[16];
    double seconds = (double)job->frames / job->rate_hz;
    snprintf(line, sizeof line, "[%d/%d] %s%s  measuring its level, %s",
             report->done + report->failed + 1, report->track_count, job->label, others,
             report_clock(seconds, clock));
    log_status(report->log, line);
}

static void print_track(const void *subject, logger *log, FILE *json)
{
    const track_result *result = subject;
    if (json != NULL) {
        json_print_track(json, result);
    }
    if (result->status != TRACK_DONE) {
        if (result->status != TRACK_CANCELLED) {
            log_error(log, "%s: %s", result->input, result->message);
        }
        return;
    }
    char stems[CLEAVE_STEMS_MAX * (CLEAVE_NAME_BYTES + 16)] = "";
    for (int32_t s = 0; s < result->stem_count; s++) {
        size_t used = strlen(stems);
        snprintf(stems + used, sizeof stems - used, "%s%s", s > 0 ? ", " : "", result->stems[s]);
        used = strlen(stems);
        if (result->has_reference[s] && isfinite(result->of_stem[s].snr_db)) {
            snprintf(stems + used, sizeof stems - used, " (SDR %.2f dB)",
                     result->of_stem[s].snr_db);
        }
    }
    const char *slash = strrchr(result->paths[0], '/');
    double speed = result->duration_s / fmax(result->seconds, 1e-9);
    int folder_bytes = slash != NULL ? (int)(slash - result->paths[0]) : 0;
    char quality[40] = "";
    if (result->is_scored && !isnan(result->of_sum.score)) {
        snprintf(quality, sizeof quality, ", quality of the sum %.3f", result->of_sum.score);
    }
    log_note(log, "%s: %s %s %.*s, %.1f s, %.*fx real time%s", result->input, stems,
             slash != NULL ? "in" : "to", slash != NULL ? folder_bytes : 15,
             slash != NULL ? result->paths[0] : "standard output", result->seconds, speed < 9.95,
             speed, quality);
}
