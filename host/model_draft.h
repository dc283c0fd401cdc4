/* model_draft.h: a file of the store in the making: invisible until all of it is on the disk. */
#ifndef CLEAVE_HOST_MODEL_DRAFT_H
#define CLEAVE_HOST_MODEL_DRAFT_H

#include <stdio.h>

#include "host/model_store.h"

typedef struct model_draft {
    const model_store *store;
    char path[MODEL_PATH_BYTES];
    FILE *stream;
} model_draft;

/* Begins one, ".import-PID-N" in the store's folder, which is made if it is absent, and deletes
 * those that processes have left that are no more. 1, or 0 with a sentence. */
int model_draft_open(model_draft *draft, const model_store *store,
                     char message[CLEAVE_SENTENCE_BYTES]);

/* A cleave_weights_sink whose context is a draft. */
int model_draft_write(void *draft, const void *bytes, size_t count);

/* Onto the disk, then under the name `path`, then the name onto the disk; 1. Or, unless `ok`, away,
 * leaving the sentence as it is; 0. */
int model_draft_finish(model_draft *draft, const char *path, int ok,
                       char message[CLEAVE_SENTENCE_BYTES]);

#endif
