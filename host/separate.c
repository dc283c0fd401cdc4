/* separate.c: `cleave separate`: a batch of tracks on a number of jobs. */
#include "host/choose.h"
#include "host/commands.h"
#include "host/inputs.h"
#include "host/interrupt.h"
#include "host/jobs.h"
#include "host/session.h"
#include "host/topology.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* All that the jobs share. */
typedef struct track_batch {
    const cli_options *options;
    model_shelf shelf;
    logger *log;
    batch_report *report;
    input_list inputs;
    int32_t job_count, threads;
    atomic_int cancelled;
    atomic_int told; /* why the CPU computes and no GPU */
    pthread_mutex_t folders;
    engine_slot slots[OPTIONS_JOBS_MAX];
    output_folders made[OPTIONS_JOBS_MAX]; /* by the track that each job is at */
} track_batch;

static int check_inputs(const track_batch *batch);
static int run_batch(track_batch *batch);
static void run_track(void *context, int32_t job, int32_t item);
static void cancel_batch(void *context);
static void abandon_batch(void *context);

int separate_run(const cli_options *options, logger *log)
{
    track_batch batch = {.options = options, .log = log};
    char message[OPTIONS_MESSAGE_BYTES];
    int status = EXIT_USAGE;
    if (choose_open(&batch.shelf, options, message) != 0 ||
        choose_check(&batch.shelf, options, message) != 0) {
        log_error(log, "%s", message);
    } else if (strcmp(options->out, "-") == 0 && isatty(STDOUT_FILENO)) {
        log_error(log, "standard output is a terminal; send it to a file or another program");
    } else if (inputs_collect(&batch.inputs, options->operands, options->operand_count,
                              options->out) != 0) {
        log_error(log, "out of memory");
        status = EXIT_TRACK;
    } else if (check_inputs(&batch) == 0) {
        status = run_batch(&batch);
    }
    inputs_free(&batch.inputs);
    choose_close(&batch.shelf);
    return status;
}

/* Whether the outputs of all inputs can be told apart. */
static int check_inputs(const track_batch *batch)
{
    const cli_options *options = batch->options;
    if (strcmp(options->out, "-") == 0 && batch->inputs.count != 1) {
        log_error(batch->log, "--out - takes one input, and %s has %d", options->operands[0],
                  batch->inputs.count);
        return -1;
    }
    if (batch->inputs.count > 1 && strstr(options->filename, "{track}") == NULL) {
        log_error(batch->log,
                  "the template \"%s\" needs {track}, or the tracks would overwrite each other",
                  options->filename);
        return -1;
    }
    return 0;
}

static int run_batch(track_batch *batch)
{
    topology machine;
    topology_get(&machine);
    batch->job_count =
        batch->options->jobs < batch->inputs.count ? batch->options->jobs : batch->inputs.count;
    batch->threads =
        batch->options->threads > 0 ? batch->options->threads : machine.threads / batch->job_count;
    batch->threads = batch->threads > 0 ? batch->threads : 1;
    batch->report = report_open(batch->log, batch->options->json ? stdout : NULL, "separated",
                                batch->inputs.count, batch->job_count);
    if (batch->report == NULL) {
        log_error(batch->log, "out of memory");
        return EXIT_TRACK;
    }
    pthread_mutex_init(&batch->folders, NULL);
    for (int32_t i = 0; i < batch->job_count; i++) {
        engine_slot_init(&batch->slots[i]);
    }
    const interrupt_actions actions = {cancel_batch, abandon_batch, batch};
    interrupt_watch *watch = interrupt_open(&actions);
    jobs_run(batch->job_count, batch->inputs.count, &batch->cancelled, run_track, batch);
    interrupt_close(&watch);
    for (int32_t i = 0; i < batch->job_count; i++) {
        engine_slot_destroy(&batch->slots[i]);
    }
    pthread_mutex_destroy(&batch->folders);
    int32_t failed = report_failed(batch->report);
    report_close(&batch->report);
    return atomic_load(&batch->cancelled) ? INTERRUPT_EXIT_CODE
           : failed > 0                   ? EXIT_TRACK
                                          : EXIT_DONE;
}

static void run_track(void *context, int32_t job, int32_t item)
{
    track_batch *batch = context;
    session_context session = {
        .options = batch->options,
        .shelf = &batch->shelf,
        .log = batch->log,
        .report = batch->report,
        .job = job,
        .slot = &batch->slots[job],
        .told = &batch->told,
        .threads = batch->threads,
        .cancelled = &batch->cancelled,
        .folders = &batch->folders,
        .made = &batch->made[job],
    };
    track_result result;
    session_run(&session, &batch->inputs.items[item], &result);
    report_end(batch->report, job, &result);
    track_result_free(&result);
}

static void cancel_batch(void *context)
{
    track_batch *batch = context;
    atomic_store(&batch->cancelled, 1);
    for (int32_t i = 0; i < batch->job_count; i++) {
        engine_slot_cancel(&batch->slots[i]);
    }
}

/* The process is about to end under jobs that did not: the folders they made go, unless one of them
 * is changing its list just now. */
static void abandon_batch(void *context)
{
    track_batch *batch = context;
    if (pthread_mutex_trylock(&batch->folders) != 0) {
        return;
    }
    for (int32_t i = 0; i < batch->job_count; i++) {
        output_folders_free(&batch->made[i], 1);
    }
    pthread_mutex_unlock(&batch->folders);
}
