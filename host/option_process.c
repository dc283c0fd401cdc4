/* option_process.c: the options of `cleave process`. */
#include "host/chain_file.h"
#include "host/option_apply.h"
#include "host/presets.h"

#include <stdio.h>
#include <string.h>

/* The effects of a preset go when others are given. */
static cleave_fx_chain *own_chain(cli_options *options)
{
    if (options->chain_of_preset) {
        options->chain.count = 0;
        options->chain_of_preset = 0;
    }
    return &options->chain;
}

static int read_effects(const option_reading *reading)
{
    cli_options *options = reading->options;
    cleave_error error = {0};
    cleave_fx_chain read;
    if (cleave_fx_parse(reading->value, &read, &error) != CLEAVE_OK) {
        return option_refuse(reading->message, "%s", error.message);
    }
    cleave_fx_chain *chain = own_chain(options);
    if (chain->count + read.count > CLEAVE_FX_EFFECTS_MAX) {
        return option_refuse(reading->message, "a chain has at most %d effects, not %d",
                             CLEAVE_FX_EFFECTS_MAX, chain->count + read.count);
    }
    for (int32_t i = 0; i < read.count; i++) {
        chain->effect[chain->count++] = read.effect[i];
    }
    return 0;
}

static int read_preset(const option_reading *reading)
{
    option_word words[PRESET_COUNT + 1] = {{NULL, 0}};
    int32_t index = 0;
    for (int32_t i = 0; i < PRESET_COUNT; i++) {
        words[i] = (option_word){presets_name(i), i};
        words[i + 1].name = NULL;
    }
    return option_read_word(reading, words, &index) != 0
               ? -1
               : presets_apply(index, reading->options, reading->message);
}

int option_apply_process(const option_reading *reading, option_id id)
{
    cli_options *options = reading->options;
    switch (id) {
    case OPTION_STUDIO:
        return read_preset(reading);
    case OPTION_FX:
        return read_effects(reading);
    case OPTION_CHAIN:
        own_chain(options);
        return chain_file_read(reading->value, options, reading->message);
    case OPTION_CHANNELS:
        if (strcmp(reading->value, "keep") == 0) {
            options->channels = 0;
            return 0;
        }
        return option_read_integer(reading, 1, AUDIO_CHANNELS_MAX, &options->channels);
    case OPTION_QUALITY:
        options->quality_of_preset = 0;
        return option_read_integer(reading, 0, 10, &options->quality);
    case OPTION_AUTO_RATE:
        options->auto_rate = 1;
        return 0;
    case OPTION_NO_DITHER:
        options->no_dither = 1;
        return 0;
    case OPTION_TAIL:
        options->tail = 1;
        return 0;
    default:
        options->stats = 1;
        return 0;
    }
}

void option_note_process(cli_options *options, option_id id)
{
    options->has_format |= id == OPTION_FORMAT;
    if (id == OPTION_BITRATE) {
        options->bitrate_of_preset = 0;
    }
}

int option_check_process(cli_options *options, char message[OPTIONS_MESSAGE_BYTES])
{
    int32_t pipes = 0;
    int32_t inputs = options->operand_count - 1;
    if (inputs < 1) {
        return option_refuse(message,
                             "process needs an input and an output: files, folders, or - for a "
                             "pipe");
    }
    for (int32_t i = 0; i < inputs; i++) {
        pipes += strcmp(options->operands[i], "-") == 0;
    }
    if (pipes > 1) {
        return option_refuse(message, "standard input can be read once, not %d times", pipes);
    }
    if (strcmp(options->operands[inputs], "-") == 0) {
        if (inputs > 1) {
            return option_refuse(message, "the output - takes one input, not %d", inputs);
        }
        if (options->json) {
            return option_refuse(message, "--json and the output - both want standard output");
        }
    }
    /* What a preset says of its codec does not hold for another. */
    if (options->has_format && options->format != options->preset_format) {
        options->bitrate_kbps = options->bitrate_of_preset ? 0 : options->bitrate_kbps;
        options->quality = options->quality_of_preset ? QUALITY_DEFAULT : options->quality;
    }
    return 0;
}
