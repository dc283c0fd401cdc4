/* hostile_tensorflow_test.c: checkpoints whose index is a table in order, and says what is not
 * so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/loader/refuse_bundle.h"

#define BYTES(text) (text), sizeof(text) - 1

/* An index of a header and, if it has a name, one entry. */
static void build(test_bytes *index, const char *header, size_t header_bytes, const char *name,
                  const char *value, size_t value_bytes)
{
    static const char *const last[] = {"~"};
    static const unsigned char restarts[8] = {0, 0, 0, 0, 1, 0, 0, 0};
    test_bytes contents = {0};
    test_place block;

    index->used = 0;
    test_block_entry(&contents, 0, "", 0, header, header_bytes);
    if (name)
        test_block_entry(&contents, 0, name, strlen(name), value, value_bytes);
    test_bytes_put(&contents, restarts, sizeof restarts);
    block = test_table_block(index, contents.data, contents.used, 0);
    test_table_finish(index, &block, last, 1);
    test_bytes_free(&contents);
}

#define LONG "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF" /* nine bytes of a number of ten */

static void headers(void)
{
    static const struct {
        const char *name, *value;
        size_t bytes;
        const char *expected;
    } lying[] = {
        {"in order", BYTES(TEST_BUNDLE_HEADER), "holds no tensor"},
        {"with what is unknown", BYTES("\x08\1\x10\0\x22\1?\x29xxxxxxxx\x35xxxx"), "no tensor"},
        {"empty", BYTES(""), "speaks of 0 data files, not 1 to 64"},
        {"no data file", BYTES("\x08\0"), "speaks of 0 data files"},
        {"65 data files", BYTES("\x08\x41"), "speaks of 65 data files"},
        {"2 data files", BYTES("\x08\2"), "speaks of 2 data files; there are 1"},
        {"-1 data files", BYTES("\x08" LONG "\1"), "speaks of 18446744073709551615 data files"},
        {"a number of 65 bits", BYTES("\x08" LONG "\2"), "its header is damaged"},
        {"a number without end", BYTES("\x08\x80"), "its header is damaged"},
        {"a number as text", BYTES("\x0A\1\1"), "its header is damaged"},
        {"a number twice", BYTES("\x08\1\x08\1"), "its header is damaged"},
        {"big endian", BYTES("\x08\1\x10\1"), "not little-endian"},
        {"for a newer reader", BYTES("\x08\1\x1A\2\x10\2"), "asks for a reader of version 2"},
        {"a version past the end", BYTES("\x08\1\x1A\3\x10\1"), "its header is damaged"},
        {"a version that is damaged", BYTES("\x08\1\x1A\2\x10\x80"), "its header is damaged"},
        {"a version as a number", BYTES("\x08\1\x18\1"), "its header is damaged"},
        {"field 0", BYTES("\x08\1\0\1"), "its header is damaged"},
        {"a group", BYTES("\x08\1\x23\x24"), "its header is damaged"},
        {"half of eight bytes", BYTES("\x08\1\x29xxxx"), "its header is damaged"},
        {"half of four bytes", BYTES("\x08\1\x35xx"), "its header is damaged"},
    };
    const int count = (int)(sizeof lying / sizeof lying[0]);
    char message[CLEAVE_SENTENCE_BYTES];
    test_bytes index = {0}, data = {0};

    for (int i = 0; i < count; i++) {
        build(&index, lying[i].value, lying[i].bytes, NULL, NULL, 0);
        refuse(lying[i].name, &index, &data, lying[i].expected);
    }
    build(&index, BYTES("\x08\x40"), NULL, NULL, 0);
    TEST_CHECK(cleave_import_tensorflow_shards(index.data, index.used, message) == 64);
    build(&index, BYTES("\x08\x41"), NULL, NULL, 0);
    TEST_CHECK(cleave_import_tensorflow_shards(index.data, index.used, message) == 0);
    TEST_CHECK(strstr(message, "speaks of 65 data files") != NULL);
    test_bytes_free(&index);
    test_passed_count(count + 1);
}

/* ---- entries -----------------------------------------------------------------------------------
 */

#define F32   "\x08\1"
#define FOUR  "\x12\4\x12\2\x08\4"             /* a shape of one dimension */
#define SIZE  "\x28\x10"                       /* 16 bytes */
#define ONE   "\x12\2\x08\1"                   /* a dimension */
#define HUGE_ "\x12\6\x08\x80\x80\x80\x80\x08" /* one of 2^31 */
#define DIM   "\x12\x0B\x08" LONG

/* The entry "a/b" of a checkpoint with 16 zero bytes of data. Without a checksum, the last to be
 * looked at, an entry in order is refused for it. */
