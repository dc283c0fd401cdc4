/* option_check.c: options that do not go together. */
#include "host/option_apply.h"
#include "host/output.h"

#include <string.h>

static int check_analyze(const cli_options *options, char *message);
static int check_compare(const cli_options *options, char *message);
static int check_raw(cli_options *options, char *message);
static int check_bits(const cli_options *options, char *message);
static int check_bitrate(const cli_options *options, char *message);
static int check_separate(cli_options *options, char *message);

static int is_lossy(audio_format format)
{
    return format != AUDIO_WAV && format != AUDIO_FLAC && format != AUDIO_RAW;
}

int options_is_float(audio_format format, int32_t bits)
{
    return (format == AUDIO_WAV || format == AUDIO_RAW) && bits == BITS_FLOAT;
}

int options_check(cli_options *options, char message[OPTIONS_MESSAGE_BYTES])
{
    if (options->quiet && options->verbose) {
        return option_refuse(message, "--quiet and --verbose exclude each other");
    }
    if (check_raw(options, message) != 0) {
        return -1;
    }
    switch (options->command) {
    case COMMAND_SEPARATE:
        return check_separate(options, message);
    case COMMAND_PROCESS:
        return option_check_process(options, message);
    case COMMAND_PROBE:
        return options->operand_count > 0 ? 0 : option_refuse(message, "probe needs a file");
    case COMMAND_ANALYZE:
        return check_analyze(options, message);
    case COMMAND_COMPARE:
        return check_compare(options, message);
    case COMMAND_INFO:
    case COMMAND_MODELS:
        return options->operand_count == 0
                   ? 0
                   : option_refuse(message, "\"%s\" is one word too many here",
                                   options->operands[0]);
    default:
        return 0;
    }
}

static int check_compare(const cli_options *options, char *message)
{
    int32_t count = options->operand_count;
    int32_t references = options->divider;
    for (int32_t i = 0; i < count; i++) {
        if (strcmp(options->operands[i], "-") == 0) {
            return option_refuse(message,
                                 "compare reads its files twice, so not from standard input");
        }
    }
    if (references <= 0 || references == count) {
        return count == 2
                   ? 0
                   : option_refuse(message, "compare needs two folders, two files, or references, "
                                            "\"--\" and as many estimates");
    }
    if (references != count - references) {
        return option_refuse(message,
                             "compare needs as many estimates as references, not %d and %d",
                             count - references, references);
    }
    return 0;
}

static int check_raw(cli_options *options, char *message)
{
    const audio_raw *raw = &options->raw_input;
    int32_t given = (raw->format[0] != '\0') + (raw->rate_hz != 0) + (raw->channels != 0);
    if (given != 0 && given != 3) {
        return option_refuse(
            message,
            "headerless PCM needs all of --input-format, --input-rate and --input-channels");
    }
    options->raw = given == 3;
    return 0;
}

/* Files, folders, or standard input once. */
static int check_inputs(const cli_options *options, char *message)
{
    if (options->operand_count == 0) {
        return option_refuse(message, "%s needs a file, a folder, or - for standard input",
                             options_name_of(options->command));
    }
    int32_t pipes = 0;
    for (int32_t i = 0; i < options->operand_count; i++) {
        pipes += strcmp(options->operands[i], "-") == 0;
    }
    if (pipes > 1) {
        return option_refuse(message, "standard input can be read once, not %d times", pipes);
    }
    return 0;
}

/* The one field that the name of a picture may have is {track}. */
static int check_picture(const char *option, const char *template, char *message)
{
    for (const char *at = template; at != NULL && (at = strchr(at, '{')) != NULL; at++) {
        if (strncmp(at, "{track}", 7) != 0) {
            return option_refuse(message, "%s takes the field {track} only, not \"%s\"", option,
                                 at);
        }
    }
    return 0;
}

