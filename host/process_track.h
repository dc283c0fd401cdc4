/* process_track.h: one file through channels, rate and effects into another. */
#ifndef CLEAVE_HOST_PROCESS_TRACK_H
#define CLEAVE_HOST_PROCESS_TRACK_H

#include "host/inputs.h"
#include "host/log.h"
#include "host/options.h"
#include "host/process_result.h"
#include "host/report.h"

#include <pthread.h>
#include <stdatomic.h>

/* What the tracks of a batch share, and which job this is. */
typedef struct process_context {
    const cli_options *options;
    logger *log;
    batch_report *report;
    int32_t job;
    const char *out;     /* a file, a folder, or "-" */
    int out_is_folder;   /* the track is written into it under its own name */
    int has_format;      /* else each track keeps its own */
    audio_format format; /* of the output */
    const atomic_int *cancelled;
    pthread_mutex_t *folders; /* held while folders appear or go */
    output_folders *made;     /* by this track; empty between tracks */
} process_context;

/* Processes one track. A track that failed has left nothing. */
void process_track_run(const process_context *context, const input *source, process_result *result);

#endif
