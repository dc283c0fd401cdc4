/* choose.h: which model separates a track, and why; and what the engine is asked for. */
#ifndef CLEAVE_HOST_CHOOSE_H
#define CLEAVE_HOST_CHOOSE_H

#include "host/options.h"
#include "runtime/cleave.h"

#define CHOICE_REASON_BYTES 160

typedef struct model_choice {
    cleave_model_info info;
    char method[CLEAVE_NAME_BYTES];   /* the family: "center", "demucs", "spleeter" */
    char reason[CHOICE_REASON_BYTES]; /* a clause: "asked for with --model" */
} model_choice;

/* Whether the options ask for something that exists: the model, its stems, the device, the
 * precision. Returns 0, or -1 with a sentence, which suggests the nearest name. */
int choose_check(const cli_options *options, char message[OPTIONS_MESSAGE_BYTES]);

/* The model for a track of this rate and these channels. "auto" takes the first model of the
 * engine's list that needs weights and has them, else "center". Returns 0, or -1 with a sentence.
 */
int choose_model(const cli_options *options, int32_t rate_hz, int32_t channels,
                 model_choice *choice, char message[OPTIONS_MESSAGE_BYTES]);

/* The configuration of the engine; it borrows the strings of the options and of the choice. */
void choose_config(const cli_options *options, const cleave_model_info *info, int32_t rate_hz,
                   int32_t channels, int32_t threads, cleave_config *config);

/* Whether centre extraction meets a track that has no sides. */
int choose_is_mono_center(const model_choice *choice, int32_t channels);

/* Names of all models that need weights, with commas; empty if this version has none. */
void choose_weighted_models(char *list, size_t bytes);

#endif
