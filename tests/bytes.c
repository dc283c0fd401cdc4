/* bytes.c: growing buffers, and archives in them. */
#include "tests/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights/crc32.h"

void test_bytes_free(test_bytes *b)
{
    free(b->data);
    *b = (test_bytes){0};
}

void test_bytes_put(test_bytes *b, const void *data, size_t count)
{
    if (count > b->capacity - b->used) {
        const size_t capacity = (b->capacity * 2 + count + 63) / 64 * 64;
        unsigned char *grown = aligned_alloc(64, capacity);
        if (!grown) {
            fprintf(stderr, "no memory for %zu bytes\n", capacity);
            exit(1);
        }
        if (b->used)
            memcpy(grown, b->data, b->used);
        free(b->data);
        b->data = grown;
        b->capacity = capacity;
    }
    if (count)
        memcpy(b->data + b->used, data, count);
    b->used += count;
}

void test_bytes_text(test_bytes *b, const char *text)
{
    test_bytes_put(b, text, strlen(text));
}

void test_bytes_number(test_bytes *b, uint64_t value, int bytes)
{
    unsigned char number[8];

    for (int i = 0; i < bytes; i++)
        number[i] = (unsigned char)(value >> (8 * i));
    test_bytes_put(b, number, (size_t)bytes);
}

void test_bytes_patch(test_bytes *b, size_t at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        b->data[at + (size_t)i] = (unsigned char)(value >> (8 * i));
}

int test_bytes_sink(void *context, const void *data, size_t count)
{
    test_bytes_put(context, data, count);
    return 1;
}

/* Local header, a field of padding that puts the data on a 64-byte boundary, the data, a data
 * descriptor. */
static void put_entry(test_bytes *b, const test_zip_entry *e, uint32_t crc, size_t *data)
{
    static const char padding[64] = {0};
    const size_t header = 30 + strlen(e->name) + 4, pad = (64 - (b->used + header) % 64) % 64;

    test_bytes_number(b, 0x04034B50, 4);
    test_bytes_number(b, 0, 2);
    test_bytes_number(b, 0x0808, 2);
    test_bytes_number(b, 0, 2 + 4);
    test_bytes_number(b, 0, 8); /* CRC and compressed size */
    test_bytes_number(b, 0, 4);
    test_bytes_number(b, strlen(e->name), 2);
    test_bytes_number(b, 4 + pad, 2);
    test_bytes_text(b, e->name);
    test_bytes_number(b, 0x4246, 2);
    test_bytes_number(b, pad, 2);
    test_bytes_put(b, padding, pad);
    *data = b->used;
    test_bytes_put(b, e->data, e->bytes);
    test_bytes_number(b, 0x08074B50, 4);
    test_bytes_number(b, crc, 4);
    test_bytes_number(b, e->bytes, 4);
    test_bytes_number(b, e->bytes, 4);
}

static void put_record(test_bytes *b, const test_zip_entry *e, uint32_t crc, size_t local)
{
    test_bytes_number(b, 0x02014B50, 4);
    test_bytes_number(b, 0, 4);
    test_bytes_number(b, 0x0808, 2);
    test_bytes_number(b, 0, 2 + 4);
    test_bytes_number(b, crc, 4);
    test_bytes_number(b, e->bytes, 4);
    test_bytes_number(b, e->bytes, 4);
    test_bytes_number(b, strlen(e->name), 2);
    test_bytes_number(b, 0, 8); /* extra, comment, disk, internal attributes */
    test_bytes_number(b, 0, 4);
    test_bytes_number(b, local, 4);
    test_bytes_text(b, e->name);
}

void test_bytes_zip(test_bytes *b, const test_zip_entry *entries, int count,
                    test_zip_layout *layout)
{
    size_t start, bytes;

    for (int i = 0; i < count; i++) {
        layout->local[i] = b->used;
        put_entry(b, &entries[i], cleave_crc32(0, entries[i].data, entries[i].bytes),
                  &layout->data[i]);
    }
    start = b->used;
    for (int i = 0; i < count; i++) {
        layout->central[i] = b->used;
        put_record(b, &entries[i], cleave_crc32(0, entries[i].data, entries[i].bytes),
                   layout->local[i]);
    }
    bytes = b->used - start;
    layout->end64 = b->used;
    test_bytes_number(b, 0x06064B50, 4);
    test_bytes_number(b, 44, 8);
    test_bytes_number(b, 0, 4);
    test_bytes_number(b, 0, 8); /* this disk, the directory's disk */
    test_bytes_number(b, (uint64_t)count, 8);
    test_bytes_number(b, (uint64_t)count, 8);
    test_bytes_number(b, bytes, 8);
    test_bytes_number(b, start, 8);
    layout->locator = b->used;
    test_bytes_number(b, 0x07064B50, 4);
    test_bytes_number(b, 0, 4);
    test_bytes_number(b, layout->end64, 8);
    test_bytes_number(b, 1, 4);
    layout->end = b->used;
    test_bytes_number(b, 0x06054B50, 4);
    test_bytes_number(b, 0, 4);
    test_bytes_number(b, (uint64_t)count, 2);
    test_bytes_number(b, (uint64_t)count, 2);
    test_bytes_number(b, bytes, 4);
    test_bytes_number(b, start, 4);
    test_bytes_number(b, 0, 2);
}
