/* png_read_libpng.c: PNG files back into pixels. */
#include "tests/host/png_read.h"

#include <png.h>

int png_read(const png_bytes *encoded, picture *read)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, encoded->bytes, encoded->count)) {
        return -1;
    }
    image.format = PNG_FORMAT_RGB;
    if (picture_open(read, (int32_t)image.width, (int32_t)image.height, (colour){0, 0, 0}) != 0) {
        png_image_free(&image);
        return -1;
    }
    return png_image_finish_read(&image, NULL, read->pixels, 0, NULL) ? 0 : -1;
}
