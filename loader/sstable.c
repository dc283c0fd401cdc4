/* sstable.c: walks the entries of a table, bounded. */
#include "loader/sstable.h"

#include <stdlib.h>
#include <string.h>

#include "loader/protobuf.h"
#include "loader/snappy.h"
#include "weights/crc32.h"

#define FOOTER_BYTES  48
#define HANDLES_BYTES 40
#define TRAILER_BYTES 5 /* compression, checksum */

typedef struct handle {
    uint64_t offset, bytes;
} handle;

typedef struct table {
    const unsigned char *bytes;
    uint64_t end; /* where the footer begins */
    char *message;
} table;

/* The entries of a block, one after another; and the last key, which outlives a block. */
typedef struct cursor {
    uint64_t offset; /* of the block, for sentences */
    unsigned char *decoded;
    const unsigned char *start, *at, *end; /* the restart array begins at end */
    uint32_t restart, restart_count;       /* the next one, of how many */
    int has_key;
    uint32_t key_bytes;
    char key[CLEAVE_SSTABLE_KEY_MAX];
    const unsigned char *value;
    uint32_t value_bytes;
} cursor;

static uint32_t u32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t cleave_sstable_mask(uint32_t crc32c)
{
    return (crc32c >> 15 | crc32c << 17) + 0xA282EAD8u;
}

int cleave_sstable_like(const void *bytes, size_t size)
{
    static const unsigned char magic[8] = {0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB};

    return size >= FOOTER_BYTES &&
           memcmp((const unsigned char *)bytes + size - sizeof magic, magic, sizeof magic) == 0;
}

static int read_handle(const unsigned char **at, const unsigned char *end, handle *h)
{
    return cleave_varint64(at, end, &h->offset) && cleave_varint64(at, end, &h->bytes);
}

static int damaged(const table *t, const cursor *c, const char *what)
{
    return cleave_sentence(t->message, "index: the block at byte %llu: %s",
                           (unsigned long long)c->offset, what);
}

/* The contents of a block, decoded if need be, and its restart array. */
static int open_contents(const table *t, cursor *c, const unsigned char *contents, size_t bytes)
{
    if (bytes < 4)
        return damaged(t, c, "too short for a restart array");
    c->restart_count = u32(contents + bytes - 4);
    if (c->restart_count == 0 || c->restart_count > (bytes - 4) / 4)
        return damaged(t, c, "its restart array does not fit into it");
    c->start = c->at = contents;
    c->end = contents + bytes - 4 - 4 * (size_t)c->restart_count;
    c->restart = 0;
    /* Without entries there is nothing to restart at; writers leave one restart, at 0. */
    if (c->at == c->end && c->restart_count == 1 && u32(c->end) == 0)
        c->restart = 1;
    return 1;
}

static int open_block(const table *t, cursor *c, handle h)
{
    size_t bytes = (size_t)h.bytes;

    c->offset = h.offset;
    c->decoded = NULL;
    if (h.offset > t->end || h.bytes > t->end - h.offset ||
        t->end - h.offset - h.bytes < TRAILER_BYTES)
        return cleave_sentence(t->message,
                               "index: a block of %llu bytes at byte %llu leaves the file",
                               (unsigned long long)h.bytes, (unsigned long long)h.offset);
    const unsigned char *const block = t->bytes + h.offset;
    if (cleave_sstable_mask(cleave_crc32c(0, block, bytes + 1)) != u32(block + bytes + 1))
        return damaged(t, c, "its checksum does not match");
    if (block[bytes] == 0)
        return open_contents(t, c, block, bytes);
    if (block[bytes] != 1)
        return damaged(t, c, "neither plain nor compressed by snappy");
    c->decoded = cleave_snappy_decode(block, bytes, &bytes, t->message);
    return c->decoded && open_contents(t, c, c->decoded, bytes);
}

static void close_block(cursor *c)
{
    free(c->decoded);
    c->decoded = NULL;
}

static int compare(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    const int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);

    return order ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

