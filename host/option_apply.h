/* option_apply.h: what each option does to the options. Between options.c, which finds the option
 * and its value, and option_apply.c, which reads the value; nobody else includes it. */
#ifndef CLEAVE_HOST_OPTION_APPLY_H
#define CLEAVE_HOST_OPTION_APPLY_H

#include "host/options.h"

typedef enum option_id {
    OPTION_MODEL,
    OPTION_PRESET,
    OPTION_STEMS,
    OPTION_TWO_STEMS,
    OPTION_OTHER_METHOD,
    OPTION_CONSERVE,
    OPTION_SHIFTS,
    OPTION_OVERLAP,
    OPTION_SEGMENT,
    OPTION_MASK_EXTENSION,
    OPTION_NO_SPLIT,
    OPTION_DEVICE,
    OPTION_BATCH,
    OPTION_PRECISION,
    OPTION_THREADS,
    OPTION_OUT,
    OPTION_FILENAME,
    OPTION_FORMAT,
    OPTION_MP3,
    OPTION_FLAC,
    OPTION_BITS,
    OPTION_INT24,
    OPTION_FLOAT32,
    OPTION_BITRATE,
    OPTION_MP3_BITRATE,
    OPTION_VBR,
    OPTION_COMPRESSION,
    OPTION_APPLICATION,
    OPTION_RATE,
    OPTION_CLIP,
    OPTION_REFERENCE,
    OPTION_SPECTROGRAM,
    OPTION_WAVEFORM,
    OPTION_REPORT,
    OPTION_SCALE,
    OPTION_RANGE,
    OPTION_WAVEFORM_SCALE,
    OPTION_SILENCE,
    OPTION_RECORDS,
    OPTION_INPUT_FORMAT,
    OPTION_INPUT_RATE,
    OPTION_INPUT_CHANNELS,
    OPTION_METRICS,
    OPTION_JOBS,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_VERBOSE,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_STUDIO, /* from here on: option_process.c */
    OPTION_FX,
    OPTION_CHAIN,
    OPTION_AUTO_RATE,
    OPTION_CHANNELS,
    OPTION_QUALITY,
    OPTION_NO_DITHER,
    OPTION_TAIL,
    OPTION_STATS,
    OPTION_PRE, /* from here on: option_effects.c */
    OPTION_NORMALIZE,
    OPTION_TRIM,
    OPTION_POST
} option_id;

/* A word that an option takes, and what it means; a list ends with the name NULL. */
typedef struct option_word {
    const char *name;
    int32_t value;
} option_word;

/* The option being read. */
typedef struct option_reading {
    cli_options *options;
    const char *spelt;
    const char *value;
    char *message;
} option_reading;

/* Each reads the value; 0, or -1 with a sentence. */
int option_read_word(const option_reading *reading, const option_word *words, int32_t *value);
int option_read_integer(const option_reading *reading, int32_t low, int32_t high, int32_t *value);
int option_read_number(const option_reading *reading, double low, double high, double *value);
int option_read_text(const option_reading *reading, const char **value);

/* Applies the option spelt `spelt` ("--shifts", "-j") with its value (NULL for a flag). Returns 0,
 * or -1 with a sentence in message. */
int option_apply(cli_options *options, option_id id, const char *spelt, const char *value,
                 char message[OPTIONS_MESSAGE_BYTES]);

/* option_effects.c: those of `separate` that have to do with effects. */
int option_apply_effects(const option_reading *reading, option_id id);

/* option_process.c: the options that only `process` has, what its options do beside what they do
 * elsewhere, and what can only be judged when all are known. */
int option_apply_process(const option_reading *reading, option_id id);
void option_note_process(cli_options *options, option_id id);
int option_check_process(cli_options *options, char message[OPTIONS_MESSAGE_BYTES]);

/* What can only be judged when all options are known. */
int options_check(cli_options *options, char message[OPTIONS_MESSAGE_BYTES]);

/* Writes a sentence into message. Returns -1. */
int option_refuse(char message[OPTIONS_MESSAGE_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
