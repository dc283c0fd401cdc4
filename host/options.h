/* options.h: the command line, parsed.
 *
 * Options stand before or after operands; "--" ends them. "--name value", "--name=value", "-n
 * value", "-nvalue" and bundled flags ("-qj4") are the same. The table of rows is the one
 * description of every option: the parser, the help and the tests read it. */
#ifndef CLEAVE_HOST_OPTIONS_H
#define CLEAVE_HOST_OPTIONS_H

#include "host/audio.h"
#include "host/axis.h"
#include "host/jobs.h"
#include "host/waveform_view.h"
#include "runtime/cleave_fx.h"

#include <stdint.h>

#define OPTIONS_MESSAGE_BYTES 512
#define OPTIONS_JOBS_MAX      JOBS_MAX

typedef enum command {
    COMMAND_SEPARATE = 1,
    COMMAND_PROCESS = 2,
    COMMAND_ANALYZE = 4,
    COMMAND_PROBE = 8,
    COMMAND_COMPARE = 16,
    COMMAND_INFO = 32,
    COMMAND_MODELS = 64,
    COMMAND_HELP = 128,
    COMMAND_VERSION = 256
} command;

typedef enum clip_mode {
    CLIP_DEFAULT, /* none for float outputs, rescale for the others */
    CLIP_RESCALE, /* one gain for all stems of a track, so that none exceeds full scale */
    CLIP_CLAMP,   /* limit to +-1 */
    CLIP_TANH,    /* tanh(x): soft, and changes every sample */
    CLIP_NONE
} clip_mode;

typedef enum other_method {
    OTHER_ADD,   /* the rest is the sum of the model's other stems */
    OTHER_MINUS, /* the rest is the mixture minus the stem */
    OTHER_NONE   /* the stem alone */
} other_method;

#define BITS_DEFAULT 0
#define BITS_KEEP    1 /* as the input */
#define BITS_FLOAT   -32

#define QUALITY_DEFAULT -1

/* Strings are borrowed from argv or static. */
typedef struct cli_options {
    command command;
    const char *topic; /* of help: a command name, or NULL */
    char **operands;   /* files and folders, in order; an array owned by this struct */
    int32_t operand_count;
    int32_t divider; /* operands before "--"; -1: there was none */

    const char *model;  /* "auto" or a model's name */
    int32_t stem_count; /* 0: the model's default stems */
    char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES];
    const char *two_stems; /* NULL, or the stem that is set against the rest */
    other_method other_method;
    int32_t conserve;
    int32_t shifts;
    double overlap;         /* < 0: the model's */
    double segment_seconds; /* 0: the model's */
    cleave_mask_extension mask_extension;
    cleave_device device;
    int32_t device_index;
    int32_t batch; /* 0: as the GPU's memory allows */
    cleave_precision precision;
    int32_t threads; /* of each engine; 0: cores divided by jobs */

    const char *out;      /* folder, or "-" */
    const char *filename; /* template */
    audio_format format;
    int32_t bits; /* 16, 24, 32 or a BITS_ constant */
    int32_t bitrate_kbps;
    int32_t vbr_quality;     /* -1: not asked */
    int32_t compression;     /* -1: not asked */
    const char *application; /* of Opus, or NULL */
    int32_t rate_hz;         /* 0: keep the input's */
    clip_mode clip;
    const char *reference; /* folder with the true stems, or NULL */
    uint32_t metrics;      /* METRIC_ bits of comparison.h */

    /* Effects of separate, as texts of cleave_fx_parse(). */
    const char *pre;  /* of the mixture, or NULL */
    const char *post; /* of every stem that has none of its own, or NULL */
    int32_t post_count;
    char post_stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES];
    const char *post_chains[CLEAVE_STEMS_MAX];
    int normalize; /* the mixture, to... */
    double normalize_lufs;
    int trim; /* silence at both ends, but for... */
    double trim_seconds, trim_threshold;

    /* Of process. */
    cleave_fx_chain chain;
    int chain_of_preset; /* the chain is a preset's, and the next effects replace it */
    int has_format;      /* the format was asked for; else OUT's name or the input has it */
    int32_t channels;    /* 0: keep the input's */
    int32_t quality;     /* of the format; QUALITY_DEFAULT: not asked */
    int bitrate_of_preset, quality_of_preset; /* and not asked for since: of preset_format alone */
    audio_format preset_format;
    int auto_rate, stats, tail, no_dither;

    /* Of analyze. */
    const char *spectrogram, *waveform; /* templates of pictures, or NULL */
    const char *report;                 /* of the report, or NULL */
    frequency_scale scale;
    amplitude_scale waveform_scale;
    double range_db;    /* of the spectrogram */
    double silence_rms; /* below it is silence */
    double records_s;   /* of a record, 0: none are printed */

    int32_t raw; /* not 0: inputs are headerless PCM as raw_input says */
    audio_raw raw_input;
    int32_t jobs;
    int32_t json;
    int32_t quiet, verbose;
} cli_options;

/* One option. Aliases have no help of their own. */
typedef struct option_row {
    const char *name; /* without its dashes; NULL: a letter only */
    char letter;      /* 0: none */
    int32_t id;
    uint32_t commands;    /* bits of `command` that take it */
    const char *argument; /* its name in the help, or NULL for a flag; "[=X]": may be left out */
    const char *help;     /* NULL: an alias of another row with the same id */
} option_row;

const option_row *options_rows(int32_t *count);

/* Whether the option may stand without its value; it then has one after "=" only. */
int option_value_is_optional(const option_row *row);

/* The names of the commands, in the order of the help; NULL past the last. */
const char *options_command_name(int32_t index);
/* The name of a command. */
const char *options_name_of(command wanted);

/* Parses argv[1..argc). Returns 0, or -1 with one sentence in message. options_free() is needed
 * after either. */
int options_parse(cli_options *options, int argc, char **argv, char message[OPTIONS_MESSAGE_BYTES]);
void options_free(cli_options *options);

/* The name of a format as --format takes it, and as {ext} has it. */
const char *options_format_name(audio_format format);

/* Whether the samples of this format and depth can exceed full scale. */
int options_is_float(audio_format format, int32_t bits);

#endif
