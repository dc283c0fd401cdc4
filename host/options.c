/* options.c: the table of options, and finding them and their values on the command line. */
#include "host/options.h"

#include "host/comparison.h"
#include "host/option_apply.h"
#include "host/suggest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATE COMMAND_SEPARATE
#define PROCESS  COMMAND_PROCESS
#define ANALYZE  COMMAND_ANALYZE
#define WRITING  (COMMAND_SEPARATE | COMMAND_PROCESS)
#define READING  (WRITING | COMMAND_PROBE | COMMAND_ANALYZE)
#define JSON     (READING | COMMAND_COMPARE | COMMAND_INFO | COMMAND_MODELS)
#define ANY      (~0u)

static const option_row rows[] = {
    {"preset", 0, OPTION_STUDIO, PROCESS, "mobile|hifi|podcast",
     "effects and encoding for that use; options after it change what it says"},
    {"fx", 'x', OPTION_FX, PROCESS, "CHAIN",
     "effects, as in \"highpass:40;limiter:threshold=-1\"; several are joined"},
    {"chain", 0, OPTION_CHAIN, PROCESS, "FILE", "effects and encoding of a YAML file"},
    {"codec", 'f', OPTION_FORMAT, PROCESS, "wav|flac|mp3|aac|opus|vorbis|raw",
     "of the output (as OUT is called, else the input's)"},
    {"format", 0, OPTION_FORMAT, PROCESS, "FORMAT", NULL},
    {"rate", 'r', OPTION_RATE, PROCESS, "keep|HZ", "sample rate, 8000 to 384000 (keep)"},
    {"auto-rate", 0, OPTION_AUTO_RATE, PROCESS, NULL,
     "where the codec lacks the rate, take the next that it has"},
    {"channels", 'c', OPTION_CHANNELS, PROCESS, "keep|1..8", "mix to so many (keep)"},
    {"bits", 'b', OPTION_BITS, PROCESS, "16|24|32|float|keep",
     "of a sample of wav, flac and raw (keep)"},
    {"quality", 0, OPTION_QUALITY, PROCESS, "N",
     "mp3: 0 (best) to 9; vorbis: 0 to 10 (best); flac: 0 to 8 (smallest)"},
    {"no-dither", 0, OPTION_NO_DITHER, PROCESS, NULL, "round to 16 or 24 bits without noise"},
    {"tail", 0, OPTION_TAIL, PROCESS, NULL, "keep what sounds on after the end, such as a reverb"},
    {"stats", 0, OPTION_STATS, PROCESS, NULL,
     "time, processor, memory, under- and overruns, quality"},
    {"model", 'n', OPTION_MODEL, SEPARATE, "NAME", "model, or auto: the best that can run (auto)"},
    {"name", 0, OPTION_MODEL, SEPARATE, "NAME", NULL},
    {NULL, 'p', OPTION_PRESET, SEPARATE, "NAME", "the same, with Spleeter's letter"},
    {"stems", 0, OPTION_STEMS, SEPARATE, "LIST", "stems to write, with commas (the model's own)"},
    {"two-stems", 0, OPTION_TWO_STEMS, SEPARATE, "STEM", "write STEM and no_STEM, all the rest"},
    {"other-method", 0, OPTION_OTHER_METHOD, SEPARATE, "add|minus|none",
     "no_STEM is the sum of the other stems, the mixture minus STEM, or not written (add)"},
    {"conserve", 0, OPTION_CONSERVE, SEPARATE, NULL, "make the stems sum to the mixture"},
    {"shifts", 0, OPTION_SHIFTS, SEPARATE, "N", "average over N shifts of the input (0)"},
    {"overlap", 0, OPTION_OVERLAP, SEPARATE, "X",
     "of neighbouring segments, 0 to 0.95 (0.25; Spleeter: 0)"},
    {"segment", 0, OPTION_SEGMENT, SEPARATE, "S", "seconds of a segment, 0.1 to 600 (the model's)"},
    {"mask-extension", 0, OPTION_MASK_EXTENSION, SEPARATE, "zeros|average",
     "above the band that Spleeter's networks see: silence, or their mean mask (zeros)"},
    {"no-split", 0, OPTION_NO_SPLIT, SEPARATE, NULL, NULL},
    {"device", 'd', OPTION_DEVICE, SEPARATE, "auto|cpu|cuda[:N]", "where to compute (auto)"},
    {"batch", 0, OPTION_BATCH, SEPARATE, "N",
     "segments that a GPU has at a time, 1 to 16 (up to 4, as its memory allows)"},
    {"precision", 0, OPTION_PRECISION, SEPARATE, "fp32|tf32|bf16|fp16", "of the network (fp32)"},
    {"threads", 't', OPTION_THREADS, SEPARATE, "N", "of each job (cores divided by jobs)"},
    {"out", 'o', OPTION_OUT, SEPARATE, "DIR",
     "folder to write to, or - for one stem on a pipe (separated)"},
    {"filename", 0, OPTION_FILENAME, SEPARATE, "TEMPLATE",
     "below DIR/MODEL, of {track} {trackext} {stem} {ext} {model} ({track}/{stem}.{ext})"},
    {"format", 'f', OPTION_FORMAT, SEPARATE, "wav|flac|mp3|m4a|opus|ogg|raw", "of the stems (wav)"},
    {"mp3", 0, OPTION_MP3, SEPARATE, NULL, "--format mp3"},
    {"flac", 0, OPTION_FLAC, SEPARATE, NULL, "--format flac"},
    {"bits", 'b', OPTION_BITS, SEPARATE, "16|24|32|float|keep",
     "of a sample; keep: as the input (16)"},
    {"int24", 0, OPTION_INT24, SEPARATE, NULL, "--bits 24"},
    {"float32", 0, OPTION_FLOAT32, SEPARATE, NULL, "--bits float"},
    {"bitrate", 0, OPTION_BITRATE, WRITING, "K", "kbit/s of a lossy format"},
    {"mp3-bitrate", 0, OPTION_MP3_BITRATE, SEPARATE, "K", "--format mp3 --bitrate K"},
    {"vbr", 0, OPTION_VBR, SEPARATE, "0..9", "mp3 of variable bit rate, 0 is best"},
    {"compression", 0, OPTION_COMPRESSION, SEPARATE, "0..8", "level of flac (5)"},
    {"application", 0, OPTION_APPLICATION, WRITING, "audio|voip|lowdelay",
     "what opus is tuned for (audio)"},
    {"rate", 'r', OPTION_RATE, SEPARATE, "keep|HZ", "sample rate of the stems (keep)"},
    {"clip", 0, OPTION_CLIP, SEPARATE, "rescale|clamp|tanh|none",
     "stems beyond full scale (none for float, else rescale)"},
    {"clip-mode", 0, OPTION_CLIP, SEPARATE, "MODE", NULL},
    {"pre", 0, OPTION_PRE, SEPARATE, "CHAIN", "effects on the mixture, before it is separated"},
    {"normalize", 0, OPTION_NORMALIZE, SEPARATE, "[=LUFS]",
     "bring the mixture to this loudness first (-16)"},
    {"trim-silence", 0, OPTION_TRIM, SEPARATE, "[=S[/RMS]]",
     "cut silence, below this RMS (0.001), at both ends, but for S seconds (0)"},
    {"post", 0, OPTION_POST, SEPARATE, "[STEM=]CHAIN",
     "effects on every stem, or on one; can be given for each"},
    {"reference", 0, OPTION_REFERENCE, SEPARATE, "DIR",
     "score each stem against DIR/<stem>.<any extension>"},
    {"input-format", 0, OPTION_INPUT_FORMAT, READING, "s16le|s24le|s32le|f32le|u8",
     "inputs are headerless PCM of this format, ..."},
    {"input-rate", 0, OPTION_INPUT_RATE, READING, "HZ", "... this sample rate ..."},
    {"input-channels", 0, OPTION_INPUT_CHANNELS, READING, "N", "... and so many channels"},
    {"metrics", 0, OPTION_METRICS, COMMAND_COMPARE, "LIST",
     "of sdr, bss, sisdr, snr, spectral, rms, with commas (all)"},
    {"spectrogram", 0, OPTION_SPECTROGRAM, ANALYZE, "FILE",
     "draw the spectrogram to this PNG; {track} in FILE is the name of the input"},
    {"waveform", 0, OPTION_WAVEFORM, ANALYZE, "FILE", "draw the waveform in the same way"},
    {"report", 0, OPTION_REPORT, ANALYZE, "FILE",
     "write one HTML page with the measures and pictures of all inputs"},
    {"scale", 0, OPTION_SCALE, ANALYZE, "log|mel|linear", "of the spectrogram's frequencies (log)"},
    {"range", 0, OPTION_RANGE, ANALYZE, "DB", "levels that the spectrogram shows, 20 to 180 (90)"},
    {"waveform-scale", 0, OPTION_WAVEFORM_SCALE, ANALYZE, "linear|db",
     "of the waveform's samples (linear)"},
    {"silence", 0, OPTION_SILENCE, ANALYZE, "RMS",
     "windows of 10 ms below this level are silent, 0 to 1 (0.001)"},
    {"records", 0, OPTION_RECORDS, ANALYZE, "S",
     "print a JSON line for each S seconds of one input, 0.002 to 1"},
    {"jobs", 'j', OPTION_JOBS, WRITING, "N", "tracks at the same time (2)"},
    {"json", 0, OPTION_JSON, JSON, NULL, "one JSON object a line on standard output"},
    {"quiet", 'q', OPTION_QUIET, ANY, NULL, "errors only"},
    {"verbose", 'v', OPTION_VERBOSE, ANY, NULL, "more details"},
    {"help", 'h', OPTION_HELP, ANY, NULL, "this text"},
    {"version", 0, OPTION_VERSION, ANY, NULL, "the version"},
};
#define ROW_COUNT ((int32_t)(sizeof rows / sizeof rows[0]))

