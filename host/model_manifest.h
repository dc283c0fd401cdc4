/* model_manifest.h: which files the official models are, and where (weights/manifest.tsv). */
#ifndef CLEAVE_HOST_MODEL_MANIFEST_H
#define CLEAVE_HOST_MODEL_MANIFEST_H

#include "host/model_store.h"

#define MODEL_MANIFEST_FILES_MAX     64
#define MODEL_MANIFEST_FILE_BYTES    65 /* of a file's name with its NUL */
#define MODEL_MANIFEST_ADDRESS_BYTES 512

typedef struct model_manifest_file {
    char model[MODEL_NAME_BYTES];
    int32_t position; /* among the model's files, from 1 */
    char file[MODEL_MANIFEST_FILE_BYTES];
    char address[MODEL_MANIFEST_ADDRESS_BYTES];
    char sha256[65];        /* its first digits, 8 at least */
    int64_t bytes;          /* 0: unknown */
    double segment_seconds; /* of the bag; 0: as the files say */
    int32_t weight_count;   /* 0: all are 1 */
    double weight[BAG_SOURCES_MAX];
} model_manifest_file;

/* A model's files stand together, by position. */
typedef struct model_manifest {
    int32_t count;
    model_manifest_file files[MODEL_MANIFEST_FILES_MAX];
} model_manifest;

/* weights/manifest.tsv, which the build puts into the program. */
extern const char model_manifest_text[];

/* Reads a manifest. 1, or 0 with a sentence that names the line and the column. */
int model_manifest_read(model_manifest *manifest, const char *text,
                        char message[CLEAVE_SENTENCE_BYTES]);

/* The first file of a model, and how many it has; NULL if the manifest does not have it. */
const model_manifest_file *model_manifest_find(const model_manifest *manifest, const char *model,
                                               int32_t *count);

/* The names of the models, each once; returns how many. */
int32_t model_manifest_names(const model_manifest *manifest,
                             const char *names[MODEL_MANIFEST_FILES_MAX]);

#endif
