/* import_spleeter.h: what the variables of a TensorFlow checkpoint say of a Spleeter network. */
#ifndef CLEAVE_LOADER_IMPORT_SPLEETER_H
#define CLEAVE_LOADER_IMPORT_SPLEETER_H

#include "loader/import.h"

/* Gives the import, whose tensors are sorted, its kind and configuration. 1, or 0 with a sentence
 * that names a tensor if they are not those of a Spleeter network, the first layer that is missing,
 * or the number of instruments if no official model has that many. */
int cleave_import_spleeter(cleave_import *import, char message[CLEAVE_SENTENCE_BYTES]);

/* Gives an import the kind and, but for the filters, the configuration of the published model of so
 * many instruments. 1, or 0 with a sentence if there is none. */
int cleave_import_spleeter_published(cleave_import *import, uint32_t instruments,
                                     char message[CLEAVE_SENTENCE_BYTES]);

#endif