static const struct {
    const char *name;
    command command;
} commands[] = {
    {"separate", COMMAND_SEPARATE}, {"process", COMMAND_PROCESS}, {"analyze", COMMAND_ANALYZE},
    {"probe", COMMAND_PROBE},       {"compare", COMMAND_COMPARE}, {"info", COMMAND_INFO},
    {"models", COMMAND_MODELS},     {"help", COMMAND_HELP},
};
#define COMMAND_COUNT ((int32_t)(sizeof commands / sizeof commands[0]))
#define NAME_COUNT    (COMMAND_COUNT + 3)

/* Where the parser stands. */
typedef struct argv_cursor {
    cli_options *options;
    int argc;
    char **argv;
    int at;
    char *message;
} argv_cursor;

static void set_defaults(cli_options *options);
static int parse_command(argv_cursor *cursor);
static int parse_long(argv_cursor *cursor, const char *word);
static int parse_letters(argv_cursor *cursor, const char *word);
static int check_topic(argv_cursor *cursor);
static void list_names(const char *names[NAME_COUNT]);

const option_row *options_rows(int32_t *count)
{
    *count = ROW_COUNT;
    return rows;
}

const char *options_command_name(int32_t index)
{
    return index < COMMAND_COUNT ? commands[index].name : NULL;
}

