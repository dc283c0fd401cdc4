/* model_pull.h: official models, from their address into the store. */
#ifndef CLEAVE_HOST_MODEL_PULL_H
#define CLEAVE_HOST_MODEL_PULL_H

#include "host/model_manifest.h"

typedef enum model_pull_status {
    MODEL_PULL_DONE,
    MODEL_PULL_ALREADY, /* there is nothing to do */
    MODEL_PULL_FAILED,
    MODEL_PULL_STOPPED /* by progress() */
} model_pull_status;

/* Of the file on its way: the index-th of count, from 1. */
typedef struct model_pull_progress {
    const char *file;
    int32_t index, count;
    int64_t bytes, total; /* that are there; of the whole, -1: unknown */
} model_pull_progress;

typedef struct model_pull_options {
    const char *mirror;              /* base address in place of the official ones; NULL: none */
    int force;                       /* also what is there already */
    int32_t retry_ms, stall_seconds; /* as in download.h */
    void *context;
    int (*progress)(void *context, const model_pull_progress *progress); /* often; 0 stops */
} model_pull_options;

/* Downloads the files of a model of the manifest that the store lacks, into the store's folder
 * under invisible names (".FILE.part"), compares their SHA-256, and when all of them are there and
 * right imports them and deletes the downloads. Of a model of several files, or with a segment,
 * each file is stored under the part of its name before the dash, and the model is a bag of them,
 * which comes last. *entry says what was made or was there already.
 *
 * MODEL_PULL_FAILED and MODEL_PULL_STOPPED come with a sentence. A download that broke or was
 * stopped stays, and the next pull goes on there; one that is wrong, or for which there is no
 * room, is deleted. Any number of processes may pull at once; of one file, one: the others fail. */
model_pull_status model_pull(const model_store *store, const model_manifest *manifest,
                             const char *name, const model_pull_options *options,
                             model_entry *entry, char message[CLEAVE_SENTENCE_BYTES]);

#endif
