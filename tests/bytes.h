/* bytes.h: builds files in memory, byte by byte, so that tests can damage them on purpose. */
#ifndef CLEAVE_TESTS_BYTES_H
#define CLEAVE_TESTS_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* A growing buffer, 64-byte aligned. Starts as zero; a test that runs out of memory ends. */
typedef struct test_bytes {
    unsigned char *data;
    size_t used, capacity;
} test_bytes;

void test_bytes_free(test_bytes *b);
void test_bytes_put(test_bytes *b, const void *data, size_t count);
void test_bytes_text(test_bytes *b, const char *text);

/* Little-endian, `bytes` of them: appended, or written over what is at an offset. */
void test_bytes_number(test_bytes *b, uint64_t value, int bytes);
void test_bytes_patch(test_bytes *b, size_t at, uint64_t value, int bytes);

/* A cleave_weights_sink whose context is a buffer. */
int test_bytes_sink(void *context, const void *data, size_t count);

/* A ZIP archive as PyTorch writes it: stored entries, local headers whose sizes are 0, both end
 * records. */
#define TEST_ZIP_ENTRIES_MAX 600

typedef struct test_zip_entry {
    const char *name;
    const void *data;
    size_t bytes;
} test_zip_entry;

/* Offsets of what was written, for those who patch it. */
typedef struct test_zip_layout {
    size_t local[TEST_ZIP_ENTRIES_MAX], data[TEST_ZIP_ENTRIES_MAX], central[TEST_ZIP_ENTRIES_MAX];
    size_t end64, locator, end;
} test_zip_layout;

void test_bytes_zip(test_bytes *b, const test_zip_entry *entries, int count,
                    test_zip_layout *layout);

#endif
