/* session.h: one track from its file to its stems: read, push, pull, write, in blocks. */
#ifndef CLEAVE_HOST_SESSION_H
#define CLEAVE_HOST_SESSION_H

#include "host/engine_slot.h"
#include "host/inputs.h"
#include "host/log.h"
#include "host/options.h"
#include "host/report.h"
#include "host/track.h"

#include <pthread.h>
#include <stdatomic.h>

/* What the sessions of a batch share, and which of them this is. */
typedef struct session_context {
    const cli_options *options;
    const model_shelf *shelf;
    logger *log;
    batch_report *report;
    int32_t job;       /* number of the worker */
    engine_slot *slot; /* its engine */
    atomic_int *told;  /* not 0: somebody has said why it is the CPU that computes */
    int32_t threads;   /* of the engine */
    const atomic_int *cancelled;
    pthread_mutex_t *folders; /* held while folders appear or go: no job removes another's */
    output_folders *made;     /* by this track; empty between tracks */
} session_context;

/* What decides on the blocks of samples that a session holds. */
typedef struct session_buffers {
    int32_t input_channels, engine_channels, output_channels;
    int32_t engine_stems, output_stems;
    int has_rest;  /* an output is the mixture minus a stem */
    int is_scored; /* the sum of the outputs is compared with the mixture */
} session_buffers;

/* Bytes of these blocks: all that a session adds to its engine, but for what decoders, resamplers
 * and encoders hold themselves, and for the mixture that waits while the engine has its stems. */
size_t session_buffer_bytes(const session_buffers *buffers);

/* Separates one track. The result is complete on return, whatever happened, and report_end() is not
 * yet called. A track that failed has left nothing in the output folder. */
void session_run(const session_context *context, const input *source, track_result *result);

#endif
