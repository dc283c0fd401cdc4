/* hostile_table_test.c: indices of checkpoints whose blocks, places and snappy streams lie. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/import.h"
#include "loader/snappy.h"
#include "loader/sstable.h"
#include "tests/tensor_bundle.h"
#include "tests/test.h"

#define BYTES(text) (text), sizeof(text) - 1

static void expect(const char *name, int accepted, const char *message, const char *expected)
{
    if (accepted)
        TEST_FAIL("%s: accepted", name);
    else if (!strstr(message, expected) || !message[0])
        TEST_FAIL("%s: \"%s\" lacks \"%s\"", name, message, expected);
    else
        TEST_CHECK(1);
}

/* An import of this index, without data. */
static void refuse(const char *name, const test_bytes *index, const char *expected)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    const cleave_import_shard shard = {NULL, 0};
    cleave_import import;
    int accepted = cleave_import_tensorflow(&import, index->data, index->used, &shard, 1, message);

    expect(name, accepted, message, expected);
    if (accepted)
        cleave_import_close(&import);
}

/* ---- snappy ------------------------------------------------------------------------------------
 */

static const struct {
    const char *name, *stream;
    size_t bytes;
    const char *expected;
} streams[] = {
    {"nothing", BYTES(""), "declared length is damaged"},
    {"a length without end", BYTES("\x80"), "declared length is damaged"},
    {"a length of 35 bits", BYTES("\xFF\xFF\xFF\xFF\x7F"), "declared length is damaged"},
    {"a bomb of 4 GB",
     BYTES("\xFF\xFF\xFF\xFF\x0F\x0C"
           "abcd"),
     "a stream of 10 bytes declares 4294967295"},
    {"a bomb of 1000 bytes",
     BYTES("\xE8\x07\x0C"
           "abcd\x0E\x04\x00"),
     "a stream of 10 bytes declares 1000"},
    {"a literal past the end",
     BYTES("\x04\x0C"
           "abc"),
     "a literal runs past the end"},
    {"a literal of 2^32 bytes",
     BYTES("\x04\xFC\xFF\xFF\xFF\xFF"
           "abcd"),
     "a literal runs past the end"},
    {"a literal without its length", BYTES("\x04\xF4\x01"), "an element runs past the end"},
    {"a literal longer than declared",
     BYTES("\x03\x0C"
           "abcd"),
     "more than the 3 bytes"},
    {"a copy at the start", BYTES("\x04\x01\x01"), "a copy from 1 bytes back, where 0 are"},
    {"a copy from before the start",
     BYTES("\x08\x0C"
           "abcd\x0E\x05\x00"),
     "a copy from 5 bytes back, where 4 are"},
    {"a copy from here",
     BYTES("\x08\x0C"
           "abcd\x0E\x00\x00"),
     "a copy from 0 bytes back"},
    {"a copy from 4 GB back",
     BYTES("\x08\x0C"
           "abcd\x0F\xFF\xFF\xFF\xFF"),
     "a copy from 4294967295 bytes back"},
    {"a copy from 2047 bytes back",
     BYTES("\x08\x0C"
           "abcd\xE1\xFF"),
     "a copy from 2047 bytes back"},
    {"a copy without its offset",
     BYTES("\x08\x0C"
           "abcd\x0E\x04"),
     "an element runs past the end"},
    {"a copy longer than declared",
     BYTES("\x07\x0C"
           "abcd\x0E\x04\x00"),
     "more than the 7 bytes"},
    {"less than declared",
     BYTES("\x09\x0C"
           "abcd\x0E\x04\x00"),
     "8 bytes, where 9 are declared"},
    {"something after the end",
     BYTES("\x04\x0C"
           "abcd\x00z"),
     "more than the 4 bytes"},
    {"something where nothing is declared", BYTES("\x00\x00z"), "more than the 0 bytes"},
};
#define STREAM_COUNT (sizeof streams / sizeof streams[0])