static const struct {
    const char *name, *value;
    size_t bytes;
    const char *expected;
} entries[] = {
    {"in order", BYTES(F32 FOUR SIZE), "\"a/b\" is damaged: its checksum does not match"},
    {"with what is unknown", BYTES(F32 FOUR "\x78\1\x42\1?" SIZE), "its checksum does not match"},
    {"of whole numbers", BYTES("\x08\3" FOUR SIZE), "its checksum does not match"},
    {"empty", BYTES(""), "\"a/b\": type none holds no weights"},
    {"of texts", BYTES("\x08\7" FOUR SIZE), "\"a/b\": type string holds no weights"},
    {"of bytes", BYTES("\x08\4" FOUR SIZE), "\"a/b\": type 4 holds no weights"},
    {"of type 99", BYTES("\x08\x63" FOUR SIZE), "\"a/b\": type 99 holds no weights"},
    {"of type 2^64 - 1", BYTES("\x08" LONG "\1" FOUR SIZE), "type 18446744073709551615 holds"},
    {"of type 2^32 + 1", BYTES("\x08\x81\x80\x80\x80\x10" FOUR SIZE), "type 4294967297 holds"},
    {"a type twice", BYTES(F32 F32 FOUR SIZE), "\"a/b\": its entry is damaged"},
    {"a type as text", BYTES("\x0A\1\1" FOUR SIZE), "\"a/b\": its entry is damaged"},
    {"a type without end", BYTES("\x08\x80"), "\"a/b\": its entry is damaged"},
    {"field 0", BYTES("\0\1" F32 FOUR SIZE), "\"a/b\": its entry is damaged"},
    {"a group", BYTES(F32 FOUR SIZE "\x43"), "\"a/b\": its entry is damaged"},
    {"a field of 2^32 + 1", BYTES("\x88\x80\x80\x80\x80\1\1"), "\"a/b\": its entry is damaged"},
    {"a shape past the end", BYTES(F32 SIZE "\x12\5\x12\2\x08\4"), "\"a/b\": its entry is damaged"},
    {"a shape of 2^64 - 1 bytes", BYTES(F32 "\x12" LONG "\1" SIZE), "its entry is damaged"},
    {"a shape twice", BYTES(F32 FOUR FOUR SIZE), "\"a/b\": its entry is damaged"},
    {"an unknown field past the end", BYTES(F32 FOUR SIZE "\x42\2?"), "its entry is damaged"},
    {"a checksum as a number", BYTES(F32 FOUR SIZE "\x30\0"), "its entry is damaged"},
    {"half a checksum", BYTES(F32 FOUR SIZE "\x35\0\0"), "its entry is damaged"},
    {"in a slice", BYTES(F32 FOUR SIZE "\x3A\0"), "\"a/b\": is stored in slices"},
    {"in two slices", BYTES(F32 FOUR SIZE "\x3A\0\x3A\0"), "\"a/b\": is stored in slices"},
    {"no dimension", BYTES(F32 "\x12\0" SIZE), "16 bytes do not fit its shape and type float32"},
    {"no shape", BYTES(F32 SIZE), "16 bytes do not fit its shape and type float32"},
    {"a dimension without size", BYTES(F32 "\x12\2\x12\0" SIZE), "\"a/b\": dimension 0 is 0"},
    {"a dimension of 0", BYTES(F32 "\x12\x08" ONE "\x12\2\x08\0" SIZE), "dimension 1 is 0"},
    {"a dimension of -1", BYTES(F32 "\x12\x0D" DIM "\1" SIZE), "\"a/b\": dimension 0 is -1"},
    {"a dimension of 2^32", BYTES(F32 "\x12\x08\x12\6\x08\x80\x80\x80\x80\x10" SIZE),
     "\"a/b\": dimension 0 is 4294967296"},
    {"a product that wraps around", BYTES(F32 "\x12\x18" HUGE_ HUGE_ HUGE_ SIZE),
     "\"a/b\": too many elements"},
    {"nine dimensions", BYTES(F32 "\x12\x24" ONE ONE ONE ONE ONE ONE ONE ONE ONE SIZE),
     "\"a/b\": more than 8 dimensions"},
    {"of unknown rank", BYTES(F32 "\x12\2\x18\1" SIZE), "\"a/b\": of unknown rank"},
    {"a rank as text", BYTES(F32 "\x12\2\x1A\0" SIZE), "\"a/b\": its shape is damaged"},
    {"a dimension as a number", BYTES(F32 "\x12\2\x10\4" SIZE), "\"a/b\": its shape is damaged"},
    {"a dimension past the shape", BYTES(F32 "\x12\4\x12\3\x08\4" SIZE), "its shape is damaged"},
    {"two sizes of a dimension", BYTES(F32 "\x12\6\x12\4\x08\4\x08\4" SIZE), "shape is damaged"},
    {"a byte too few", BYTES(F32 FOUR "\x28\x0F"), "15 bytes do not fit its shape"},
    {"a byte too many", BYTES(F32 FOUR "\x28\x11"), "17 bytes do not fit its shape"},
    {"-1 bytes", BYTES(F32 FOUR "\x28" LONG "\1"), "bytes do not fit its shape"},
    {"another type", BYTES("\x08\2" FOUR SIZE), "16 bytes do not fit its shape and type float64"},
    {"in data file 1", BYTES(F32 FOUR "\x18\1" SIZE), "\"a/b\": in data file 1 of 1"},
    {"in data file -1", BYTES(F32 FOUR "\x18" LONG "\1" SIZE), "in data file 18446744073709551615"},
    {"a byte late", BYTES(F32 FOUR "\x20\1" SIZE), "\"a/b\": 16 bytes at byte 1 leave the data"},
    {"at 2^64 - 8", BYTES(F32 FOUR "\x20\xF8\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\1" SIZE),
     "\"a/b\": 16 bytes at byte 18446744073709551608 leave the data file"},
};
#define ENTRY_COUNT (sizeof entries / sizeof entries[0])

