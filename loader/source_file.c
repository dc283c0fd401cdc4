/* source_file.c: mapping through POSIX. */
#include "loader/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weights/format.h"

int cleave_source_file_map(cleave_source_file *file, int descriptor,
                           char message[CLEAVE_SENTENCE_BYTES])
{
    struct stat status;
    void *bytes;

    *file = (cleave_source_file){0};
    if (fstat(descriptor, &status) != 0)
        return cleave_sentence(message, "cannot be examined: %s", strerror(errno));
    if (!S_ISREG(status.st_mode))
        return cleave_sentence(message, "is no regular file");
    if (status.st_size == 0)
        return cleave_sentence(message, "is empty");
    if ((uint64_t)status.st_size > CLEAVE_WEIGHTS_FILE_MAX ||
        (uint64_t)status.st_size > SIZE_MAX / 2)
        return cleave_sentence(message, "has %lld bytes, more than the limit",
                               (long long)status.st_size);
    bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes == MAP_FAILED)
        return cleave_sentence(message, "cannot be mapped: %s", strerror(errno));
    file->bytes = bytes;
    file->size = (size_t)status.st_size;
    return 1;
}

int cleave_source_file_open(cleave_source_file *file, const char *path,
                            char message[CLEAVE_SENTENCE_BYTES])
{
    /* Without O_NONBLOCK, opening a FIFO would wait for a writer. */
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int ok;

    *file = (cleave_source_file){0};
    if (descriptor < 0)
        return cleave_sentence(message, "cannot be opened: %s", strerror(errno));
    ok = cleave_source_file_map(file, descriptor, message);
    close(descriptor);
    return ok;
}

void cleave_source_file_close(cleave_source_file *file)
{
    if (file->bytes)
        munmap((void *)file->bytes, file->size);
    *file = (cleave_source_file){0};
}