int option_value_is_optional(const option_row *row)
{
    return row->argument != NULL && strncmp(row->argument, "[=", 2) == 0;
}

const char *options_name_of(command wanted)
{
    int32_t i = 0;
    while (i < COMMAND_COUNT - 1 && commands[i].command != wanted) {
        i++;
    }
    return commands[i].name;
}

int option_refuse(char message[OPTIONS_MESSAGE_BYTES], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, OPTIONS_MESSAGE_BYTES, format, arguments);
    va_end(arguments);
    return -1;
}

int options_parse(cli_options *options, int argc, char **argv, char message[OPTIONS_MESSAGE_BYTES])
{
    argv_cursor cursor = {options, argc, argv, 1, message};
    set_defaults(options);
    options->operands = calloc((size_t)(argc > 0 ? argc : 1), sizeof *options->operands);
    if (options->operands == NULL) {
        return option_refuse(message, "out of memory");
    }
    if (parse_command(&cursor) != 0) {
        return -1;
    }
    int only_operands = 0;
    while (cursor.at < argc) {
        char *word = argv[cursor.at++];
        int status = 0;
        if (word[0] == '\0') {
            return option_refuse(message, "a word of the command line is empty");
        }
        if (only_operands || word[0] != '-' || word[1] == '\0') {
            options->operands[options->operand_count++] = word;
        } else if (strcmp(word, "--") == 0) {
            only_operands = 1;
            options->divider = options->operand_count;
        } else if (word[1] == '-') {
            status = parse_long(&cursor, word);
        } else {
            status = parse_letters(&cursor, word);
        }
        if (status != 0) {
            return -1;
        }
    }
    return options->command == COMMAND_HELP ? check_topic(&cursor)
                                            : options_check(options, message);
}

void options_free(cli_options *options)
{
    free(options->operands);
    options->operands = NULL;
    options->operand_count = 0;
}

static void set_defaults(cli_options *options)
{
    memset(options, 0, sizeof *options);
    options->model = "auto";
    options->overlap = -1.0;
    options->out = "separated";
    options->filename = "{track}/{stem}.{ext}";
    options->vbr_quality = -1;
    options->compression = -1;
    options->quality = QUALITY_DEFAULT;
    options->jobs = 2;
    options->divider = -1;
    options->metrics = METRIC_ALL;
    options->range_db = 90;
    options->silence_rms = 0.001;
}

/* The first word is a command, unless it is an option that stands alone. */
static int parse_command(argv_cursor *cursor)
{
    const char *word = cursor->argc > 1 ? cursor->argv[1] : "help";
    cursor->at = cursor->argc > 1 ? 2 : 1;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        word = "help";
    } else if (strcmp(word, "--version") == 0) {
        cursor->options->command = COMMAND_VERSION;
        return 0;
    }
    const char *names[NAME_COUNT];
    list_names(names);
    for (int32_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(word, commands[i].name) == 0) {
            cursor->options->command = commands[i].command;
            return 0;
        }
    }
    const char *nearest = suggest_nearest(word, names, NAME_COUNT);
    if (nearest != NULL) {
        return option_refuse(cursor->message, "unknown command \"%s\"; did you mean \"%s\"?", word,
                             nearest);
    }
    if (word[0] != '-' && (strchr(word, '.') != NULL || strchr(word, '/') != NULL)) {
        return option_refuse(cursor->message,
                             "\"%s\" is not a command; to separate a file: cleave separate FILE",
                             word);
    }
    return option_refuse(cursor->message, "unknown command \"%s\"; \"cleave help\" lists them",
                         word);
}

