/* nameless.c: files without a name. */
#include "host/nameless.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A file system without O_TMPFILE gets a named file whose name is removed at once. */
int nameless_open(const char *folder)
{
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 ||
        (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT)) {
        return file;
    }
    char *path = NULL;
    if (asprintf(&path, "%s/.cleave-nameless-XXXXXX", folder) < 0) {
        return -1;
    }
    file = mkostemp(path, O_CLOEXEC);
    if (file >= 0) {
        unlink(path);
    }
    free(path);
    return file;
}
