/* hostile_zip_test.c: archives whose directory lies. */
#include <stdio.h>
#include <string.h>

#include "loader/import.h"
#include "loader/zip.h"
#include "tests/bytes.h"
#include "tests/test.h"

/* The archive: two entries, then the end records. */
static void build(test_bytes *b, test_zip_layout *layout)
{
    static const char text[] = "0123456789abcdef0123456789abcdef";
    const test_zip_entry entries[] = {{"m/data.pkl", text, 16}, {"m/data/0", text, 32}};

    test_bytes_zip(b, entries, 2, layout);
}

/* Offsets within the records (APPNOTE 4.3). */
enum {
    LOCAL_FLAGS = 6,
    LOCAL_METHOD = 8,
    LOCAL_NAME_BYTES = 26,
    LOCAL_EXTRA_BYTES = 28,
    LOCAL_NAME = 30,
    CENTRAL_FLAGS = 8,
    CENTRAL_METHOD = 10,
    CENTRAL_CRC = 16,
    CENTRAL_PACKED = 20,
    CENTRAL_BYTES = 24,
    CENTRAL_NAME_BYTES = 28,
    CENTRAL_EXTRA_BYTES = 30,
    CENTRAL_COMMENT_BYTES = 32,
    CENTRAL_OFFSET = 42,
    CENTRAL_NAME = 46,
    END_DISK = 4,
    END_COUNT_HERE = 8,
    END_COUNT = 10,
    END_BYTES = 12,
    END_OFFSET = 16,
    END_COMMENT = 20,
    END64_COUNT_HERE = 24,
    END64_COUNT = 32,
    END64_BYTES = 40,
    END64_OFFSET = 48
};

/* What is patched, from where: `base` is the offset of a record's place in the layout. */
typedef struct patch {
    size_t base; /* offsetof(test_zip_layout, ...) */
    uint32_t at;
    uint64_t value;
    int bytes;
} patch;

#define LOCAL(index)   offsetof(test_zip_layout, local[index])
#define CENTRAL(index) offsetof(test_zip_layout, central[index])
#define END            offsetof(test_zip_layout, end)
#define END64          offsetof(test_zip_layout, end64)
#define LOCATOR        offsetof(test_zip_layout, locator)
#define ONES_32        0xFFFFFFFFu

