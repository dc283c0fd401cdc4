/* bench.h: `cleave bench model` and `cleave bench kernels`: how fast this machine computes. */
#ifndef CLEAVE_HOST_BENCH_H
#define CLEAVE_HOST_BENCH_H

#include "host/measure.h"
#include "host/model_open.h"

#include <stdio.h>

#define BENCH_NAMES_MAX 32
#define BENCH_OPS_MAX   64

typedef enum bench_kind { BENCH_MODEL = 1, BENCH_KERNELS = 2 } bench_kind;

/* The command line. Strings are borrowed from it. */
typedef struct bench_options {
    bench_kind kind;
    const char *names[BENCH_NAMES_MAX]; /* the model; or parts of names of cases, any if none */
    int32_t name_count;
    int synthetic;        /* weights by a formula instead of installed ones */
    int32_t threads;      /* 0: as many as compute well at once */
    cleave_device device; /* AUTO counts as the CPU: whoever measures says what */
    int32_t device_index;
    cleave_precision precision;
    const char *isa;        /* NULL: the best there is; of kernels: each there is */
    const char *op;         /* of kernels; NULL: all */
    const char *stems;      /* a list with commas; NULL: the model's own */
    double segment_seconds; /* 0: the model's own */
    double track_seconds;   /* of a track that passes besides; 0: none */
    int32_t rate_hz;        /* 0: the model's, else 44100 */
    int32_t channels;       /* 0: the model's, else 2 */
    int32_t runs;
    int32_t steps; /* how many to show, costliest first; -1: none; BENCH_STEPS_ALL */
    int json;
    const char *csv; /* file to add to, or NULL */
} bench_options;

#define BENCH_STEPS_ALL (1 << 30)

/* Parses what follows "cleave bench model" or "... kernels". 0, or -1 with a sentence. */
int bench_options_parse(bench_options *options, int argc, char **argv,
                        char message[CLEAVE_SENTENCE_BYTES]);

/* Prints what the options are. */
void bench_options_help(void);

/* The name of a precision, as the option takes it. */
const char *bench_precision_name(cleave_precision precision);

/* What a step, or all steps of an op, take and do. */
typedef struct bench_step {
    const char *label, *op;
    int32_t count; /* of steps */
    double median, least;
    double flops, bytes;
    double floor; /* seconds below which it cannot get by this algorithm: the larger of flops and
                   * bytes over the machine's rates; of several, their sum */
} bench_step;

/* A model, measured. */
typedef struct bench_report {
    const bench_options *options;
    char processor[TOPOLOGY_NAME_BYTES];
    char kind[CLEAVE_NAME_BYTES];
    measure_rates rates;
    cleave_engine_info info;
    int32_t warmups;
    measure_times segment;
    int64_t peak_bytes; /* of memory that was resident, from opening the engine on */
    double track_wall;  /* seconds that the track took; 0: there was none */
    int32_t step_count;
    bench_step *steps; /* in the order in which they run */
    int32_t op_count;
    bench_step ops[BENCH_OPS_MAX]; /* the costliest first */
    bench_step all;
} bench_report;

/* A kernel on a case, measured. Rates are of the median. */
typedef struct bench_kernel {
    const char *processor, *op, *label, *variant;
    measure_rates rates; /* of one thread */
    measure_times times;
    double flops, bytes;
    double ratio; /* the reference's median over this one's; 0: that was not measured */
} bench_kernel;

/* Times real time at which a track of whole segments passes, overlap included. */
double bench_realtime(const bench_report *report);

/* Each runs a command and returns the exit status; the sentence of an error is in `message`. */
int bench_model_run(const bench_options *options, char message[CLEAVE_SENTENCE_BYTES]);
int bench_kernels_run(const bench_options *options, char message[CLEAVE_SENTENCE_BYTES]);

/* The engine's feature bits that an instruction set leaves out. 1, or 0 with a sentence if there is
 * none of that name, or not on this processor. */
int bench_isa_off(const char *isa, uint32_t *features_off, char message[CLEAVE_SENTENCE_BYTES]);

/* Opens the model and fills the configuration of an engine for it. *model is NULL for one of the
 * engine's own. `stems` is room for the list. 1, or 0 with a sentence. */
int bench_open(const bench_options *options, open_model **model, cleave_config *config,
               char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES],
               char message[CLEAVE_SENTENCE_BYTES]);

/* Computes the track of options->track_seconds through the engine; the wall time, or a negative
 * number if there was no memory for it. */
double bench_track(cleave_engine *engine, double seconds);

/* [frames][channels] of a beat over a chord and noise: something that repeats. */
void bench_signal(float *out, int64_t from, int64_t frames, int32_t channels, int32_t rate_hz);

/* Prints a report in words. */
void bench_show(const bench_report *report);

/* The CSV file that the options name, as bench_csv_open(); and what goes into it: a line for the
 * model, or with --steps one for each step. */
FILE *bench_csv_of(const bench_options *options, char message[CLEAVE_SENTENCE_BYTES]);
void bench_csv_write(FILE *file, const bench_report *report);

/* Opens a CSV file to add to it; a new one gets the line of titles. NULL with a sentence if it
 * cannot be written or has other columns. */
FILE *bench_csv_open(const char *path, const char *titles, char message[CLEAVE_SENTENCE_BYTES]);
int bench_csv_close(FILE *file, const char *path, char message[CLEAVE_SENTENCE_BYTES]);

/* Whether this command, or help on it, is asked for; and it: the exit status of the process. */
int bench_wanted(int argc, char **argv);
int bench_run(int argc, char **argv);

#endif
