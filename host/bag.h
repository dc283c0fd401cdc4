/* bag.h: a model that is the weighted sum of several networks. */
#ifndef CLEAVE_HOST_BAG_H
#define CLEAVE_HOST_BAG_H

#include <stddef.h>
#include <stdint.h>

#include "loader/source_file.h"

#define BAG_MODELS_MAX  16
#define BAG_SOURCES_MAX 16
#define BAG_NAME_BYTES  80
#define BAG_FILE_BYTES  65536 /* of a bag file; a larger one is refused */

/* Model m has weight[m][s] in source s; the sums over the models are not 0. */
typedef struct bag {
    int32_t model_count,
        source_count; /* source_count is 0 when the file gives no weights: all are 1 */
    char model[BAG_MODELS_MAX][BAG_NAME_BYTES];
    double weight[BAG_MODELS_MAX][BAG_SOURCES_MAX];
    double segment_seconds; /* 0: as the models say */
} bag;

/* Reads a bag as Demucs has it: YAML with the keys `models` (a list of signatures), `weights` (a
 * list of lists) and `segment`. 1, or 0 with a sentence; also when this build has no YAML library.
 */
int bag_read_yaml(bag *b, const char *text, size_t bytes, char message[CLEAVE_SENTENCE_BYTES]);

/* "libyaml", or NULL if this build has none. */
const char *bag_yaml_backend(void);

/* The store's own form (docs/models.md). bag_write_text() returns the length, at most
 * BAG_FILE_BYTES. */
int bag_read_text(bag *b, const char *text, size_t bytes, char message[CLEAVE_SENTENCE_BYTES]);
size_t bag_write_text(const bag *b, char text[BAG_FILE_BYTES]);

/* Shared by both readers: refuses a bag without models, with one twice, or whose weights of a
 * source sum to 0. */
int bag_check(bag *b, char message[CLEAVE_SENTENCE_BYTES]);

/* A decimal number as either file has it: digits, perhaps a sign before and a point among them. */
int bag_number(const char *text, double *value);

#endif