static int check_analyze(const cli_options *options, char *message)
{
    static const char *const names[] = {"--spectrogram", "--waveform", "--report"};
    const char *const files[] = {options->spectrogram, options->waveform, options->report};
    if (check_inputs(options, message) != 0) {
        return -1;
    }
    for (int i = 0; i < 3; i++) {
        if (files[i] != NULL && strcmp(files[i], "-") == 0) {
            return option_refuse(message, "%s needs the name of a file, not \"-\"", names[i]);
        }
        if (i < 2 && check_picture(names[i], files[i], message) != 0) {
            return -1;
        }
        for (int k = 0; k < i; k++) {
            if (files[i] != NULL && files[k] != NULL && strcmp(files[i], files[k]) == 0) {
                return option_refuse(message, "%s and %s both want to be %s", names[k], names[i],
                                     files[i]);
            }
        }
    }
    if (options->records_s > 0 && options->operand_count > 1) {
        return option_refuse(message, "--records takes one input, not %d", options->operand_count);
    }
    return 0;
}

static int check_separate(cli_options *options, char *message)
{
    if (check_inputs(options, message) != 0) {
        return -1;
    }
    if (options->two_stems != NULL && options->stem_count > 0) {
        return option_refuse(message, "--two-stems and --stems exclude each other");
    }
    if (options->two_stems == NULL && options->other_method != OTHER_ADD) {
        return option_refuse(message, "--other-method is for --two-stems");
    }
    if (check_bits(options, message) != 0 || check_bitrate(options, message) != 0) {
        return -1;
    }
    if (strcmp(options->out, "-") != 0) {
        return output_template_check(options->filename, message);
    }
    if (options->operand_count > 1) {
        return option_refuse(message, "--out - takes one input, not %d", options->operand_count);
    }
    if (options->json) {
        return option_refuse(message, "--json and --out - both want standard output");
    }
    if (options->format == AUDIO_M4A) {
        return option_refuse(message,
                             "m4a cannot be written to a pipe, because its index is written last");
    }
    return 0;
}

static int check_bits(const cli_options *options, char *message)
{
    if (is_lossy(options->format) && options->bits != BITS_DEFAULT && options->bits != BITS_KEEP) {
        return option_refuse(message, "%s has no bits a sample: --bits is for wav, flac and raw",
                             options_format_name(options->format));
    }
    if (options->format == AUDIO_FLAC && (options->bits == BITS_FLOAT || options->bits == 32)) {
        return option_refuse(message, "flac takes 16 or 24 bits");
    }
    if (options->compression >= 0 && options->format != AUDIO_FLAC) {
        return option_refuse(message, "--compression is for flac");
    }
    return 0;
}

static int check_bitrate(const cli_options *options, char *message)
{
    /* The ranges that each format defines for a whole stream. */
    static const struct {
        audio_format format;
        int32_t low, high;
    } ranges[] = {
        {AUDIO_MP3, 32, 320}, {AUDIO_M4A, 32, 512}, {AUDIO_OPUS, 6, 510}, {AUDIO_OGG, 45, 500}};

    if (options->vbr_quality >= 0 && (options->format != AUDIO_MP3 || options->bitrate_kbps != 0)) {
        return option_refuse(message, "--vbr is for mp3 without --bitrate");
    }
    if (options->application != NULL && options->format != AUDIO_OPUS) {
        return option_refuse(message, "--application is for opus");
    }
    if (options->bitrate_kbps == 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (ranges[i].format != options->format) {
            continue;
        }
        if (options->bitrate_kbps < ranges[i].low || options->bitrate_kbps > ranges[i].high) {
            return option_refuse(message, "%s takes %d to %d kbit/s, not %d",
                                 options_format_name(options->format), ranges[i].low,
                                 ranges[i].high, options->bitrate_kbps);
        }
        return 0;
    }
    return option_refuse(message,
                         "%s has no bit rate to choose: --bitrate is for mp3, m4a, opus and ogg",
                         options_format_name(options->format));
}
