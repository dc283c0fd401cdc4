/* png_read.h: PNG files back into pixels, by another part of libpng than the one that wrote them.
 */
#ifndef CLEAVE_TESTS_HOST_PNG_READ_H
#define CLEAVE_TESTS_HOST_PNG_READ_H

#include "host/png.h"

/* Decodes into *read, which picture_free() frees. Returns 0, or -1 for what is no PNG, and in a
 * build without libpng. */
int png_read(const png_bytes *encoded, picture *read);

#endif
