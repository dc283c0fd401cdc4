/* loader.h: opens weight files (weights/format.h) and checkpoints, from a file or from memory. */
#ifndef CLEAVE_LOADER_LOADER_H
#define CLEAVE_LOADER_LOADER_H

#include "loader/import.h"
#include "loader/source_file.h"
#include "weights/config_text.h"
#include "weights/contract.h"
#include "weights/spleeter_arguments.h"
#include "weights/table.h"

/* A weight file that is open: a table, and what it points into. One thread opens and closes it; any
 * number read the table in between. */
typedef struct cleave_weights {
    cleave_table table;
    cleave_source_file file; /* zero when the weights lie in the caller's memory */
} cleave_weights;

/* Opens the weight file at path, or `size` bytes of memory or flash that outlive the weights and
 * begin on a 64-byte boundary. Every field is bounded, no checksum computed: the cost does not
 * depend on the data's size. 1, or 0 with one sentence, and *weights is closed. */
int cleave_weights_open(cleave_weights *weights, const char *path,
                        char message[CLEAVE_SENTENCE_BYTES]);
int cleave_weights_open_memory(cleave_weights *weights, const void *bytes, size_t size,
                               char message[CLEAVE_SENTENCE_BYTES]);

/* Reads the whole file: every tensor's checksum, then the SHA-256 of the file. 1, or 0 with one
 * sentence that names the first tensor that is damaged, or says that something else is. */
int cleave_weights_verify(const cleave_weights *weights, char message[CLEAVE_SENTENCE_BYTES]);

/* Safe on weights that are zero, and twice. */
void cleave_weights_close(cleave_weights *weights);

/* A checkpoint of either known format, told apart by its first bytes. `bytes` must outlive the
 * import. 1, or 0 with one sentence. */
int cleave_import_open(cleave_import *import, const void *bytes, size_t size,
                       char message[CLEAVE_SENTENCE_BYTES]);

#endif
