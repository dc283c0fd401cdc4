/* tensor_bundle.c: a writer of tables and of the checkpoints in them. */
#include "tests/tensor_bundle.h"

#include <string.h>

#include "loader/protobuf.h"
#include "loader/sstable.h"
#include "weights/crc32.h"

#define BLOCKS_MAX  256
#define FOOTER      48
#define TRAILER     5
#define INTERVAL    16 /* entries from one restart to the next */
#define INDEX_MAGIC UINT64_C(0xDB4775248B80FB57)

void test_bytes_varint(test_bytes *b, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        test_bytes_number(b, (value & 0x7F) | 0x80, 1);
    test_bytes_number(b, value, 1);
}

void test_block_entry(test_bytes *contents, uint64_t shared, const void *key, uint64_t own,
                      const void *value, uint64_t value_bytes)
{
    test_bytes_varint(contents, shared);
    test_bytes_varint(contents, own);
    test_bytes_varint(contents, value_bytes);
    test_bytes_put(contents, key, own);
    test_bytes_put(contents, value, value_bytes);
}

static uint32_t masked(const void *bytes, size_t count)
{
    return cleave_sstable_mask(cleave_crc32c(0, bytes, count));
}

test_place test_table_block(test_bytes *table, const void *contents, size_t bytes, int compression)
{
    const test_place place = {table->used, bytes};

    test_bytes_put(table, contents, bytes);
    test_bytes_number(table, (uint64_t)compression, 1);
    test_bytes_number(table, masked(table->data + place.offset, bytes + 1), 4);
    return place;
}

static void put_place(test_bytes *b, test_place place)
{
    test_bytes_varint(b, place.offset);
    test_bytes_varint(b, place.bytes);
}

void test_table_footer(test_bytes *table, test_place meta, test_place index)
{
    const size_t start = table->used;

    put_place(table, meta);
    put_place(table, index);
    while (table->used < start + FOOTER - 8)
        test_bytes_number(table, 0, 1);
    test_bytes_number(table, INDEX_MAGIC, 8);
}

test_table_end test_table_finish(test_bytes *table, const test_place *blocks,
                                 const char *const *last_keys, int count)
{
    static const unsigned char empty[8] = {0, 0, 0, 0, 1, 0, 0, 0};
    test_bytes contents = {0}, place = {0};
    uint32_t restarts[BLOCKS_MAX];
    test_table_end end;

    end.meta = test_table_block(table, empty, sizeof empty, 0);
    for (int i = 0; i < count; i++) { /* every entry of an index block is a restart */
        restarts[i] = (uint32_t)contents.used;
        place.used = 0;
        put_place(&place, blocks[i]);
        test_block_entry(&contents, 0, last_keys[i], strlen(last_keys[i]), place.data, place.used);
    }
    for (int i = 0; i < count; i++)
        test_bytes_number(&contents, restarts[i], 4);
    test_bytes_number(&contents, (uint64_t)count, 4);
    end.index = test_table_block(table, contents.data, contents.used, 0);
    test_table_footer(table, end.meta, end.index);
    test_bytes_free(&contents);
    test_bytes_free(&place);
    return end;
}

void test_bundle_value(test_bytes *value, const test_bundle_tensor *tensor, uint64_t offset)
{
    test_bytes shape = {0}, size = {0};

    for (uint32_t d = 0; d < tensor->rank; d++) {
        size.used = 0;
        test_bytes_varint(&size, tensor->shape[d]);
        test_bytes_text(&shape, "\x12");
        test_bytes_varint(&shape, size.used + 1);
        test_bytes_text(&shape, "\x08");
        test_bytes_put(&shape, size.data, size.used);
    }
    test_bytes_text(value, "\x08");
    test_bytes_varint(value, tensor->type);
    test_bytes_text(value, "\x12");
    test_bytes_varint(value, shape.used);
    test_bytes_put(value, shape.data, shape.used);
    test_bytes_text(value, "\x18");
    test_bytes_varint(value, tensor->shard);
    test_bytes_text(value, "\x20");
    test_bytes_varint(value, offset);
    test_bytes_text(value, "\x28");
    test_bytes_varint(value, tensor->bytes);
    test_bytes_text(value, "\x35");
    test_bytes_number(value, masked(tensor->data, tensor->bytes), 4);
    test_bytes_free(&shape);
    test_bytes_free(&size);
}

/* Ends a block of the index. */
static test_place put_block(test_bytes *index, test_bytes *contents, const uint32_t *restarts,
                            int restart_count)
{
    for (int i = 0; i < restart_count; i++)
        test_bytes_number(contents, restarts[i], 4);
    test_bytes_number(contents, (uint64_t)restart_count, 4);
    return test_table_block(index, contents->data, contents->used, 0);
}

static size_t common(const char *a, const char *b)
{
    size_t count = 0;

    while (a[count] && a[count] == b[count])
        count++;
    return count;
}

static uint32_t shards(const test_bundle_tensor *tensors, int count)
{
    uint32_t last = 0;

    for (int i = 0; i < count; i++)
        last = tensors[i].shard > last ? tensors[i].shard : last;
    return last + 1;
}

