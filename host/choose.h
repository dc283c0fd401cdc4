/* choose.h: which model separates a track, and why; and what the engine is asked for. */
#ifndef CLEAVE_HOST_CHOOSE_H
#define CLEAVE_HOST_CHOOSE_H

#include "host/model_open.h"
#include "host/options.h"
#include "runtime/cleave.h"

#define CHOICE_REASON_BYTES 400

/* What the tracks of a batch can be separated by, besides the engine's own models. */
typedef struct model_shelf {
    open_model *model;   /* that asked for, or that "auto" prefers; NULL: none */
    open_model *flowing; /* for "auto", the first that need not know the whole track, if model does;
                          * NULL: none */
    char why_not[CHOICE_REASON_BYTES]; /* "auto" without Demucs: why */
} model_shelf;

/* Finds and opens the model that the options name: an installed one, a file, or for "auto" the
 * first installed one that can run with these options, in the order of docs/models.md. Returns 0,
 * or -1 with a sentence, which suggests the nearest name, or how to install the model. The shelf
 * must outlive all that is chosen from it. */
int choose_open(model_shelf *shelf, const cli_options *options,
                char message[OPTIONS_MESSAGE_BYTES]);

/* Safe on one that is zero, and twice. */
void choose_close(model_shelf *shelf);

/* What a track is, as far as the choice depends on it. */
typedef struct track_shape {
    int32_t rate_hz, channels;
    int must_flow; /* stems go down a pipe while the track comes from one */
} track_shape;

typedef struct model_choice {
    cleave_model_info info;
    const open_model *model;          /* NULL: the engine's own, without weights */
    char kind[CLEAVE_NAME_BYTES];     /* "center", "htdemucs" */
    char method[CLEAVE_NAME_BYTES];   /* the family: "center", "demucs", "spleeter" */
    char reason[CHOICE_REASON_BYTES]; /* a clause: "asked for with --model" */
} model_choice;

/* Whether the options ask for something that exists: stems of the model, its segments, the device,
 * the precision. Returns 0, or -1 with a sentence, which suggests the nearest name. */
int choose_check(const model_shelf *shelf, const cli_options *options,
                 char message[OPTIONS_MESSAGE_BYTES]);

/* The model for a track. "auto" takes one of the shelf for mono and stereo, else "center". Returns
 * 0, or -1 with a sentence. */
int choose_model(const model_shelf *shelf, const cli_options *options, const track_shape *track,
                 model_choice *choice, char message[OPTIONS_MESSAGE_BYTES]);

/* The configuration of the engine; it borrows the strings of the options and of the choice.
 * rate_hz and channels are of the track. */
void choose_config(const cli_options *options, const model_choice *choice, int32_t rate_hz,
                   int32_t channels, int32_t threads, cleave_config *config);

/* Whether centre extraction meets a track that has no sides. */
int choose_is_mono_center(const model_choice *choice, int32_t channels);

/* The family of a model: "center" of "center:naive", "demucs" of all kinds of Demucs. */
void choose_method(const char *kind, char method[CLEAVE_NAME_BYTES]);

#endif