/* A stream in memory of just its size, so that a sanitizer sees what is read beyond it. */
static unsigned char *decode(const char *stream, size_t bytes, size_t *out, char *message)
{
    unsigned char *const copy = malloc(bytes + 1), *decoded;

    memcpy(copy + 1, stream, bytes);
    decoded = cleave_snappy_decode(copy + 1, bytes, out, message);
    free(copy);
    return decoded;
}

static void snappy_streams(void)
{
    static const char all[] = "\x14\x0C"
                              "abcd\x11\x04\x0E\x04\x00\x0F\x04\x00\x00\x00",
                      row[] = "\x46\xF0\x05"
                              "rhythm\xFE\x01\x00";
    char message[CLEAVE_SENTENCE_BYTES] = "";
    size_t bytes = 0;
    unsigned char *decoded = decode(BYTES(all), &bytes, message);

    TEST_CHECK(decoded && bytes == 20 && !memcmp(decoded, "abcdabcdabcdabcdabcd", 20));
    free(decoded);
    decoded = decode(BYTES(row), &bytes, message); /* a copy of 64 bytes from one byte back */
    TEST_CHECK(decoded && bytes == 70 && !memcmp(decoded, "rhythmmmm", 9) && decoded[69] == 'm');
    free(decoded);
    test_bytes far = {0}; /* a copy of 5 bytes from 257 back, in the form with 11 bits of offset */
    test_bytes_put(&far, BYTES("\xB1\x02\xF4\x2B\x01"));
    for (int i = 0; i < 300; i++)
        test_bytes_number(&far, (uint64_t)i % 251, 1);
    test_bytes_put(&far, BYTES("\x25\x01"));
    decoded = decode((char *)far.data, far.used, &bytes, message);
    TEST_CHECK(decoded && bytes == 305 && !memcmp(decoded + 300, decoded + 300 - 257, 5));
    free(decoded);
    test_bytes_free(&far);
    decoded = decode(BYTES("\x00"), &bytes, message);
    TEST_CHECK(decoded && bytes == 0);
    free(decoded);
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        message[0] = 0;
        decoded = decode(streams[i].stream, streams[i].bytes, &bytes, message);
        expect(streams[i].name, decoded != NULL, message, streams[i].expected);
        free(decoded);
    }
    char *const large = calloc(1, 4u << 20); /* long enough for the ratio to be possible */
    memcpy(large, "\x81\x80\x80\x20", 4);
    TEST_CHECK(!cleave_snappy_decode(large, 4u << 20, &bytes, message));
    TEST_CHECK(strstr(message, "a stream of 4194304 bytes declares 67108865") != NULL);
    free(large);
    test_passed_count((int)STREAM_COUNT + 5);
}

/* ---- the contents of a data block --------------------------------------------------------------
 */

#define HEADER "\0\0\6" TEST_BUNDLE_HEADER /* 9 bytes */
#define A      "\0\1\0a"                   /* 4 bytes: the key "a" without value */
#define ONE    "\0\0\0\0\1\0\0\0"          /* a restart, at 0 */
#define MANY   "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"

