/* presets.h: effects and encoding for a use, by name. docs/processing.md says what each does. */
#ifndef CLEAVE_HOST_PRESETS_H
#define CLEAVE_HOST_PRESETS_H

#include "host/options.h"

#define PRESET_COUNT 3

/* The name of preset `index`. */
const char *presets_name(int32_t index);

/* The text of its effects, as --fx takes it. */
const char *presets_effects(int32_t index);

/* Sets what the preset says. Returns 0, or -1 with a sentence. */
int presets_apply(int32_t index, cli_options *options, char message[OPTIONS_MESSAGE_BYTES]);

#endif