/* The entry at c->at. */
static int read_entry(const table *t, cursor *c)
{
    const int restarts = c->restart < c->restart_count &&
                         (uint64_t)(c->at - c->start) == u32(c->end + 4 * (size_t)c->restart);
    uint32_t shared, own;
    const char *suffix;

    if (!restarts && c->at == c->start)
        return damaged(t, c, "its first restart is not its first entry");
    if (!cleave_varint32(&c->at, c->end, &shared) || !cleave_varint32(&c->at, c->end, &own) ||
        !cleave_varint32(&c->at, c->end, &c->value_bytes))
        return damaged(t, c, "the lengths of an entry are damaged");
    if (own > (uint64_t)(c->end - c->at) || c->value_bytes > (uint64_t)(c->end - c->at) - own)
        return damaged(t, c, "an entry runs into the restart array");
    if (restarts && shared != 0)
        return damaged(t, c, "an entry at a restart shares a part of the key before it");
    if (shared > c->key_bytes)
        return damaged(t, c, "an entry shares more than the key before it has");
    if (own > CLEAVE_SSTABLE_KEY_MAX - shared)
        return damaged(t, c, "a key is longer than 4096 bytes");
    suffix = (const char *)c->at;
    if (c->has_key && compare(c->key + shared, c->key_bytes - shared, suffix, own) >= 0)
        return cleave_sentence(
            t->message, "index: the key after \"%.*s\" is the same, or should come before it",
            cleave_sentence_quote(c->key_bytes), c->key);
    memcpy(c->key + shared, suffix, own);
    c->key_bytes = shared + own;
    c->has_key = 1;
    c->value = c->at + own;
    c->at = c->value + c->value_bytes;
    c->restart += (uint32_t)restarts;
    return 1;
}

/* After the last entry every restart was one. */
static int end_entries(const table *t, const cursor *c)
{
    return c->restart == c->restart_count || damaged(t, c, "a restart is not where an entry is");
}

/* A data block, whose keys do not come after the index block's key for it. */
static int walk_block(const table *t, cursor *c, handle h, const cursor *index,
                      cleave_sstable_visit visit, void *context)
{
    int ok = open_block(t, c, h);

    while (ok && c->at < c->end)
        ok = read_entry(t, c) && visit(context, c->key, c->key_bytes, c->value, c->value_bytes);
    ok = ok && end_entries(t, c);
    if (ok && c->has_key && compare(c->key, c->key_bytes, index->key, index->key_bytes) > 0)
        ok = damaged(t, c, "its last key comes after the one that the index block has for it");
    close_block(c);
    return ok;
}

/* Whether a block begins where the one before it has ended, or later; *free_from is its own end. */
static int take_place(const table *t, handle h, uint64_t *free_from)
{
    if (h.offset < *free_from)
        return cleave_sentence(t->message,
                               "index: the block at byte %llu overlaps the one before it",
                               (unsigned long long)h.offset);
    *free_from = h.offset + h.bytes + TRAILER_BYTES;
    return 1;
}

static int walk_blocks(const table *t, cursor *index, cleave_sstable_visit visit, void *context,
                       uint64_t *free_from)
{
    cursor data = {0};

    while (index->at < index->end) {
        const unsigned char *at, *end;
        handle h;
        if (!read_entry(t, index))
            return 0;
        at = index->value;
        end = at + index->value_bytes;
        if (!read_handle(&at, end, &h) || at != end)
            return damaged(t, index, "an entry of it is not the place of a block");
        if (!take_place(t, h, free_from) || !walk_block(t, &data, h, index, visit, context))
            return 0;
        /* The keys of the next block come after the index block's key for this one. */
        memcpy(data.key, index->key, index->key_bytes);
        data.key_bytes = index->key_bytes;
        data.has_key = 1;
    }
    return end_entries(t, index);
}

/* Filters and statistics would lie here; checkpoints have none. */
static int check_meta(const table *t, handle h)
{
    cursor c = {0};
    int ok = open_block(t, &c, h);

    while (ok && c.at < c.end)
        ok = read_entry(t, &c);
    ok = ok && end_entries(t, &c);
    close_block(&c);
    return ok;
}

static int read_footer(const table *t, handle *meta, handle *index)
{
    const unsigned char *at = t->bytes + t->end, *end = at + HANDLES_BYTES;
    int ok = read_handle(&at, end, meta) && read_handle(&at, end, index);

    for (; ok && at < end; at++)
        ok = *at == 0;
    return ok || cleave_sentence(t->message, "index: the places in its footer are damaged");
}

int cleave_sstable_walk(const void *bytes, size_t size, cleave_sstable_visit visit, void *context,
                        char message[CLEAVE_SENTENCE_BYTES])
{
    table t = {.bytes = bytes, .message = message};
    cursor c = {0};
    handle meta, index;
    uint64_t free_from = 0;
    int ok;

    message[0] = 0;
    if (!cleave_sstable_like(bytes, size))
        return cleave_sentence(message, "index: does not end as the index of a checkpoint does");
    if (size > CLEAVE_SSTABLE_BYTES_MAX)
        return cleave_sentence(message, "index: %zu bytes are more than %u", size,
                               CLEAVE_SSTABLE_BYTES_MAX);
    t.end = size - FOOTER_BYTES;
    ok = read_footer(&t, &meta, &index) && check_meta(&t, meta) && open_block(&t, &c, index) &&
         walk_blocks(&t, &c, visit, context, &free_from) && take_place(&t, meta, &free_from) &&
         take_place(&t, index, &free_from);
    close_block(&c);
    return ok;
}