static const struct {
    const char *name, *contents;
    size_t bytes;
    const char *expected;
} blocks[] = {
    {"the header alone", BYTES(HEADER ONE), "holds no tensor"},
    {"no byte", BYTES(""), "too short for a restart array"},
    {"three bytes", BYTES("\1\0\0"), "too short for a restart array"},
    {"no entry", BYTES(ONE), "has no entry"},
    {"no entry and a restart at 4", BYTES("\4\0\0\0\1\0\0\0"), "a restart is not where an entry"},
    {"no restart", BYTES(HEADER "\0\0\0\0"), "its restart array does not fit"},
    {"255 restarts", BYTES(HEADER "\0\0\0\0\xFF\0\0\0"), "its restart array does not fit"},
    {"2^32 - 1 restarts", BYTES(HEADER "\0\0\0\0\xFF\xFF\xFF\xFF"), "array does not fit"},
    {"restarts whose bytes wrap around", BYTES(HEADER "\0\0\0\0\1\0\0\x40"), "array does not fit"},
    {"restarts up to the start", BYTES("\0\0\0\0\0\0\0\0\2\0\0\0"), "restart is not where an ent"},
    {"a first restart that is not first", BYTES(HEADER A "\x9\0\0\0\1\0\0\0"),
     "its first restart is not its first entry"},
    {"restarts that descend", BYTES(HEADER A "\0\0\0\0\x9\0\0\0\0\0\0\0\3\0\0\0"),
     "a restart is not where an entry is"},
    {"a restart twice", BYTES(HEADER A "\0\0\0\0\x9\0\0\0\x9\0\0\0\3\0\0\0"),
     "a restart is not where an entry is"},
    {"a restart past the block", BYTES(HEADER A "\0\0\0\0\xFF\xFF\xFF\xFF\2\0\0\0"),
     "a restart is not where an entry is"},
    {"a restart within an entry", BYTES(HEADER A "\0\0\0\0\4\0\0\0\2\0\0\0"),
     "a restart is not where an entry is"},
    {"a restart that shares", BYTES(HEADER A "\1\1\0b\0\0\0\0\xD\0\0\0\2\0\0\0"),
     "an entry at a restart shares"},
    {"a first entry that shares", BYTES("\1\0\0" ONE), "an entry at a restart shares"},
    {"a prefix longer than the key before", BYTES(HEADER A "\2\1\0b" ONE), "shares more than"},
    {"a prefix of 2^32 - 1 bytes", BYTES(HEADER A "\xFF\xFF\xFF\xFF\xF\1\0b" ONE),
     "shares more than the key before it"},
    {"keys in the wrong order", BYTES(HEADER "\0\1\0b" A ONE), "the key after \"b\" is the same"},
    {"a key twice", BYTES(HEADER A A ONE), "the key after \"a\" is the same"},
    {"a key twice, all of it shared", BYTES(HEADER A "\1\0\0" ONE), "the key after \"a\" is the"},
    {"a key and then its beginning", BYTES(HEADER "\0\2\0ab" A ONE), "the key after \"ab\" is"},
    {"two headers", BYTES(HEADER HEADER ONE), "the key after \"\" is the same"},
    {"a length without end", BYTES(HEADER MANY MANY ONE), "lengths of an entry are damaged"},
    {"a length of 33 bits", BYTES(HEADER "\0\x80\x80\x80\x80\x10\0a" ONE), "lengths of an entry"},
    {"a length of 64 bits and more", BYTES(HEADER "\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\2" ONE),
     "lengths of an entry are damaged"},
    {"a length that the restarts cut", BYTES(HEADER "\x80" ONE), "lengths of an entry are"},
    {"an entry of one length", BYTES(HEADER "\0" ONE), "lengths of an entry are damaged"},
    {"a key past the end", BYTES(HEADER "\0\x7F\0a" ONE), "an entry runs into the restart array"},
    {"a value past the end", BYTES(HEADER "\0\1\5a" ONE), "an entry runs into the restart array"},
    {"a value that ends a byte late", BYTES(HEADER "\0\1\1a" ONE), "an entry runs into"},
    {"lengths whose sum wraps around", BYTES(HEADER "\0\xFF\xFF\xFF\xFF\xF\xFF\xFF\xFF\xFF\xF" ONE),
     "an entry runs into"},
    {"a last key after the index block's", BYTES(HEADER "\0\1\0\x7F" ONE),
     "its last key comes after"},
    {"a first key that is not empty", BYTES(A ONE), "does not begin with a header"},
};
#define BLOCK_COUNT (sizeof blocks / sizeof blocks[0])

static void build(test_bytes *index, const char *contents, size_t bytes, int compression)
{
    static const char *const last[] = {"~"};
    test_place place;

    index->used = 0;
    place = test_table_block(index, contents, bytes, compression);
    test_table_finish(index, &place, last, 1);
}

