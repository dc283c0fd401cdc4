/* model_names.h: the names of models besides those that lie in a store: what can be pulled, and the
 * wide forms of Spleeter's. */
#ifndef CLEAVE_HOST_MODEL_NAMES_H
#define CLEAVE_HOST_MODEL_NAMES_H

#include "host/model_manifest.h"

#define MODEL_WIDE        "-16kHz"
#define MODEL_LABEL_BYTES (MODEL_NAME_BYTES + MODEL_VERSION_BYTES + 6) /* NAME-16kHz@VERSION */

/* Spleeter's networks take a spectrum of any width: NAME-16kHz is the model NAME, whose files it
 * has, with masks to 16 kHz. Its base, with the version if it has one: "spleeter:4stems@0123". 1,
 * or 0 for a name that does not end so. */
int model_names_base(const char *name, char base[MODEL_LABEL_BYTES]);

/* The official models, in the manifest's order, each of Spleeter's followed by its wide form. */
typedef struct model_names {
    int32_t count;
    char name[2 * MODEL_MANIFEST_FILES_MAX][MODEL_LABEL_BYTES];
} model_names;

void model_names_official(model_names *names);

/* The official model that a name means, as `cleave model pull` takes it: for a wide form its base.
 * 1, or 0 if there is none. */
int model_names_pulled(const char *name, char pulled[MODEL_LABEL_BYTES]);

#endif
