/* spool.c: blocks of float samples kept on disk while they wait for a gain. */
#include "host/spool.h"

#include "host/nameless.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct sample_spool {
    int file;
};

int spool_open(sample_spool **opened, const char *folder)
{
    sample_spool *created = malloc(sizeof *created);
    if (created == NULL) {
        return -1;
    }
    created->file = nameless_open(folder);
    if (created->file < 0) {
        free(created);
        return -1;
    }
    *opened = created;
    return 0;
}

int spool_write(sample_spool *spool, const void *bytes, size_t count)
{
    const char *at = bytes;
    while (count > 0) {
        ssize_t written = write(spool->file, at, count);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return -1;
        }
        at += written;
        count -= (size_t)written;
    }
    return 0;
}

int spool_read(const sample_spool *spool, int64_t *place, void *bytes, size_t count)
{
    char *at = bytes;
    size_t wanted = count;
    while (count > 0) {
        ssize_t got = pread(spool->file, at, count, *place);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got == 0 && count == wanted) {
            return 0;
        }
        if (got <= 0) {
            errno = got == 0 ? EIO : errno;
            return -1;
        }
        at += got;
        *place += got;
        count -= (size_t)got;
    }
    return 1;
}

void spool_close(sample_spool **spool)
{
    if (*spool != NULL) {
        close((*spool)->file);
        free(*spool);
        *spool = NULL;
    }
}
