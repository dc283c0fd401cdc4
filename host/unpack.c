/* unpack.c: what of unpacking needs no library. */
#include "host/unpack.h"

#include <string.h>

int unpack_is_archive(const void *bytes, size_t size)
{
    static const unsigned char gzip[2] = {0x1f, 0x8b};
    const size_t magic_at = 257; /* POSIX.1-1988, ustar */

    if (size >= 2 && memcmp(bytes, gzip, 2) == 0) {
        return 1;
    }
    return size >= magic_at + 5 && memcmp((const char *)bytes + magic_at, "ustar", 5) == 0;
}

void unpack_close(unpacked *files)
{
    for (int32_t i = 0; i < files->count; i++) {
        cleave_source_file_close(&files->files[i].file);
    }
    files->count = 0;
}
