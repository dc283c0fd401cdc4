/* zip.c: reads a ZIP archive's central directory. */
#include "loader/zip.h"

#include <stdlib.h>
#include <string.h>

#include "weights/crc32.h"
#include "weights/sentence.h"

#define END_BYTES      22
#define LOCATOR_BYTES  20
#define END64_BYTES    56
#define CENTRAL_BYTES  46
#define LOCAL_BYTES    30
#define COMMENT_MAX    65535
#define FLAG_ENCRYPTED 1u
#define ALL_ONES_16    0xFFFFu
#define ALL_ONES_32    0xFFFFFFFFu

typedef struct archive {
    const unsigned char *bytes;
    uint64_t size;
    char *message;
} archive;

typedef struct directory {
    uint64_t offset, bytes, count;
} directory;

static uint32_t u16(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32(const unsigned char *p)
{
    return u16(p) | u16(p + 2) << 16;
}

static uint64_t u64(const unsigned char *p)
{
    return u32(p) | (uint64_t)u32(p + 4) << 32;
}

static int within(const archive *a, uint64_t offset, uint64_t bytes)
{
    return offset <= a->size && bytes <= a->size - offset;
}

/* The ZIP64 end record, found through the locator just before the plain one at `end`. */
static int find_directory64(const archive *a, uint64_t end, directory *d)
{
    const unsigned char *p;
    uint64_t offset;

    if (end < LOCATOR_BYTES || u32(a->bytes + end - LOCATOR_BYTES) != 0x07064B50)
        return cleave_sentence(a->message, "zip: the ZIP64 locator is missing");
    offset = u64(a->bytes + end - LOCATOR_BYTES + 8);
    if (!within(a, offset, END64_BYTES) || u32(p = a->bytes + offset) != 0x06064B50)
        return cleave_sentence(a->message,
                               "zip: the ZIP64 end record is not where its locator says");
    if (u64(p + 24) != u64(p + 32))
        return cleave_sentence(a->message, "zip: the archive is one of several disks");
    d->count = u64(p + 32);
    d->bytes = u64(p + 40);
    d->offset = u64(p + 48);
    return 1;
}

static int find_directory(const archive *a, directory *d)
{
    uint64_t lowest, end;

    if (a->size < END_BYTES)
        return cleave_sentence(a->message, "zip: %llu bytes are too few for an archive",
                               (unsigned long long)a->size);
    lowest = a->size > END_BYTES + COMMENT_MAX ? a->size - END_BYTES - COMMENT_MAX : 0;
    for (end = a->size - END_BYTES;; end--) {
        const unsigned char *p = a->bytes + end;
        if (u32(p) == 0x06054B50 && u16(p + 20) == a->size - end - END_BYTES)
            break;
        if (end == lowest)
            return cleave_sentence(
                a->message,
                "zip: no end of central directory; the file is truncated or no archive");
    }
    if (u16(a->bytes + end + 4) != u16(a->bytes + end + 6) ||
        u16(a->bytes + end + 8) != u16(a->bytes + end + 10))
        return cleave_sentence(a->message, "zip: the archive is one of several disks");
    d->count = u16(a->bytes + end + 10);
    d->bytes = u32(a->bytes + end + 12);
    d->offset = u32(a->bytes + end + 16);
    if (d->count == ALL_ONES_16 || d->bytes == ALL_ONES_32 || d->offset == ALL_ONES_32)
        if (!find_directory64(a, end, d))
            return 0;
    if (!within(a, d->offset, d->bytes) || d->offset + d->bytes > end)
        return cleave_sentence(a->message, "zip: the central directory lies outside the file");
    if (d->count > CLEAVE_ZIP_ENTRIES_MAX || d->count > d->bytes / CENTRAL_BYTES)
        return cleave_sentence(a->message, "zip: %llu entries do not fit its directory",
                               (unsigned long long)d->count);
    return 1;
}

/* Replaces all-ones fields by the values of extra field 1, in the order size, compressed size,
 * offset. */
static int apply_extra64(const archive *a, const unsigned char *extra, uint32_t bytes,
                         uint64_t value[3])
{
    while (bytes >= 4) {
        const uint32_t id = u16(extra), length = u16(extra + 2);
        if (length > bytes - 4)
            break;
        if (id == 1) {
            uint32_t at = 0;
            for (int i = 0; i < 3; i++) {
                if (value[i] != ALL_ONES_32)
                    continue;
                if (length - at < 8)
                    return cleave_sentence(a->message, "zip: a ZIP64 field is too short");
                value[i] = u64(extra + 4 + at);
                at += 8;
            }
            return 1;
        }
        extra += 4 + length;
        bytes -= 4 + length;
    }
    return value[0] != ALL_ONES_32 && value[1] != ALL_ONES_32 && value[2] != ALL_ONES_32
               ? 1
               : cleave_sentence(a->message, "zip: a ZIP64 field is missing");
}

/* Where the directory says the entry lies: its local header agrees in name and method, and its data
 * fit the file. */
static int read_local(const archive *a, uint64_t offset, cleave_zip_entry *e)
{
    const int shown = cleave_sentence_quote(e->name_bytes);
    const unsigned char *local;
    uint64_t start;

    if (!within(a, offset, LOCAL_BYTES) || u32(local = a->bytes + offset) != 0x04034B50)
        return cleave_sentence(a->message,
                               "zip: entry \"%.*s\" has no local header where the directory says",
                               shown, e->name);
    start = offset + LOCAL_BYTES + u16(local + 26) + u16(local + 28);
    if (!within(a, start, e->bytes))
        return cleave_sentence(a->message, "zip: entry \"%.*s\" runs past the end of the file",
                               shown, e->name);
    if (u16(local + 26) != e->name_bytes ||
        memcmp(local + LOCAL_BYTES, e->name, e->name_bytes) != 0)
        return cleave_sentence(
            a->message, "zip: entry \"%.*s\" has another name in its local header", shown, e->name);
    if (u16(local + 6) & FLAG_ENCRYPTED || u16(local + 8) != 0)
        return cleave_sentence(a->message,
                               "zip: entry \"%.*s\" is encrypted or compressed by its local header",
                               shown, e->name);
    e->header = offset;
    e->data = a->bytes + start;
    return 1;
}

/* Reads the directory record at *p, and advances past it. */
static int read_entry(const archive *a, const unsigned char **p, const unsigned char *end,
                      cleave_zip_entry *e)
{
    const unsigned char *record = *p;
    uint64_t value[3]; /* size, compressed size, offset */
    uint32_t extra, comment;
    int shown;

    if (end - record < CENTRAL_BYTES || u32(record) != 0x02014B50)
        return cleave_sentence(a->message, "zip: a directory record is damaged");
    e->name = (const char *)record + CENTRAL_BYTES;
    e->name_bytes = u16(record + 28);
    extra = u16(record + 30);
    comment = u16(record + 32);
    if ((uint64_t)(end - record) < (uint64_t)CENTRAL_BYTES + e->name_bytes + extra + comment)
        return cleave_sentence(a->message, "zip: a directory record runs past the directory");
    shown = cleave_sentence_quote(e->name_bytes);
    e->crc32 = u32(record + 16);
    value[0] = u32(record + 24);
    value[1] = u32(record + 20);
    value[2] = u32(record + 42);
    if (!apply_extra64(a, record + CENTRAL_BYTES + e->name_bytes, extra, value))
        return 0;
    if (u16(record + 8) & FLAG_ENCRYPTED)
        return cleave_sentence(a->message, "zip: entry \"%.*s\" is encrypted", shown, e->name);
    if (u16(record + 10) != 0 || value[0] != value[1])
        return cleave_sentence(a->message,
                               "zip: entry \"%.*s\" is compressed; checkpoints store their entries",
                               shown, e->name);
    e->bytes = value[0];
    *p = record + CENTRAL_BYTES + e->name_bytes + extra + comment;
    return read_local(a, value[2], e);
}

static int compare_entries(const void *x, const void *y)
{
    const cleave_zip_entry *a = x, *b = y;
    const int order =
        memcmp(a->name, b->name, a->name_bytes < b->name_bytes ? a->name_bytes : b->name_bytes);

    return order ? order : (a->name_bytes > b->name_bytes) - (a->name_bytes < b->name_bytes);
}

static int compare_places(const void *x, const void *y)
{
    const cleave_zip_entry *a = x, *b = y;

    return (a->header > b->header) - (a->header < b->header);
}

/* Entries that share bytes make a small archive look large. */
static int check_places(const archive *a, const directory *d, cleave_zip *zip)
{
    uint64_t end = 0;

    qsort(zip->entries, zip->count, sizeof *zip->entries, compare_places);
    for (uint32_t i = 0; i < zip->count; i++) {
        const cleave_zip_entry *e = &zip->entries[i];
        if (e->header < end)
            return cleave_sentence(a->message, "zip: entry \"%.*s\" overlaps the one before it",
                                   cleave_sentence_quote(e->name_bytes), e->name);
        end = (uint64_t)(e->data - a->bytes) + e->bytes;
        if (end > d->offset)
            return cleave_sentence(a->message, "zip: entry \"%.*s\" overlaps the directory",
                                   cleave_sentence_quote(e->name_bytes), e->name);
    }
    return 1;
}

static int read_entries(const archive *a, const directory *d, cleave_zip *zip)
{
    const unsigned char *p = a->bytes + d->offset, *end = p + d->bytes;

    for (; zip->count < d->count; zip->count++)
        if (!read_entry(a, &p, end, &zip->entries[zip->count]))
            return 0;
    if (p != end)
        return cleave_sentence(a->message, "zip: the directory goes on after its %u entries",
                               zip->count);
    if (!check_places(a, d, zip))
        return 0;
    qsort(zip->entries, zip->count, sizeof *zip->entries, compare_entries);
    for (uint32_t i = 1; i < zip->count; i++)
        if (compare_entries(&zip->entries[i - 1], &zip->entries[i]) == 0)
            return cleave_sentence(a->message, "zip: entry \"%.*s\" appears twice",
                                   cleave_sentence_quote(zip->entries[i].name_bytes),
                                   zip->entries[i].name);
    return 1;
}

int cleave_zip_open(cleave_zip *zip, const void *bytes, size_t size, char *message)
{
    const archive a = {bytes, size, message};
    directory d = {0};

    *zip = (cleave_zip){0};
    if (!find_directory(&a, &d))
        return 0;
    zip->entries = calloc(d.count ? d.count : 1, sizeof *zip->entries);
    if (!zip->entries)
        return cleave_sentence(message, "zip: no memory for %llu directory entries",
                               (unsigned long long)d.count);
    if (read_entries(&a, &d, zip))
        return 1;
    cleave_zip_close(zip);
    return 0;
}

void cleave_zip_close(cleave_zip *zip)
{
    free(zip->entries);
    *zip = (cleave_zip){0};
}

const cleave_zip_entry *cleave_zip_find(cleave_zip *zip, const char *name, size_t name_bytes,
                                        char *message)
{
    const cleave_zip_entry key = {.name = name, .name_bytes = (uint32_t)name_bytes};
    cleave_zip_entry *entry =
        bsearch(&key, zip->entries, zip->count, sizeof *zip->entries, compare_entries);
    const int shown = cleave_sentence_quote(name_bytes);

    if (!entry) {
        cleave_sentence(message, "zip: entry \"%.*s\" is missing", shown, name);
        return NULL;
    }
    if (!entry->verified && cleave_crc32(0, entry->data, entry->bytes) != entry->crc32) {
        cleave_sentence(message, "zip: entry \"%.*s\" is damaged: its checksum does not match",
                        shown, name);
        return NULL;
    }
    entry->verified = 1;
    return entry;
}