/* Each plain, then as a snappy stream. */
static void block_contents(void)
{
    test_bytes index = {0}, stream = {0};

    for (size_t i = 0; i < BLOCK_COUNT; i++) {
        build(&index, blocks[i].contents, blocks[i].bytes, 0);
        refuse(blocks[i].name, &index, blocks[i].expected);
        if (blocks[i].bytes == 0)
            continue;
        stream.used = 0;
        test_snappy_literal(&stream, blocks[i].contents, blocks[i].bytes);
        build(&index, (const char *)stream.data, stream.used, 1);
        refuse(blocks[i].name, &index, blocks[i].expected);
    }
    build(&index, BYTES(HEADER ONE), 2);
    refuse("a compression that nobody knows", &index, "neither plain nor compressed by snappy");
    build(&index, BYTES("\xFF\xFF\xFF\xFF\x0F\x0C"), 1);
    refuse("a bomb", &index, "snappy: a stream of 6 bytes declares 4294967295");
    build(&index, BYTES(HEADER ONE), 0);
    index.data[3] ^= 1;
    refuse("a changed byte", &index, "the block at byte 0: its checksum does not match");
    test_bytes_free(&index);
    test_bytes_free(&stream);
    test_passed_count((int)BLOCK_COUNT + 3);
}

/* A key may have 4096 bytes, by prefix or by itself. */
static void long_keys(void)
{
    char *const key = calloc(1, CLEAVE_SSTABLE_KEY_MAX + 1);
    test_bytes contents = {0}, index = {0};

    memset(key, 'a', CLEAVE_SSTABLE_KEY_MAX + 1);
    for (int by_prefix = 0; by_prefix < 2; by_prefix++)
        for (int more = 0; more < 2; more++) {
            const uint64_t first = by_prefix ? 4000 : 0;
            contents.used = 0;
            test_bytes_put(&contents, BYTES(HEADER));
            if (by_prefix)
                test_block_entry(&contents, 0, key, first, "", 0);
            test_block_entry(&contents, first, key, CLEAVE_SSTABLE_KEY_MAX + (uint64_t)more - first,
                             "", 0);
            test_bytes_put(&contents, BYTES(ONE));
            build(&index, (const char *)contents.data, contents.used, 0);
            refuse("a long key", &index, more ? "longer than 4096 bytes" : "type none");
        }
    free(key);
    test_bytes_free(&contents);
    test_bytes_free(&index);
}

/* ---- places ------------------------------------------------------------------------------------
 */

enum { META, INDEX, DATA };

static const struct {
    const char *name;
    int place;            /* whose */
    uint64_t offset, add; /* is this, or what it was and more; the same of the size */
    uint64_t bytes, add_bytes;
    const char *expected;
} places[] = {
    {"an index block past the end", INDEX, 1000000, 0, 0, 0, "leaves the file"},
    {"an index block at 2^64 - 1", INDEX, UINT64_MAX, 0, 0, 0, "leaves the file"},
    {"an index block of 2^64 - 1 bytes", INDEX, 0, 0, UINT64_MAX, 0, "leaves the file"},
    {"an index block whose end wraps around", INDEX, 0, 0, UINT64_MAX - 20, 0, "leaves the file"},
    {"an index block without its checksum", INDEX, 0, 0, 0, 5, "leaves the file"},
    {"an index block cut short", INDEX, 0, 0, 0, UINT64_MAX, "its checksum does not match"},
    {"an index block that begins late", INDEX, 0, 1, 0, UINT64_MAX, "its checksum does not match"},
    {"a meta block past the end", META, 1000000, 0, 0, 0, "leaves the file"},
    {"a meta block whose end wraps around", META, 0, 0, UINT64_MAX - 20, 0, "leaves the file"},
    {"a meta block that is cut short", META, 0, 0, 0, UINT64_MAX, "its checksum does not match"},
    {"a data block past the end", DATA, 1000000, 0, 0, 0, "leaves the file"},
    {"a data block at 2^64 - 1", DATA, UINT64_MAX, 0, 0, 0, "leaves the file"},
    {"a data block whose end wraps around", DATA, 0, 0, UINT64_MAX - 20, 0, "leaves the file"},
    {"a data block that is cut short", DATA, 0, 0, 0, UINT64_MAX, "its checksum does not match"},
    {"a data block that begins late", DATA, 0, 1, 0, UINT64_MAX, "its checksum does not match"},
};
#define PLACE_COUNT (sizeof places / sizeof places[0])