static const struct {
    const char *name;
    patch patches[3];
    const char *expected;
} cases[] = {
    {"no end record", {{END, 0, 0, 1}}, "no end of central directory"},
    {"a comment longer than the file",
     {{END, END_COMMENT, 1000, 2}},
     "no end of central directory"},
    {"one of several disks", {{END, END_DISK, 1, 2}}, "one of several disks"},
    {"entries on another disk", {{END, END_COUNT_HERE, 1, 2}}, "one of several disks"},
    {"a directory past the end", {{END, END_OFFSET, 0x7FFFFFFF, 4}}, "directory lies outside"},
    {"a directory longer than the file",
     {{END, END_BYTES, 0x7FFFFFFF, 4}},
     "directory lies outside"},
    {"more entries than fit",
     {{END, END_COUNT, 60000, 2}, {END, END_COUNT_HERE, 60000, 2}},
     "60000 entries do not fit"},
    {"fewer entries than there are",
     {{END, END_COUNT, 1, 2}, {END, END_COUNT_HERE, 1, 2}},
     "goes on after its 1"},
    {"one entry too many, by bytes that fit",
     {{END, END_COUNT, 3, 2}, {END, END_COUNT_HERE, 3, 2}},
     "do not fit"},
    {"ZIP64 without a locator",
     {{END, END_OFFSET, ONES_32, 4}, {LOCATOR, 0, 0, 4}},
     "ZIP64 locator is missing"},
    {"ZIP64 locator past the end",
     {{END, END_OFFSET, ONES_32, 4}, {LOCATOR, 8, UINT64_C(0xFFFFFFFFFFFFFFF0), 8}},
     "not where its locator says"},
    {"ZIP64 locator to something else",
     {{END, END_OFFSET, ONES_32, 4}, {LOCATOR, 8, 0, 8}},
     "not where its locator"},
    {"ZIP64 directory at 2^64 - 1",
     {{END, END_OFFSET, ONES_32, 4}, {END64, END64_OFFSET, UINT64_MAX, 8}},
     "directory lies outside"},
    {"ZIP64 directory whose end wraps around",
     {{END, END_BYTES, ONES_32, 4}, {END64, END64_BYTES, UINT64_MAX - 8, 8}},
     "directory lies outside"},
    {"ZIP64 with 2^60 entries",
     {{END, END_OFFSET, ONES_32, 4},
      {END64, END64_COUNT, UINT64_C(1) << 60, 8},
      {END64, END64_COUNT_HERE, UINT64_C(1) << 60, 8}},
     "entries do not fit"},
    {"ZIP64 on several disks",
     {{END, END_OFFSET, ONES_32, 4}, {END64, END64_COUNT_HERE, 1, 8}},
     "several disks"},
    {"a size that is all ones without a ZIP64 field",
     {{CENTRAL(1), CENTRAL_BYTES, ONES_32, 4}},
     "ZIP64 field is missing"},
    {"an offset that is all ones without a ZIP64 field",
     {{CENTRAL(1), CENTRAL_OFFSET, ONES_32, 4}},
     "field is missing"},
    {"a record without its signature", {{CENTRAL(0), 0, 0, 1}}, "a directory record is damaged"},
    {"a name past the directory",
     {{CENTRAL(1), CENTRAL_NAME_BYTES, 0xFFFF, 2}},
     "runs past the directory"},
    {"an extra field past the directory",
     {{CENTRAL(1), CENTRAL_EXTRA_BYTES, 0xFFFF, 2}},
     "runs past the directory"},
    {"a comment past the directory",
     {{CENTRAL(1), CENTRAL_COMMENT_BYTES, 0xFFFF, 2}},
     "runs past the directory"},
    {"an encrypted entry", {{CENTRAL(1), CENTRAL_FLAGS, 0x0809, 2}}, "\"m/data/0\" is encrypted"},
    {"an entry encrypted by its local header",
     {{LOCAL(1), LOCAL_FLAGS, 1, 2}},
     "\"m/data/0\" is encrypted"},
    {"a deflated entry", {{CENTRAL(1), CENTRAL_METHOD, 8, 2}}, "\"m/data/0\" is compressed"},
    {"an entry deflated by its local header",
     {{LOCAL(1), LOCAL_METHOD, 8, 2}},
     "\"m/data/0\" is encrypted or compr"},
    {"two sizes that differ", {{CENTRAL(1), CENTRAL_PACKED, 31, 4}}, "\"m/data/0\" is compressed"},
    {"an offset past the end",
     {{CENTRAL(1), CENTRAL_OFFSET, 0x7FFFFFFF, 4}},
     "\"m/data/0\" has no local header"},
    {"an offset to something else",
     {{CENTRAL(1), CENTRAL_OFFSET, 1, 4}},
     "\"m/data/0\" has no local header"},
    {"data past the end",
     {{CENTRAL(1), CENTRAL_BYTES, 0x7FFFFFFF, 4}, {CENTRAL(1), CENTRAL_PACKED, 0x7FFFFFFF, 4}},
     "\"m/data/0\" runs past the end"},
    {"a local extra field past the end",
     {{LOCAL(1), LOCAL_EXTRA_BYTES, 0xFFFF, 2}},
     "\"m/data/0\" runs past the end"},
    {"a local name past the end",
     {{LOCAL(1), LOCAL_NAME_BYTES, 0xFFFF, 2}},
     "\"m/data/0\" runs past the end"},
    {"another name in the local header",
     {{LOCAL(1), LOCAL_NAME, 'x', 1}},
     "\"m/data/0\" has another name"},
    {"data that reach into the next entry",
     {{CENTRAL(0), CENTRAL_BYTES, 80, 4}, {CENTRAL(0), CENTRAL_PACKED, 80, 4}},
     "\"m/data/0\" overlaps the one before"},
    {"data that reach into the directory",
     {{CENTRAL(1), CENTRAL_BYTES, 100, 4}, {CENTRAL(1), CENTRAL_PACKED, 100, 4}},
     "\"m/data/0\" overlaps the directory"},
    {"a wrong checksum", {{CENTRAL(0), CENTRAL_CRC, 0, 4}}, "\"m/data.pkl\" is damaged"},
    {"no checkpoint in it",
     {{CENTRAL(0), CENTRAL_NAME, 'm' | '/' << 8 | 'x' << 16, 3},
      {LOCAL(0), LOCAL_NAME, 'm' | '/' << 8 | 'x' << 16, 3}},
     "has no data.pkl"},
};
#define CASE_COUNT (sizeof cases / sizeof cases[0])

