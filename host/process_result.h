/* process_result.h: what became of one track that was processed. */
#ifndef CLEAVE_HOST_PROCESS_RESULT_H
#define CLEAVE_HOST_PROCESS_RESULT_H

#include "host/fx_line.h"
#include "host/options.h"
#include "host/track.h"

#define PROCESS_EFFECTS_BYTES 1024

/* What became of one track. */
typedef struct process_result {
    track_status status;
    char message[AUDIO_MESSAGE_BYTES]; /* of a failure: a sentence */
    char input[OUTPUT_PATH_BYTES], output[OUTPUT_PATH_BYTES];
    int64_t frames, output_frames;
    int32_t rate_hz, channels; /* of the input */
    audio_writer_config encoding;
    char effects[PROCESS_EFFECTS_BYTES]; /* as --fx takes them */
    fx_line_info line;
    double duration_s, seconds, cpu_seconds;
    double peak;             /* of the output, before it is encoded */
    int64_t clipped_samples; /* that exceeded full scale and were limited */
    int64_t memory_bytes;    /* the most this process has held */
    int has_stats;           /* were asked for */
    int is_scored;
    cleave_quality_scores score; /* of the output, decoded, against the input */
    int32_t warning_count;
    char warnings[TRACK_WARNINGS_MAX][TRACK_WARNING_BYTES];
} process_result;

/* process_score.c: how near the output comes to the input, once it is written: both are decoded,
 * the input with the output's channels and rate. Returns 0, or -1 if there is no score: a pipe, or
 * lengths that differ. */
int process_score(const cli_options *options, process_result *result);

#endif
