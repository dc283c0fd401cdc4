/* png_libpng_none.c: a build without libpng. */
#include "host/png.h"

#include <stdio.h>

const char *png_backend(void)
{
    return NULL;
}

int png_encode(const picture *drawn, png_bytes *encoded, char message[PNG_MESSAGE_BYTES])
{
    (void)drawn;
    (void)encoded;
    snprintf(message, PNG_MESSAGE_BYTES,
             "pictures need the library libpng, which this build is without");
    return -1;
}
