/* config_arguments.h: arguments of a network, read from its configuration with their defaults and
 * bounds. Every function gives 1, or 0 with a sentence that names the key. */
#ifndef CLEAVE_WEIGHTS_CONFIG_ARGUMENTS_H
#define CLEAVE_WEIGHTS_CONFIG_ARGUMENTS_H

#include "weights/config_text.h"
#include "weights/sentence.h"

typedef struct cleave_arguments {
    const char *config;
    size_t config_bytes;
    char *message; /* [CLEAVE_SENTENCE_BYTES] */
} cleave_arguments;

#define CLEAVE_ARGUMENT_REQUIRED (-1)

/* A whole number; `otherwise`, a default that is not negative, or CLEAVE_ARGUMENT_REQUIRED. */
int cleave_argument_integer(const cleave_arguments *from, const char *key, int64_t otherwise,
                            int64_t min, int64_t max, int64_t *value);

int cleave_argument_number(const cleave_arguments *from, const char *key, double otherwise,
                           double min, double max, double *value);

/* How many names `sources` lists, at least 1: it must be there. */
int cleave_argument_sources(const cleave_arguments *from, int64_t *count);

#endif
