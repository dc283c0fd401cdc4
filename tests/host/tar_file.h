/* tar_file.h: tar archives for tests, also such as no tool would write. */
#ifndef CLEAVE_TESTS_HOST_TAR_FILE_H
#define CLEAVE_TESTS_HOST_TAR_FILE_H

#include <stddef.h>

/* Bytes that grow; start from zero. */
typedef struct tar_file {
    unsigned char *bytes;
    size_t count, room;
} tar_file;

void tar_put(tar_file *tar, const void *bytes, size_t count);

/* A header block (POSIX.1-1988) that claims so many bytes; type is '0' for a file, '1' and '2' for
 * links, '5' for a folder. */
void tar_header(tar_file *tar, const char *name, char type, size_t claimed);

/* A file: header, bytes, padding. */
void tar_add(tar_file *tar, const char *name, const void *bytes, size_t count);

/* The two blocks at the end. */
void tar_end(tar_file *tar);

/* All so far becomes one member of a gzip file (RFC 1952), stored without compression. */
void tar_gzip(tar_file *tar);

/* Adds members of a gzip file that unpack to zeros, 16 MiB each, from 103 KiB each. */
void tar_gzip_zeros(tar_file *tar, int members);

void tar_free(tar_file *tar);

#endif