static void change(test_place *place, size_t i)
{
    place->offset = (places[i].offset ? places[i].offset : place->offset) + places[i].add;
    place->bytes = (places[i].bytes ? places[i].bytes : place->bytes) + places[i].add_bytes;
}

static void lying_places(void)
{
    static const char *const last[] = {"~"};
    test_bytes index = {0};

    for (size_t i = 0; i < PLACE_COUNT; i++) {
        index.used = 0;
        test_place data = test_table_block(&index, BYTES(HEADER ONE), 0);
        if (places[i].place == DATA)
            change(&data, i);
        test_table_end end = test_table_finish(&index, &data, last, 1);
        if (places[i].place != DATA) {
            index.used -= 48;
            change(places[i].place == META ? &end.meta : &end.index, i);
            test_table_footer(&index, end.meta, end.index);
        }
        refuse(places[i].name, &index, places[i].expected);
    }
    test_bytes_free(&index);
    test_passed_count((int)PLACE_COUNT);
}

/* What the index block holds is given; before it lies a block with the header, at 0, of 17 bytes.
 */
static void index_blocks(void)
{
    static const struct {
        const char *name, *contents;
        size_t bytes;
        const char *expected;
    } lying[] = {
        {"in order", BYTES("\0\1\2~\0\x11" ONE), "holds no tensor"},
        {"no entry", BYTES(ONE), "has no entry"},
        {"a place without value", BYTES("\0\1\0~" ONE), "not the place of a block"},
        {"a place of one number", BYTES("\0\1\1~\0" ONE), "not the place of a block"},
        {"a place of three numbers", BYTES("\0\1\3~\0\x11\0" ONE), "not the place of a block"},
        {"a place without end", BYTES("\0\1\x14~" MANY MANY ONE), "not the place of a block"},
        {"a block twice", BYTES("\0\1\2a\0\x11\0\1\2b\0\x11" ONE), "overlaps the one before"},
        {"a block within a block", BYTES("\0\1\2a\0\x11\0\1\2b\x15\1" ONE), "overlaps the one"},
        {"keys in the wrong order", BYTES("\0\1\2b\0\x11\0\1\2a\x16\1" ONE), "key after \"b\" is"},
        {"no restart", BYTES("\0\1\2~\0\x11\0\0\0\0"), "its restart array does not fit"},
        {"a restart too many", BYTES("\0\1\2~\0\x11\0\0\0\0\x6\0\0\0\2\0\0\0"), "a restart is not"},
    };
    const int count = (int)(sizeof lying / sizeof lying[0]);
    test_bytes index = {0};

    for (int i = 0; i < count; i++) {
        index.used = 0;
        test_table_block(&index, BYTES(HEADER ONE), 0);
        const test_place meta = test_table_block(&index, BYTES(ONE), 0);
        test_table_footer(&index, meta,
                          test_table_block(&index, lying[i].contents, lying[i].bytes, 0));
        refuse(lying[i].name, &index, lying[i].expected);
    }
    test_bytes_free(&index);
    test_passed_count(count);
}

/* Blocks of data that are the meta block or the index block as well, or the meta block that is the
 * index block: each is whole, and lies over another. */
