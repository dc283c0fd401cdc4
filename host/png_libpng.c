/* png_libpng.c: PNG through libpng. */
#include "host/png.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *png_backend(void)
{
    return "libpng " PNG_LIBPNG_VER_STRING;
}

int png_encode(const picture *drawn, png_bytes *encoded, char message[PNG_MESSAGE_BYTES])
{
    _Static_assert(sizeof(colour) == 3, "rows are handed over as they are");
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)drawn->width,
                       .height = (png_uint_32)drawn->height,
                       .format = PNG_FORMAT_RGB};
    png_alloc_size_t count = PNG_IMAGE_PNG_SIZE_MAX(image);
    unsigned char *bytes = malloc(count);
    if (bytes == NULL) {
        snprintf(message, PNG_MESSAGE_BYTES, "out of memory");
        return -1;
    }
    if (!png_image_write_to_memory(&image, bytes, &count, 0, drawn->pixels, 0, NULL)) {
        snprintf(message, PNG_MESSAGE_BYTES, "a picture cannot be encoded: %s", image.message);
        free(bytes);
        return -1;
    }
    *encoded = (png_bytes){.bytes = bytes, .count = count};
    return 0;
}