static void lying_entries(void)
{
    test_bytes index = {0}, data = {0};

    test_bytes_number(&data, 0, 8);
    test_bytes_number(&data, 0, 8);
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        build(&index, BYTES(TEST_BUNDLE_HEADER), "a/b", entries[i].value, entries[i].bytes);
        refuse(entries[i].name, &index, &data, entries[i].expected);
    }
    /* Names that are none; their tensors are in order. */
    const test_bundle_tensor t = {"", 1, 1, {4}, data.data, 16, 0};
    test_bytes value = {0};
    test_bundle_value(&value, &t, 0);
    build(&index, BYTES(TEST_BUNDLE_HEADER), "a\x1B", (char *)value.data, value.used);
    refuse("a control character", &index, &data, "\"a?\": its name is not printable UTF-8");
    build(&index, BYTES(TEST_BUNDLE_HEADER), "a\xC0\x80", (char *)value.data, value.used);
    refuse("a name that is no UTF-8", &index, &data, "its name is not printable UTF-8");
    build(&index, BYTES(TEST_BUNDLE_HEADER), "a/b", (char *)value.data, value.used);
    refuse("not Spleeter's", &index, &data, "tensor \"a/b\" and others, but no \"conv2d/kernel\"");
    test_bytes_free(&value);
    test_bytes_free(&index);
    test_bytes_free(&data);
    test_passed_count((int)ENTRY_COUNT + 3);
}

/* ---- several tensors ---------------------------------------------------------------------------
 */

static const float values[4] = {1, 2, 3, 4};

/* Two tensors at these places: their checksums are right. */
static void overlaps(void)
{
    static const struct {
        uint64_t first, second;
        const char *expected;
    } rows[] = {
        {0, 0, "shares bytes with"},
        {0, 4, "tensor \"b\": shares bytes with \"a\""},
        {12, 0, "tensor \"a\": shares bytes with \"b\""},
        {0, 16, "but no \"conv2d/kernel\""},
        {16, 0, "but no \"conv2d/kernel\""},
    };
    static const float same[8] = {0};
    static const char *const last[] = {"~"};
    const test_bundle_tensor t = {"", 1, 1, {4}, same, 16, 0};
    test_bytes index = {0}, data = {0}, contents = {0}, value = {0};

    test_bytes_put(&data, same, sizeof same);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        index.used = contents.used = value.used = 0;
        test_block_entry(&contents, 0, "", 0, BYTES(TEST_BUNDLE_HEADER));
        test_bundle_value(&value, &t, rows[i].first);
        test_block_entry(&contents, 0, "a", 1, value.data, value.used);
        value.used = 0;
        test_bundle_value(&value, &t, rows[i].second);
        test_block_entry(&contents, 0, "b", 1, value.data, value.used);
        test_bytes_put(&contents, BYTES("\0\0\0\0\1\0\0\0"));
        const test_place block = test_table_block(&index, contents.data, contents.used, 0);
        test_table_finish(&index, &block, last, 1);
        refuse("two tensors", &index, &data, rows[i].expected);
    }
    test_bytes_free(&index);
    test_bytes_free(&data);
    test_bytes_free(&contents);
    test_bytes_free(&value);
    test_passed_count(5);
}

/* What is left out is verified all the same. */
static void left_out(void)
{
    static const char *const names[] = {"a/Adam", "a/RMSProp_1", "beta1_power", "step"};
    char message[CLEAVE_SENTENCE_BYTES];
    test_bytes index = {0}, data = {0};

    for (int i = 0; i < 4; i++) {
        const test_bundle_tensor t = {names[i], i == 3 ? 9 : 1, 1, {i == 3 ? 2 : 4}, values, 16, 0};
        char damaged[64];
        snprintf(damaged, sizeof damaged, "tensor \"%s\" is damaged", names[i]);
        index.used = data.used = 0;
        test_bundle(&index, &data, &t, 1, 2);
        refuse("nothing else", &index, &data, "holds no tensor");
        data.data[15] ^= 1;
        refuse("damaged", &index, &data, damaged);
    }
    TEST_CHECK(cleave_import_tensorflow_shards(index.data, index.used, message) == 1);
    test_bytes_free(&index);
    test_bytes_free(&data);
}

