/* system_file.h: small text files of the kernel. */
#ifndef CLEAVE_HOST_SYSTEM_FILE_H
#define CLEAVE_HOST_SYSTEM_FILE_H

#include <stddef.h>

/* Reads the start of a file, NUL-terminated and without the last newline, into text; the path is a
 * printf format. Returns 0, and an empty text, if the file cannot be read. */
int system_file_read(char *text, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
