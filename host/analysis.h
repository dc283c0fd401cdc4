/* analysis.h: all that `cleave analyze` finds out about one file. */
#ifndef CLEAVE_HOST_ANALYSIS_H
#define CLEAVE_HOST_ANALYSIS_H

#include "host/audio.h"
#include "host/output.h"
#include "host/png.h"
#include "host/spectrogram_view.h"
#include "host/track.h"
#include "host/waveform_view.h"
#include "runtime/cleave_meter.h"

/* What is wanted of a file, besides its measures. */
typedef struct analysis_request {
    const audio_raw *raw; /* NULL: by content */
    double silence_rms;
    double records_s; /* 0: no records */
    void (*on_record)(void *context, const cleave_meter_record *record);
    void *context;
    int wants_spectrogram, wants_waveform;
    frequency_scale scale;
    amplitude_scale waveform_scale;
    double range_db;
} analysis_request;

typedef struct analysis {
    char input[OUTPUT_PATH_BYTES]; /* path */
    track_status status;
    char message[AUDIO_MESSAGE_BYTES]; /* of a failure: a sentence without its full stop */
    audio_reader *reader;              /* whose facts and tags are shown; NULL on a failure */
    cleave_meter_result *result;       /* NULL on a failure */
    int64_t replaced_samples;          /* that are no numbers, or beyond any level */
    double seconds;                    /* that it took */
    png_bytes spectrogram, waveform;   /* of no bytes: not asked for, or not to be had */
    char spectrogram_path[OUTPUT_PATH_BYTES], waveform_path[OUTPUT_PATH_BYTES]; /* "": none */
} analysis;

/* Reads and measures a file and draws its pictures. Returns 0, or -1 with status and message in
 * *done. analysis_free() is needed after either. */
int analysis_run(analysis *done, const char *path, const analysis_request *request);
void analysis_free(analysis *done);

/* A failure of status `status`; the sentence loses its full stop. Returns -1. */
int analysis_fail(analysis *done, track_status status, const char *sentence);

/* A measure of the whole track: one description for the table, the report and JSON. */
typedef struct analysis_measure {
    const char *key;   /* in JSON */
    const char *name;  /* in a table */
    const char *unit;  /* "" for a plain number */
    const char *about; /* one line that explains it */
    int decimals;
    size_t offset; /* of its double in cleave_meter_result */
} analysis_measure;

/* The measures, in the order of tables, until one without a key. */
extern const analysis_measure analysis_measures[];
double analysis_value(const analysis_measure *measure, const cleave_meter_result *result);

/* A kind of places that a meter finds. */
typedef struct analysis_finding {
    const char *key, *name, *about;
    const char *value_key;  /* what the value of a place is, in JSON... */
    const char *value_name; /* ...and in a table */
    size_t offset;          /* of its cleave_meter_places in cleave_meter_result */
} analysis_finding;

/* The findings, until one without a key. */
extern const analysis_finding analysis_findings[];
const cleave_meter_places *analysis_places(const analysis_finding *finding,
                                           const cleave_meter_result *result);

/* "-1.5", or "-" for what is not defined and "-inf" for the level of nothing. */
#define ANALYSIS_NUMBER_BYTES 48
const char *analysis_number(double value, int decimals, char text[ANALYSIS_NUMBER_BYTES]);

/* Prints the measures and findings as a table for people. */
void analysis_print(const analysis *done);

#endif