/* More tensors than a weight file may have; names that a prefix makes long at no cost. */
static void too_many(void)
{
    static const char *const last[] = {"~"};
    test_bytes index = {0}, contents = {0}, data = {0};
    char name[4000];

    for (int prefixed = 0; prefixed < 2; prefixed++) {
        const uint32_t stem = prefixed ? 3990 : 0;
        index.used = contents.used = 0;
        memset(name, 'a', sizeof name);
        test_block_entry(&contents, 0, "", 0, BYTES(TEST_BUNDLE_HEADER));
        for (int i = 0; i <= 65536; i++) {
            snprintf(name + stem, sizeof name - stem, "%05d", i);
            test_block_entry(&contents, i ? stem : 0, name + (i ? stem : 0), i ? 5 : stem + 5, "",
                             0);
        }
        test_bytes_put(&contents, BYTES("\0\0\0\0\1\0\0\0"));
        const test_place block = test_table_block(&index, contents.data, contents.used, 0);
        test_table_finish(&index, &block, last, 1);
        refuse("too many", &index, &data,
               prefixed ? "the names take more than 16777216 bytes" : "more than 65536 tensors");
    }
    test_bytes_free(&index);
    test_bytes_free(&contents);
    test_bytes_free(&data);
}

/* ---- damage -------------------------------------------------------------------------------------
 */

/* A small checkpoint, in blocks of 2 entries. */
static void small(test_bytes *index, test_bytes *data)
{
    static const test_bundle_tensor some[] = {
        {"a", 1, 1, {2}, values, 8, 0},
        {"ab/Adam", 1, 2, {1, 3}, values, 12, 0},
        {"ab/step", 9, 0, {0}, values, 8, 0},
    };

    test_bundle(index, data, some, 3, 2);
}

static void truncated(void)
{
    test_bytes index = {0}, data = {0}, part = {0};

    small(&index, &data);
    refuse("whole", &index, &data, "tensor \"a\" and others, but no \"conv2d/kernel\"");
    for (size_t bytes = 0; bytes < index.used; bytes++) {
        /* in memory of just this size, so that a sanitizer sees what is read beyond it */
        part.data = malloc(bytes + 1);
        memcpy(part.data + 1, index.data, bytes);
        const test_bytes cut = {part.data + 1, bytes, bytes};
        refuse("an index cut short", &cut, &data, "does not end as the index");
        free(part.data);
    }
    for (size_t bytes = data.used; bytes-- > 0;) {
        data.used = bytes;
        refuse("data cut short", &index, &data, "leave the data file");
    }
    test_bytes_free(&index);
    test_bytes_free(&data);
}

/* Any byte of the index with any value; then with checksums that are right again, so that what is
 * behind them sees it. */
static void any_byte(void)
{
    static const char same[] = "but no \"conv2d/kernel\"";
    char message[CLEAVE_SENTENCE_BYTES];
    test_bytes index = {0}, data = {0};
    unsigned char *copy;
    int in_order = 0;

    small(&index, &data);
    copy = malloc(index.used);
    for (size_t at = 0; at < index.used; at++)
        for (int value = 0; value < 256; value++)
            for (int repaired = 0; repaired < 2; repaired++) {
                const test_bytes changed = {copy, index.used, index.used};
                cleave_import import;
                memcpy(copy, index.data, index.used);
                copy[at] = (unsigned char)value;
                if (repaired)
                    test_bundle_repair(copy, index.used, data.data, data.used);
                TEST_CHECK(!import_bundle(&import, &changed, &data, message) && message[0]);
                in_order += repaired && strstr(message, same) != NULL;
            }
    /* Most values of a name, a checksum or a tensor's are as good as what was there. */
    TEST_CHECK(in_order > 5000);
    free(copy);
    test_bytes_free(&index);
    test_bytes_free(&data);
}

int main(int argc, char **argv)
{
    static const test_case tests[] = {
        {"headers that lie", headers},
        {"entries that lie", lying_entries},
        {"tensors that share bytes", overlaps},
        {"what is left out is verified", left_out},
        {"too many tensors, too long names", too_many},
        {"an index and data cut at every byte", truncated},
        {"an index with any byte changed, checksums wrong and right", any_byte},
    };

    return test_main(argc, argv, tests, (int)(sizeof tests / sizeof tests[0]));
}
