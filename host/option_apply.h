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
    OPTION_VERSION
} option_id;

/* Applies the option spelt `spelt` ("--shifts", "-j") with its value (NULL for a flag). Returns 0,
 * or -1 with a sentence in message. */
int option_apply(cli_options *options, option_id id, const char *spelt, const char *value,
                 char message[OPTIONS_MESSAGE_BYTES]);

/* What can only be judged when all options are known. */
int options_check(cli_options *options, char message[OPTIONS_MESSAGE_BYTES]);

/* Writes a sentence into message. Returns -1. */
int option_refuse(char message[OPTIONS_MESSAGE_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