void test_bundle(test_bytes *index, test_bytes *data, const test_bundle_tensor *tensors, int count,
                 int per_block)
{
    test_place blocks[BLOCKS_MAX];
    const char *last_keys[BLOCKS_MAX], *before = "";
    uint32_t restarts[BLOCKS_MAX];
    test_bytes contents = {0}, value = {0};
    int block_count = 0, restart_count = 0, in_block = 0;

    for (int i = -1; i < count; i++) { /* -1: the header */
        const char *const name = i < 0 ? "" : tensors[i].name;
        const int restarts_here = in_block % INTERVAL == 0;
        const size_t shared = restarts_here ? 0 : common(before, name);
        if (restarts_here)
            restarts[restart_count++] = (uint32_t)contents.used;
        value.used = 0;
        if (i < 0) {
            test_bytes_text(&value, "\x08");
            test_bytes_varint(&value, shards(tensors, count));
            test_bytes_text(&value, TEST_BUNDLE_VERSION);
        } else {
            test_bundle_value(&value, &tensors[i], data[tensors[i].shard].used);
            test_bytes_put(&data[tensors[i].shard], tensors[i].data, tensors[i].bytes);
        }
        test_block_entry(&contents, shared, name + shared, strlen(name) - shared, value.data,
                         value.used);
        before = name;
        if (++in_block == per_block || i + 1 == count) {
            last_keys[block_count] = name;
            blocks[block_count++] = put_block(index, &contents, restarts, restart_count);
            contents.used = 0;
            in_block = restart_count = 0;
        }
    }
    test_table_finish(index, blocks, last_keys, block_count);
    test_bytes_free(&contents);
    test_bytes_free(&value);
}

void test_snappy_literal(test_bytes *stream, const void *bytes, size_t count)
{
    test_bytes_varint(stream, count);
    test_bytes_number(stream, 62 << 2, 1);
    test_bytes_number(stream, count - 1, 3);
    test_bytes_put(stream, bytes, count);
}

/* ---- repair ------------------------------------------------------------------------------------
 */

typedef struct repair {
    unsigned char *index;
    size_t end; /* of the blocks */
    const unsigned char *data;
    size_t data_bytes;
} repair;

static void store(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

/* The place at *at, if it is one, and the checksum of the block there; 1 if so. */
static int repair_block(const repair *r, const unsigned char **at, const unsigned char *end,
                        test_place *place)
{
    if (!cleave_varint64(at, end, &place->offset) || !cleave_varint64(at, end, &place->bytes) ||
        place->offset > r->end || place->bytes > r->end - place->offset ||
        r->end - place->offset - place->bytes < TRAILER)
        return 0;
    unsigned char *const trailer = r->index + place->offset + place->bytes;
    store(trailer + 1, masked(r->index + place->offset, place->bytes + 1));
    return 1;
}

/* All blocks that the footer and the entries of a plain index block lead to; the index block last,
 * for a lie may put a block into it. */
static void repair_blocks(const repair *r)
{
    const unsigned char *const footer = r->index + r->end, *at = footer, *again;
    uint64_t shared, own, value;
    test_place index, ignored;

    if (!repair_block(r, &at, footer + FOOTER - 8, &ignored))
        return;
    again = at;
    if (!repair_block(r, &at, footer + FOOTER - 8, &index))
        return;
    const unsigned char *const end = r->index + index.offset + index.bytes;
    for (const unsigned char *entry = r->index + index.offset; entry < end;) {
        if (!cleave_varint64(&entry, end, &shared) || !cleave_varint64(&entry, end, &own) ||
            !cleave_varint64(&entry, end, &value) || own > (uint64_t)(end - entry) ||
            value > (uint64_t)(end - entry) - own)
            break;
        entry += own;
        const unsigned char *place = entry;
        repair_block(r, &place, entry + value, &ignored);
        entry += value;
    }
    repair_block(r, &again, footer + FOOTER - 8, &index);
}

static int repair_tensor(void *context, const char *key, uint32_t key_bytes,
                         const unsigned char *value, size_t value_bytes)
{
    const repair *const r = context;
    const unsigned char *at = value, *const end = value + value_bytes;
    const uintptr_t place = (uintptr_t)value - (uintptr_t)r->index;
    uint64_t offset = 0, bytes = 0;
    size_t checksum = 0;
    cleave_field field;

    (void)key;
    (void)key_bytes;
    while (at < end && cleave_field_next(&at, end, &field)) {
        offset = field.number == 4 ? field.value : offset;
        bytes = field.number == 5 ? field.value : bytes;
        if (field.number == 6 && field.wire == CLEAVE_WIRE_FIXED32)
            checksum = (size_t)(at - 4 - value);
    }
    /* A value that was decoded does not lie in the index. */
    if (place < r->end && checksum && offset <= r->data_bytes && bytes <= r->data_bytes - offset)
        store(r->index + place + checksum, masked(r->data + offset, bytes));
    return 1;
}

void test_bundle_repair(unsigned char *index, size_t index_bytes, const void *data,
                        size_t data_bytes)
{
    char message[CLEAVE_SENTENCE_BYTES];
    repair r = {index, index_bytes - FOOTER, data, data_bytes};

    if (index_bytes < FOOTER)
        return;
    repair_blocks(&r);
    cleave_sstable_walk(index, index_bytes, repair_tensor, &r, message);
    repair_blocks(&r);
}
