/* unpack.h: files out of a tar archive, as it is or compressed by gzip.
 *
 * What is unpacked lies in nameless files: no name of the archive is ever one of the disk, and
 * nothing is left behind. */
#ifndef CLEAVE_HOST_UNPACK_H
#define CLEAVE_HOST_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "loader/source_file.h"

#define UNPACK_ENTRIES_MAX 1000               /* of an archive */
#define UNPACK_BYTES_MAX   (INT64_C(1) << 30) /* of an archive without its compression */
#define UNPACK_FILES_MAX   80                 /* that are wanted */
#define UNPACK_NAME_BYTES  100

typedef struct unpacked_file {
    char name[UNPACK_NAME_BYTES]; /* the last part of its path */
    cleave_source_file file;
} unpacked_file;

typedef struct unpacked {
    int32_t count;
    unpacked_file files[UNPACK_FILES_MAX];
} unpacked;

/* Whether bytes begin as gzip does, or as a tar archive. */
int unpack_is_archive(const void *bytes, size_t size);

/* Unpacks the files whose names wanted() says 1 to, whatever their folders, into the file system of
 * `folder`. 1, or 0 with a sentence and nothing unpacked: an archive that is damaged or beyond the
 * limits above; a link, a device, or a wanted name twice in it; a full disk. */
int unpack_archive(unpacked *files, const void *bytes, size_t size, const char *folder,
                   int (*wanted)(const char *name), char message[CLEAVE_SENTENCE_BYTES]);

/* Safe on what is zero, and twice. */
void unpack_close(unpacked *files);

/* "libarchive 3.6.2", or NULL if this build has none: then unpack_archive() refuses. */
const char *unpack_backend(void);

#endif
