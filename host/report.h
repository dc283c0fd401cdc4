/* report.h: what the user sees of a batch: a bar on a terminal, lines, JSON objects. */
#ifndef CLEAVE_HOST_REPORT_H
#define CLEAVE_HOST_REPORT_H

#include "host/log.h"
#include "host/options.h"
#include "host/track.h"

#define REPORT_BAR_CELLS 24

typedef struct batch_report batch_report;

/* json: where objects go, or NULL. done: what the tracks then are, "separated". Returns NULL when
 * out of memory. */
batch_report *report_open(logger *log, FILE *json, const char *done, int32_t track_count,
                          int32_t job_count);

/* Job `job` begins a track of total_frames (-1: unknown), is at `frames`, or has ended it with this
 * result. */
void report_begin(batch_report *report, int32_t job, const char *input, int64_t total_frames,
                  int32_t rate_hz);
void report_progress(batch_report *report, int32_t job, int64_t frames);

/* The job is at `frames` of a first pass, which only reads. */
void report_survey(batch_report *report, int32_t job, int64_t frames);
void report_end(batch_report *report, int32_t job, const track_result *result);

/* The same for another kind of result: `print` tells it, with what stands for JSON or NULL. */
typedef void (*report_printer)(const void *result, logger *log, FILE *json);
void report_end_with(batch_report *report, int32_t job, int failed, report_printer print,
                     const void *result);

/* Counts so far. */
int32_t report_failed(const batch_report *report);

/* The closing line of a batch of more than one track; frees the report. */
void report_close(batch_report **report);

/* "1:02:03" or "2:03" */
const char *report_clock(double seconds, char text[16]);

/* "######......": how much of something is done, 0 to 1 */
const char *report_bar(double part, char bar[REPORT_BAR_CELLS + 1]);

/* Seconds from some fixed moment. */
double report_now(void);

#endif
