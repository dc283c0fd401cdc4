/* model_open.h: a model with weights, opened for use: its files mapped, its networks described.
 *
 * What is opened is read only: any number of engines, of any threads, may be built from it. */
#ifndef CLEAVE_HOST_MODEL_OPEN_H
#define CLEAVE_HOST_MODEL_OPEN_H

#include "host/model_names.h"
#include "runtime/cleave.h"

typedef struct open_model {
    char label[MODEL_LABEL_BYTES]; /* what it was asked for by: "htdemucs", "htdemucs@VERSION",
                                    * the base name of a file; fit for a folder's name */
    char
        version[MODEL_VERSION_BYTES]; /* of one network; "" for a bag, whose networks have theirs */
    char description[160];            /* one line */
    int64_t bytes;                    /* of all files */
    int32_t spectrum_bins;            /* that a wide form asks for; 0: the networks' own */
    double segment_seconds;           /* that a bag asks for; 0: the networks' own */
    cleave_network_info networks_info;
    cleave_model_info info; /* the same in the engine's words; borrows from this struct */
    int32_t network_count;
    char network_names[CLEAVE_NETWORKS_MAX][MODEL_LABEL_BYTES]; /* "f7e0c4bc@VERSION" */
    cleave_network networks[CLEAVE_NETWORKS_MAX];
    cleave_weights files[CLEAVE_NETWORKS_MAX];
} open_model;

/* What a name means in the store: as model_store_find(), and a wide form (model_names.h) that no
 * entry is called like means its base; *is_wide says so. */
int model_find(const model_store *store, const char *name, model_entry *entry, int *is_wide,
               char message[CLEAVE_SENTENCE_BYTES]);

/* Opens what NAME or NAME@VERSION means in the store: a model, perhaps in its wide form, or a bag
 * with the networks that it names. 1, or 0 with a sentence. */
int model_open_named(open_model **opened, const model_store *store, const char *name,
                     char message[CLEAVE_SENTENCE_BYTES]);

/* Opens a weight file wherever it lies. A checkpoint is refused with a sentence that says how it is
 * imported. */
int model_open_file(open_model **opened, const char *path, char message[CLEAVE_SENTENCE_BYTES]);

/* Weight files that are open, for a model that is called `label`: networks and their gains (NULL:
 * none), the segment of a bag (0: the networks' own), not 0: in its wide form. */
typedef struct model_parts {
    const char *label;
    int32_t count;
    cleave_weights *files;
    const float (*gains)[CLEAVE_STEMS_MAX];
    double segment_seconds;
    int is_wide;
} model_parts;

/* Opens a model of these. Takes the files over: they are closed with the model, or here if it
 * fails. */
int model_open_parts(open_model **opened, const model_parts *parts,
                     char message[CLEAVE_SENTENCE_BYTES]);

/* Whether a model's name is the path of a file: it has a slash, or ends as a weight file does. */
int model_is_path(const char *name);

/* The configuration of an engine for it: default but for what the model decides. */
void model_config(const open_model *model, cleave_config *config);

/* The engine keeps what it needs of the weights: their pages leave this process's resident set, and
 * come back by themselves when another engine is built. */
void model_drop_pages(const open_model *model);

/* Safe on a pointer to NULL. Engines that were built from it must be closed. */
void model_close(open_model **model);

#endif
