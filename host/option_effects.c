/* option_effects.c: the options of `cleave separate` that have to do with effects. */
#include "host/fx_engine.h"
#include "host/option_apply.h"

#include <stdio.h>
#include <string.h>

#define NORMALIZE_LUFS    -16.0
#define SILENCE_THRESHOLD 0.001 /* RMS */

static int check_chain(const option_reading *reading, const char *text, int may_be_whole)
{
    cleave_error error = {0};
    cleave_fx_chain chain;
    if (cleave_fx_parse(text, &chain, &error) != CLEAVE_OK) {
        return option_refuse(reading->message, "%s", error.message);
    }
    for (int32_t i = 0; i < chain.count && !may_be_whole; i++) {
        if (fx_is_whole(&chain.effect[i])) {
            return option_refuse(reading->message,
                                 "--post takes a normalize with a window; --normalize brings the "
                                 "mixture to a level, and all stems with it");
        }
    }
    return 0;
}

/* "CHAIN", or "STEM=CHAIN": no "=" stands in a chain before its first ":". */
static int read_post(const option_reading *reading)
{
    cli_options *options = reading->options;
    size_t bytes = strcspn(reading->value, "=:;");
    if (reading->value[bytes] != '=') {
        options->post = reading->value;
        return check_chain(reading, reading->value, 0);
    }
    if (bytes == 0 || bytes >= CLEAVE_NAME_BYTES || options->post_count == CLEAVE_STEMS_MAX) {
        return option_refuse(reading->message, "option \"--post\" takes STEM=CHAIN, not \"%s\"",
                             reading->value);
    }
    snprintf(options->post_stems[options->post_count], CLEAVE_NAME_BYTES, "%.*s", (int)bytes,
             reading->value);
    options->post_chains[options->post_count++] = reading->value + bytes + 1;
    return check_chain(reading, reading->value + bytes + 1, 0);
}

/* "0.5" or "0.5/0.01" */
static int read_trim(const option_reading *reading)
{
    cli_options *options = reading->options;
    char seconds[32];
    option_reading part = *reading;
    options->trim = 1;
    options->trim_threshold = SILENCE_THRESHOLD;
    if (reading->value == NULL) {
        return 0;
    }
    size_t bytes = strcspn(reading->value, "/");
    snprintf(seconds, sizeof seconds, "%.*s", (int)(bytes < sizeof seconds ? bytes : 31),
             reading->value);
    part.value = seconds;
    if (option_read_number(&part, 0.0, 60.0, &options->trim_seconds) != 0) {
        return -1;
    }
    part.value = reading->value + bytes + 1;
    return reading->value[bytes] == '\0'
               ? 0
               : option_read_number(&part, 0.0, 1.0, &options->trim_threshold);
}

int option_apply_effects(const option_reading *reading, option_id id)
{
    cli_options *options = reading->options;
    switch (id) {
    case OPTION_PRE:
        options->pre = reading->value;
        return check_chain(reading, reading->value, 1);
    case OPTION_NORMALIZE:
        options->normalize = 1;
        options->normalize_lufs = NORMALIZE_LUFS;
        return reading->value == NULL
                   ? 0
                   : option_read_number(reading, -70.0, 0.0, &options->normalize_lufs);
    case OPTION_TRIM:
        return read_trim(reading);
    default:
        return read_post(reading);
    }
}
