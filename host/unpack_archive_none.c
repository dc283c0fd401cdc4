/* unpack_archive_none.c: a build without libarchive. */
#include "host/unpack.h"

const char *unpack_backend(void)
{
    return NULL;
}

int unpack_archive(unpacked *files, const void *bytes, size_t size, const char *folder,
                   int (*wanted)(const char *name), char message[CLEAVE_SENTENCE_BYTES])
{
    (void)bytes;
    (void)size;
    (void)folder;
    (void)wanted;
    files->count = 0;
    return cleave_sentence(message,
                           "archives need the library libarchive, which this build is without: "
                           "unpack it, and import the folder");
}
