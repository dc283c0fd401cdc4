/* model_facts.h: what is known of a model, the engine's own or an installed one, before it is told
 * in words (model_show.c) or as JSON (json.h). */
#ifndef CLEAVE_HOST_MODEL_FACTS_H
#define CLEAVE_HOST_MODEL_FACTS_H

#include "host/model_open.h"

#define MODEL_MEMORY_ROWS 4

/* What separating a stereo track at the model's rate takes, all stems, default options. */
typedef struct model_memory {
    int32_t threads;
    size_t engine_bytes; /* the arena */
    size_t buffer_bytes; /* the host's blocks of samples */
} model_memory;

typedef struct model_facts {
    char name[MODEL_LABEL_BYTES];      /* as it was asked for, without a version */
    char entry[MODEL_NAME_BYTES];      /* what it is called in the store */
    char version[MODEL_VERSION_BYTES]; /* "": the engine's own, or a bag */
    char kind[CLEAVE_NAME_BYTES];      /* "center", "htdemucs", "bag" when it cannot be used */
    int is_built_in;
    int is_used;                         /* the version that the bare name means */
    char why_not[CLEAVE_SENTENCE_BYTES]; /* "": usable; else why not, and info is zero */
    char path[MODEL_PATH_BYTES];         /* of its file; "" if built in */
    char imported[32];                   /* "2024-05-01T12:00:00Z" */
    int64_t bytes;                       /* of all its files */
    cleave_model_info info;
    open_model *model; /* NULL unless installed and usable */
    int32_t memory_count;
    model_memory memory[MODEL_MEMORY_ROWS];
} model_facts;

/* Of the engine's own model number `index`; 0 past the last. */
int model_facts_built_in(model_facts *facts, int32_t index);

/* Of an entry of the store, which is opened; one that cannot be used says why. */
void model_facts_entry(model_facts *facts, const model_store *store, const model_entry *entry);

/* Of what NAME or NAME@VERSION means: the engine's own before the store's. 1, or 0 with a sentence.
 */
int model_facts_find(model_facts *facts, const model_store *store, const char *name,
                     char message[CLEAVE_SENTENCE_BYTES]);

/* Adds the memory for 1, 2, 4 and 8 threads; 1, or 0 with a sentence. */
int model_facts_measure(model_facts *facts, char message[CLEAVE_SENTENCE_BYTES]);

/* Seconds of its segments when none are asked for; 0 of the engine's own models. */
double model_facts_segment(const model_facts *facts);

/* "f32" or "f16": the type of a file's first tensor. */
const char *model_file_type(const cleave_table *table);

/* Safe on facts that are zero, and twice. */
void model_facts_free(model_facts *facts);

#endif
