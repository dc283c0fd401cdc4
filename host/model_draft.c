/* model_draft.c: drafts, locked by the process that writes them. */
#include "host/model_draft.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX ".import-"
#define TRIES  100

/* Whether the name still is that of the file: its writer may have renamed it since it was opened,
 * and begun another one. */
static int is_name_of(int folder, const char *name, int file)
{
    struct stat opened, named;

    return fstat(file, &opened) == 0 && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* A draft that nobody has locked is nobody's any more. */
static void delete_left_ones(const model_store *store)
{
    DIR *const folder = opendir(store->folder);

    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
            continue;
        const int file =
            openat(dirfd(folder), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (file < 0)
            continue;
        if (flock(file, LOCK_EX | LOCK_NB) == 0 && is_name_of(dirfd(folder), entry->d_name, file))
            unlinkat(dirfd(folder), entry->d_name, 0);
        close(file);
    }
    if (folder)
        closedir(folder);
}

/* A new file that is locked, or -1 with errno. Between its making and its locking another process
 * may take it for one that was left, and delete it: then it is made again. */
static int create(model_draft *d)
{
    struct stat status;

    for (int i = 0; i < TRIES; i++) {
        snprintf(d->path, sizeof d->path, "%s/" PREFIX "%ld-%d", d->store->folder, (long)getpid(),
                 i);
        const int file = open(d->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file < 0 && errno != EEXIST)
            return -1;
        if (file < 0)
            continue;
        /* Where files cannot be locked, drafts stay as they are. */
        if ((flock(file, LOCK_EX) == 0 || errno == ENOLCK || errno == EOPNOTSUPP) &&
            fstat(file, &status) == 0 && status.st_nlink > 0)
            return file;
        close(file);
    }
    errno = EEXIST;
    return -1;
}

int model_draft_open(model_draft *draft, const model_store *store,
                     char message[CLEAVE_SENTENCE_BYTES])
{
    draft->store = store;
    if (!model_store_make_folder(store, message))
        return 0;
    delete_left_ones(store);
    const int file = create(draft);
    draft->stream = file < 0 ? NULL : fdopen(file, "wb");
    if (draft->stream)
        return 1;
    cleave_sentence(message, "%.150s: %s", store->folder, strerror(errno));
    if (file >= 0) {
        unlink(draft->path);
        close(file);
    }
    return 0;
}

int model_draft_write(void *draft, const void *bytes, size_t count)
{
    return fwrite(bytes, 1, count, ((model_draft *)draft)->stream) == count;
}

int model_draft_finish(model_draft *draft, const char *path, int ok,
                       char message[CLEAVE_SENTENCE_BYTES])
{
    const char *const folder_path = draft->store->folder;

    if (ok && (fflush(draft->stream) != 0 || fsync(fileno(draft->stream)) != 0))
        ok = cleave_sentence(message, "%.150s: %s", folder_path, strerror(errno));
    /* Renamed before it is closed: the lock ends with that. */
    if (ok && rename(draft->path, path) != 0)
        ok = cleave_sentence(message, "%.150s: %s", path, strerror(errno));
    if (!ok)
        unlink(draft->path);
    fclose(draft->stream);
    if (!ok)
        return 0;
    const int folder = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        fsync(folder);
        close(folder);
    }
    return 1;
}