static void shared_blocks(void)
{
    static const char header[] = HEADER ONE, one[] = ONE, twice[] = "\0\1\2~\0\x11" ONE;
    test_bytes index = {0};

    const test_place data = test_table_block(&index, header, sizeof header - 1, 0);
    test_table_footer(&index, data, test_table_block(&index, twice, sizeof twice - 1, 0));
    refuse("data in the meta block", &index, "overlaps the one before");
    index.used = 0;
    test_table_block(&index, header, sizeof header - 1, 0);
    const test_place entries = test_table_block(&index, twice, sizeof twice - 1, 0);
    test_table_footer(&index, entries, entries);
    refuse("one block for meta and index", &index, "overlaps the one before");
    index.used = 0;
    const test_place meta = test_table_block(&index, one, sizeof one - 1, 0);
    const uint64_t at = index.used;
    test_table_block(&index, header, sizeof header - 1, 0);
    const unsigned char after[] = {0, 1, 2, '~', (unsigned char)at, 0x11, 0, 0, 0, 0, 1, 0, 0, 0};
    test_table_footer(&index, meta, test_table_block(&index, after, sizeof after, 0));
    refuse("the meta block before the data", &index, "overlaps the one before");
    test_bytes_free(&index);
    test_passed_count(3);
}

/* A key of the second block must come after the index block's key for the first. */
static void keys_between_blocks(void)
{
    static const char *const rows[][3] = {
        {"b", "b", "the key after \"b\" is the same"},
        {"b", "a", "the key after \"b\" is the same"},
        {"", "a", "its entry is damaged"},
    };
    test_bytes index = {0}, contents = {0};

    for (int i = 0; i < 3; i++) {
        const char *const last[] = {rows[i][0], "~"};
        test_place both[2];
        index.used = contents.used = 0;
        both[0] = test_table_block(&index, BYTES(HEADER ONE), 0);
        test_block_entry(&contents, 0, rows[i][1], 1, "\x08", 1);
        test_bytes_put(&contents, BYTES(ONE));
        both[1] = test_table_block(&index, contents.data, contents.used, 0);
        test_table_finish(&index, both, last, 2);
        refuse("two blocks", &index, rows[i][2]);
    }
    const char *const last[] = {"a",
                                "~"}; /* a block without entries has a place in the order, too */
    test_place both[2];
    index.used = 0;
    both[0] = test_table_block(&index, BYTES(ONE), 0);
    both[1] = test_table_block(&index, BYTES(HEADER ONE), 0);
    test_table_finish(&index, both, last, 2);
    refuse("nothing, then the header", &index, "the key after \"a\" is the same");
    test_bytes_free(&index);
    test_bytes_free(&contents);
}

static void footers(void)
{
    static const unsigned char overrun[20] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                              0xFF, 0xFF, 0x02, 0xFF, 0xFF, 0xFF, 0xFF,
                                              0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    test_bytes index = {0};

    build(&index, BYTES(HEADER ONE), 0);
    index.data[index.used - 1] ^= 1;
    refuse("another magic number", &index, "does not end as the index");
    index.data[index.used - 1] ^= 1;
    index.data[index.used - 9] = 1;
    refuse("padding that is not zero", &index, "the places in its footer are damaged");
    index.data[index.used - 9] = 0;
    test_bytes_put(&index, "", 1);
    refuse("a byte after the end", &index, "does not end as the index");
    build(&index, BYTES(HEADER ONE), 0);
    memcpy(index.data + index.used - 48, overrun, sizeof overrun);
    refuse("places that overrun", &index, "the places in its footer are damaged");
    memmove(index.data, index.data + index.used - 47, 47);
    index.used = 47;
    refuse("47 bytes", &index, "does not end as the index");
    index.used = 0;
    refuse("no byte", &index, "does not end as the index");
    test_bytes_free(&index);
    test_passed_count(6);
}

int main(int argc, char **argv)
{
    static const test_case tests[] = {
        {"snappy streams, whole and lying", snappy_streams},
        {"data blocks that lie, plain and compressed", block_contents},
        {"keys of 4096 bytes and one more", long_keys},
        {"places that lie", lying_places},
        {"index blocks that lie", index_blocks},
        {"keys between blocks", keys_between_blocks},
        {"blocks that are two things", shared_blocks},
        {"footers that lie", footers},
    };

    return test_main(argc, argv, tests, (int)(sizeof tests / sizeof tests[0]));
}
