/* source_file.h: a whole file, mapped read-only. */
#ifndef CLEAVE_LOADER_SOURCE_FILE_H
#define CLEAVE_LOADER_SOURCE_FILE_H

#include "weights/sentence.h"

/* The bytes of a file that does not change while it is mapped: cleave replaces files, it never
 * writes into them. Who truncates one from outside ends the process that reads it, as for any
 * mapped file. */
typedef struct cleave_source_file {
    const void *bytes; /* page-aligned */
    size_t size;       /* >= 1 */
} cleave_source_file;

/* Maps the regular file at path, following links. 1, or 0 with one sentence (without the path) for
 * what is absent, not readable, no regular file, empty, or larger than CLEAVE_WEIGHTS_FILE_MAX. */
int cleave_source_file_open(cleave_source_file *file, const char *path,
                            char message[CLEAVE_SENTENCE_BYTES]);

/* The same for a file that is open; the mapping outlives the descriptor. */
int cleave_source_file_map(cleave_source_file *file, int descriptor,
                           char message[CLEAVE_SENTENCE_BYTES]);

/* Safe on one that is zero, and twice. */
void cleave_source_file_close(cleave_source_file *file);

#endif