static void refuse(const char *name, const test_bytes *b, const char *expected)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_import import;

    if (cleave_import_torch(&import, b->data, b->used, message)) {
        TEST_FAIL("%s: accepted", name);
        cleave_import_close(&import);
    } else if (!strstr(message, expected)) {
        TEST_FAIL("%s: \"%s\" lacks \"%s\"", name, message, expected);
    } else {
        TEST_CHECK(1);
    }
}

static void patched(void)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        test_bytes b = {0};
        test_zip_layout layout;
        build(&b, &layout);
        for (int p = 0; p < 3 && cases[i].patches[p].bytes; p++) {
            const patch *change = &cases[i].patches[p];
            size_t base;
            memcpy(&base, (const char *)&layout + change->base, sizeof base);
            test_bytes_patch(&b, base + change->at, change->value, change->bytes);
        }
        refuse(cases[i].name, &b, cases[i].expected);
        test_bytes_free(&b);
    }
    test_passed_count((int)CASE_COUNT);
}

/* Entries as a whole: names that appear twice, two directory records for the same bytes. */
static void doubled(void)
{
    const test_zip_entry twice[] = {{"m/data.pkl", "a", 1}, {"m/data.pkl", "a", 1}};
    const test_zip_entry two[] = {{"a/data.pkl", "a", 1}, {"b/data.pkl", "a", 1}};
    const test_zip_entry order[] = {{"m/data.pkl", "a", 1}, {"m/byteorder", "big", 3}};
    test_zip_layout layout;
    test_bytes b = {0};

    test_bytes_zip(&b, twice, 2, &layout);
    refuse("a name twice", &b, "entry \"m/data.pkl\" appears twice");
    test_bytes_patch(&b, layout.central[1] + CENTRAL_OFFSET, layout.local[0], 4);
    refuse("two records for one entry", &b, "overlaps the one before it");
    b.used = 0;
    test_bytes_zip(&b, two, 2, &layout);
    refuse("two checkpoints", &b, "two checkpoints");
    b.used = 0;
    test_bytes_zip(&b, order, 2, &layout);
    refuse("the other byte order", &b, "the byte order is not little");
    b.used = 0;
    test_bytes_zip(&b, NULL, 0, &layout);
    refuse("an empty archive", &b, "has no data.pkl");
    b.used = 0;
    test_bytes_text(&b, "PK");
    refuse("two bytes", &b, "too few for an archive");
    test_bytes_free(&b);
}

/* The undamaged archive opens, also when the end record leaves everything to ZIP64; cut anywhere it
 * does not. */
static void whole(void)
{
    char message[CLEAVE_SENTENCE_BYTES];
    test_zip_layout layout;
    test_bytes b = {0};
    cleave_zip zip;

    build(&b, &layout);
    for (int zip64 = 0; zip64 < 2; zip64++) {
        if (TEST_CHECK(cleave_zip_open(&zip, b.data, b.used, message))) {
            const cleave_zip_entry *entry = cleave_zip_find(&zip, "m/data/0", 8, message);
            TEST_CHECK(entry && entry->bytes == 32 && !memcmp(entry->data, "0123456789abcdef", 16));
            TEST_CHECK(!cleave_zip_find(&zip, "m/data/1", 8, message) &&
                       strstr(message, "\"m/data/1\" is missing"));
            cleave_zip_close(&zip);
        }
        test_bytes_patch(&b, layout.end + END_COUNT_HERE, 0xFFFFFFFF, 4);
        test_bytes_patch(&b, layout.end + END_BYTES, 0xFFFFFFFF, 4);
        test_bytes_patch(&b, layout.end + END_OFFSET, 0xFFFFFFFF, 4);
    }
    for (size_t bytes = 0; bytes < b.used; bytes++)
        TEST_CHECK(!cleave_zip_open(&zip, b.data, bytes, message) && message[0]);
    test_bytes_free(&b);
}

int main(int argc, char **argv)
{
    static const test_case tests[] = {
        {"an archive, plain and ZIP64, whole and cut", whole},
        {"records that lie", patched},
        {"entries that appear twice", doubled},
    };

    return test_main(argc, argv, tests, (int)(sizeof tests / sizeof tests[0]));
}
