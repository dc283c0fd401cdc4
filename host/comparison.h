/* comparison.h: estimates of stems measured against their references, files against files.
 *
 * The files are read once, and once more for the ratios of BSS Eval, block by block: memory depends
 * on how many there are, not on how long. */
#ifndef CLEAVE_HOST_COMPARISON_H
#define CLEAVE_HOST_COMPARISON_H

#include "host/audio.h"
#include "runtime/cleave.h"

#define COMPARISON_STEMS_MAX CLEAVE_BSS_SIGNALS_MAX

/* What --metrics chooses among. */
#define METRIC_SDR      1u
#define METRIC_BSS      2u
#define METRIC_SISDR    4u
#define METRIC_SNR      8u
#define METRIC_SPECTRAL 16u
#define METRIC_RMS      32u
#define METRIC_ALL      63u

/* The figures, in the order in which they are shown; comparison_figures[] describes them. */
typedef enum figure {
    FIGURE_SDR,
    FIGURE_SISDR,
    FIGURE_SNR,
    FIGURE_BSS_SDR,
    FIGURE_BSS_ISR,
    FIGURE_BSS_SIR,
    FIGURE_BSS_SAR,
    FIGURE_SPECTRAL,
    FIGURE_REFERENCE_RMS,
    FIGURE_ESTIMATE_RMS,
    FIGURE_RMS_DIFFERENCE,
    FIGURE_SCORE,
    FIGURE_COUNT
} figure;

typedef struct figure_row {
    uint32_t metrics; /* all of which must be chosen */
    const char *key;  /* in JSON */
    const char *head; /* in a table */
    int32_t decimals;
} figure_row;

extern const figure_row comparison_figures[FIGURE_COUNT];

/* One stem; its strings are malloc'ed. */
typedef struct compared_stem {
    char *name, *reference, *estimate;
    double values[FIGURE_COUNT]; /* NaN: not defined */
} compared_stem;

typedef struct comparison {
    int32_t stem_count;
    compared_stem stems[COMPARISON_STEMS_MAX];
    uint32_t metrics; /* METRIC_ bits to measure */
    int64_t frames;   /* compared */
    int32_t rate_hz, channels;
    int32_t windows, windows_measured; /* of BSS Eval: in the others a signal was silent */
    double excess_s;           /* by which the longest file is longer than what is compared */
    int64_t replaced_samples;  /* that were no numbers, and taken as silence */
    double mean[FIGURE_COUNT]; /* over the stems that have a figure; NaN if none has */
} comparison;

/* Measures the stems. Returns 0, or -1 with a sentence. */
int comparison_run(comparison *compared, char message[AUDIO_MESSAGE_BYTES]);
void comparison_free(comparison *compared);

#endif
