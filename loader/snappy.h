/* snappy.h: raw snappy streams. Source: format_description.txt of the snappy project. */
#ifndef CLEAVE_LOADER_SNAPPY_H
#define CLEAVE_LOADER_SNAPPY_H

#include <stddef.h>

#include "weights/sentence.h"

#define CLEAVE_SNAPPY_BYTES_MAX (64u << 20) /* of what a stream decodes to */

/* Decodes a whole stream into malloc'ed memory, which the caller frees: *out_bytes of it, as many
 * as the stream declares. A declared length that a stream of this size cannot reach is refused
 * before memory is taken. NULL with a sentence. */
unsigned char *cleave_snappy_decode(const void *bytes, size_t size, size_t *out_bytes,
                                    char message[CLEAVE_SENTENCE_BYTES]);

#endif
