/* png.h: pictures as PNG. */
#ifndef CLEAVE_HOST_PNG_H
#define CLEAVE_HOST_PNG_H

#include "host/picture.h"

#include <stddef.h>

#define PNG_MESSAGE_BYTES 256

/* "libpng 1.6.39", or NULL if this build has none. */
const char *png_backend(void);

/* A PNG file in memory. */
typedef struct png_bytes {
    unsigned char *bytes; /* malloc'ed */
    size_t count;
} png_bytes;

/* Encodes the picture; the caller frees encoded->bytes. Returns 0, or -1 with a sentence in message
 * and nothing to free. */
int png_encode(const picture *drawn, png_bytes *encoded, char message[PNG_MESSAGE_BYTES]);

#endif
