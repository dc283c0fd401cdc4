/* unpack_archive.c: through libarchive, of which the tar reader and gzip alone are used. */
#include "host/unpack.h"

#include "host/nameless.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES 65536

/* An archive that is being read. */
typedef struct reading {
    const char *bytes;
    size_t size, at;
    const char *folder;
    int (*wanted)(const char *name);
    unpacked *files;
    int32_t entries;
    int64_t declared; /* bytes of the entries so far, as they say */
    int64_t written;  /* and as they were */
    int is_bomb;      /* they were more */
    char *message;
} reading;

static int refuse(const reading *r, struct archive *archive);
static int walk(reading *r, struct archive *archive);
static int take_entry(reading *r, struct archive *archive, struct archive_entry *entry);
static int unpack_file(reading *r, struct archive *archive, const char *name);

const char *unpack_backend(void)
{
    return "libarchive " ARCHIVE_VERSION_ONLY_STRING;
}

/* The next piece. An entry may lie about its length, so that passing over it would unpack for
 * hours: what came out so far is looked at between the pieces that go in. */
static la_ssize_t read_piece(struct archive *archive, void *context, const void **piece)
{
    reading *r = context;
    size_t bytes = r->size - r->at < PIECE_BYTES ? r->size - r->at : PIECE_BYTES;
    if (archive_filter_bytes(archive, 0) > UNPACK_BYTES_MAX) {
        r->is_bomb = 1;
        return ARCHIVE_FATAL;
    }
    *piece = r->bytes + r->at;
    r->at += bytes;
    return (la_ssize_t)bytes;
}

int unpack_archive(unpacked *files, const void *bytes, size_t size, const char *folder,
                   int (*wanted)(const char *name), char message[CLEAVE_SENTENCE_BYTES])
{
    reading r = {.bytes = bytes,
                 .size = size,
                 .folder = folder,
                 .wanted = wanted,
                 .files = files,
                 .message = message};
    struct archive *archive = archive_read_new();
    files->count = 0;
    if (archive == NULL || archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
        archive_read_support_format_tar(archive) != ARCHIVE_OK) {
        archive_read_free(archive);
        return cleave_sentence(message, "libarchive cannot be set up: it lacks gzip, or memory");
    }
    int ok = archive_read_open(archive, &r, NULL, read_piece, NULL) == ARCHIVE_OK
                 ? walk(&r, archive)
                 : refuse(&r, archive);
    archive_read_free(archive);
    if (!ok) {
        unpack_close(files);
    }
    return ok;
}

/* What libarchive says of a reader that gives no more is that the archive is cut off. */
static int refuse(const reading *r, struct archive *archive)
{
    const char *why = archive_error_string(archive);
    if (r->is_bomb) {
        return cleave_sentence(r->message, "it unpacks to more than %lld bytes",
                               (long long)UNPACK_BYTES_MAX);
    }
    return cleave_sentence(r->message, "the archive: %.200s", why != NULL ? why : "it is damaged");
}

static int walk(reading *r, struct archive *archive)
{
    struct archive_entry *entry;
    for (;;) {
        int status = archive_read_next_header(archive, &entry);
        if (status == ARCHIVE_EOF) {
            return 1;
        }
        /* It warns of names that are no text of this locale. */
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
            return refuse(r, archive);
        }
        if (!take_entry(r, archive, entry)) {
            return 0;
        }
    }
}

static int take_entry(reading *r, struct archive *archive, struct archive_entry *entry)
{
    const char *path = archive_entry_pathname(entry);
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    const char *name = slash != NULL ? slash + 1 : path != NULL ? path : "";
    int64_t bytes = archive_entry_size(entry);
    if (++r->entries > UNPACK_ENTRIES_MAX) {
        return cleave_sentence(r->message, "the archive has more than %d entries",
                               UNPACK_ENTRIES_MAX);
    }
    if (archive_entry_filetype(entry) == AE_IFDIR) {
        return 1;
    }
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != NULL) {
        return cleave_sentence(r->message,
                               "the archive's entry \"%.80s\" is no file but a link, "
                               "or a device",
                               name);
    }
    if (bytes < 0 || bytes > UNPACK_BYTES_MAX - r->declared) {
        return cleave_sentence(r->message,
                               "the archive's entry \"%.80s\": with it, it unpacks to more than "
                               "%lld bytes",
                               name, (long long)UNPACK_BYTES_MAX);
    }
    r->declared += bytes;
    return !r->wanted(name) || unpack_file(r, archive, name);
}

/* 1, 0 with a sentence. The archive may give more than the entry said. */
static int copy_data(reading *r, struct archive *archive, int file)
{
    char piece[PIECE_BYTES];
    la_ssize_t count;
    while ((count = archive_read_data(archive, piece, sizeof piece)) > 0) {
        r->written += count;
        if (r->written > UNPACK_BYTES_MAX) {
            return cleave_sentence(r->message, "it unpacks to more than %lld bytes",
                                   (long long)UNPACK_BYTES_MAX);
        }
        for (la_ssize_t done = 0; done < count;) {
            ssize_t one = write(file, piece + done, (size_t)(count - done));
            if (one < 0 && errno != EINTR) {
                return cleave_sentence(r->message, "%.150s: %s", r->folder, strerror(errno));
            }
            done += one > 0 ? one : 0;
        }
    }
    return count == 0 || refuse(r, archive);
}

static int unpack_file(reading *r, struct archive *archive, const char *name)
{
    char why[CLEAVE_SENTENCE_BYTES];
    unpacked_file *next = &r->files->files[r->files->count];
    for (int32_t i = 0; i < r->files->count; i++) {
        if (strcmp(r->files->files[i].name, name) == 0) {
            return cleave_sentence(r->message, "the archive has \"%.80s\" twice", name);
        }
    }
    if (r->files->count == UNPACK_FILES_MAX || strlen(name) >= sizeof next->name) {
        return cleave_sentence(r->message,
                               "the archive has more than %d files of a checkpoint, "
                               "or one of too long a name",
                               UNPACK_FILES_MAX);
    }
    int file = nameless_open(r->folder);
    if (file < 0) {
        return cleave_sentence(r->message, "%.150s: %s", r->folder, strerror(errno));
    }
    int ok = copy_data(r, archive, file);
    if (ok && !cleave_source_file_map(&next->file, file, why)) {
        ok = cleave_sentence(r->message, "the archive's \"%.80s\" %.150s", name, why);
    }
    close(file);
    if (ok) {
        strcpy(next->name, name);
        r->files->count++;
    }
    return ok;
}