static const char *next_value(argv_cursor *cursor)
{
    return cursor->at < cursor->argc ? cursor->argv[cursor->at++] : NULL;
}

static int unknown_long(argv_cursor *cursor, const char *word, size_t bytes)
{
    const char *names[ROW_COUNT];
    int32_t count = 0;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(bytes < 63 ? bytes : 63), word + 2);
    for (int32_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].name != NULL && (rows[i].commands & cursor->options->command) != 0) {
            names[count++] = rows[i].name;
        }
    }
    const char *nearest = suggest_nearest(name, names, count);
    if (nearest != NULL) {
        return option_refuse(cursor->message, "unknown option \"--%s\"; did you mean \"--%s\"?",
                             name, nearest);
    }
    return option_refuse(cursor->message, "unknown option \"--%s\"; \"cleave help %s\" lists them",
                         name, options_name_of(cursor->options->command));
}

static int parse_long(argv_cursor *cursor, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t bytes = equals != NULL ? (size_t)(equals - word) - 2 : strlen(word) - 2;
    const option_row *row = NULL;
    for (int32_t i = 0; i < ROW_COUNT && row == NULL; i++) {
        if (rows[i].name != NULL && (rows[i].commands & cursor->options->command) != 0 &&
            strlen(rows[i].name) == bytes && memcmp(rows[i].name, word + 2, bytes) == 0) {
            row = &rows[i];
        }
    }
    if (row == NULL) {
        return unknown_long(cursor, word, bytes);
    }
    char spelt[64];
    snprintf(spelt, sizeof spelt, "--%s", row->name);
    if (row->argument == NULL && equals != NULL) {
        return option_refuse(cursor->message, "option \"%s\" takes no value", spelt);
    }
    const char *value = NULL;
    if (row->argument != NULL && (equals != NULL || !option_value_is_optional(row))) {
        value = equals != NULL ? equals + 1 : next_value(cursor);
        if (value == NULL) {
            return option_refuse(cursor->message, "option \"%s\" needs a value: %s", spelt,
                                 row->argument);
        }
    }
    return option_apply(cursor->options, (option_id)row->id, spelt, value, cursor->message);
}

/* -q, -j4, -j 4, -qj4 */
static int parse_letters(argv_cursor *cursor, const char *word)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const option_row *row = NULL;
        for (int32_t i = 0; i < ROW_COUNT && row == NULL; i++) {
            if (rows[i].letter == *letter && (rows[i].commands & cursor->options->command) != 0) {
                row = &rows[i];
            }
        }
        if (row == NULL) {
            return option_refuse(
                cursor->message,
                "unknown option \"-%c\"; a file of that name is written \"./%s\" or after --",
                *letter, word);
        }
        char spelt[3] = {'-', *letter, '\0'};
        const char *value = NULL;
        if (row->argument != NULL) {
            value = letter[1] != '\0' ? letter + 1 : next_value(cursor);
            if (value == NULL) {
                return option_refuse(cursor->message, "option \"%s\" needs a value: %s", spelt,
                                     row->argument);
            }
        }
        if (option_apply(cursor->options, (option_id)row->id, spelt, value, cursor->message) != 0) {
            return -1;
        }
        if (value != NULL) {
            break;
        }
    }
    return 0;
}

static int check_topic(argv_cursor *cursor)
{
    cli_options *options = cursor->options;
    if (options->operand_count == 0 || options->topic != NULL) {
        return 0;
    }
    const char *names[NAME_COUNT];
    list_names(names);
    for (int32_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, options->operands[0]) == 0) {
            options->topic = commands[i].name;
            return 0;
        }
    }
    const char *nearest = suggest_nearest(options->operands[0], names, NAME_COUNT);
    return option_refuse(cursor->message, "no help on \"%s\"%s%s%s", options->operands[0],
                         nearest != NULL ? "; did you mean \""
                                         : "; \"cleave help\" lists the commands",
                         nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

/* All commands, with those that model.c and bench.c parse. */
static void list_names(const char *names[NAME_COUNT])
{
    for (int32_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i].name;
    }
    names[COMMAND_COUNT] = "model";
    names[COMMAND_COUNT + 1] = "weights";
    names[COMMAND_COUNT + 2] = "bench";
}
