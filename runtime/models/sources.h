/* sources.h: the key "sources" of a weight file as the stems of its model. */
#ifndef CLEAVE_RUNTIME_SOURCES_H
#define CLEAVE_RUNTIME_SOURCES_H

#include "runtime/models/models.h"

/* Fills the stems of *model, all of them its default, and its one partition; names are kept in
 * `text`. 1, or 0 with a sentence: too many, one twice, or none that may be a file's name. */
int cleave_sources_describe(const cleave_table *table, cleave_model *model,
                            char text[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES],
                            char message[CLEAVE_SENTENCE_BYTES]);

#endif
