/* track.h: what became of one track. */
#ifndef CLEAVE_HOST_TRACK_H
#define CLEAVE_HOST_TRACK_H

#include "host/choose.h"
#include "host/output.h"

#define TRACK_WARNINGS_MAX  8
#define TRACK_WARNING_BYTES 512

typedef enum track_status {
    TRACK_DONE,
    TRACK_UNREADABLE,  /* the input */
    TRACK_UNSEPARABLE, /* the engine cannot take it */
    TRACK_UNWRITABLE,  /* an output */
    TRACK_CANCELLED,
    TRACK_UNPROCESSABLE /* its effects cannot be computed */
} track_status;

typedef struct track_result {
    track_status status;
    char message[AUDIO_MESSAGE_BYTES]; /* of a failure: a sentence */
    char input[OUTPUT_PATH_BYTES];     /* its path */
    model_choice choice;
    char device[64];
    int32_t threads; /* of the engine */
    int32_t stem_count;
    char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES];
    char *paths[CLEAVE_STEMS_MAX]; /* malloc'ed */
    int64_t frames;                /* of the input */
    int32_t rate_hz, channels;     /* of the input */
    int32_t output_rate_hz, output_channels;
    int64_t engine_bytes, buffer_bytes; /* of the engine's arena, of the session's blocks */
    double duration_s, seconds;         /* of the track, and of the work */
    double peak, gain;
    int64_t memory_bytes;         /* the most this process has held */
    int32_t is_scored;            /* the stems make up the mixture... */
    cleave_quality_scores of_sum; /* ...and their sum comes so near to it */
    int32_t has_references;       /* some stem has one: */
    int32_t has_reference[CLEAVE_STEMS_MAX];
    cleave_quality_scores of_stem[CLEAVE_STEMS_MAX]; /* against its reference */
    int32_t warning_count;
    char warnings[TRACK_WARNINGS_MAX][TRACK_WARNING_BYTES];
} track_result;

/* "unreadable", "unseparable", ...: one word for programs. */
const char *track_status_code(track_status status);

/* A sentence about the track, fit to follow its path: without the path and the full stop. */
void track_sentence(const char *input, const char *text, char message[AUDIO_MESSAGE_BYTES]);

void track_result_free(track_result *result);

#endif
