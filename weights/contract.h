/* contract.h: which tensors a model has, and of what shape, from its configuration. */
#ifndef CLEAVE_WEIGHTS_CONTRACT_H
#define CLEAVE_WEIGHTS_CONTRACT_H

#include "weights/format.h"
#include "weights/sentence.h"

/* One tensor; 0 stops the walk. `name` and `shape` live until it returns. */
typedef int (*cleave_contract_visit)(void *context, const char *name, uint32_t rank,
                                     const uint32_t *shape);

/* Visits every tensor of a model of this kind ("htdemucs", "hdemucs", "spleeter") and configuration
 * (weights/config_text.h), each once, in no order of interest. The keys of Demucs are the
 * constructor arguments of the official classes, with their defaults; `sources`, `channels`,
 * `depth`, `dconv_mode` and (htdemucs) `bottom_channels` must be there, since released files differ
 * from the defaults in them. Those of Spleeter are in weights/spleeter_arguments.h. Returns 1; 0
 * with one sentence for an unknown kind, a key out of range, or one whose value asks for a network
 * of another form; 0 with an empty sentence when visit() stopped. */
int cleave_contract_walk(const char *kind, const char *config, size_t config_bytes,
                         cleave_contract_visit visit, void *context,
                         char message[CLEAVE_SENTENCE_BYTES]);

/* The official models: what their checkpoints hold. The files of one model carry these signatures
 * before the dash of their name. */
typedef struct cleave_official {
    const char *name; /* "htdemucs" */
    const char *kind;
    const char *config;     /* as text */
    const char *signatures; /* 8 hexadecimal digits each, separated by spaces, in the bag's order */
} cleave_official;

/* The official model at an index; NULL past the last. */
const cleave_official *cleave_official_at(uint32_t index);

/* The official model that has this signature (8 digits), and its position among the model's files;
 * NULL if none. */
const cleave_official *cleave_official_find(const char *signature, uint32_t *position);

#endif
