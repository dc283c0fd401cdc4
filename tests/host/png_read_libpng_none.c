/* png_read_libpng_none.c: a build without libpng. */
#include "tests/host/png_read.h"

int png_read(const png_bytes *encoded, picture *read)
{
    (void)encoded;
    (void)read;
    return -1;
}
