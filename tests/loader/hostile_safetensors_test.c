/* hostile_safetensors_test.c: safetensors files that are none. */
#include <stdio.h>
#include <string.h>

#include "loader/import.h"
#include "tests/bytes.h"
#include "tests/test.h"

#define A             "\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}"
#define B             "\"b\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,32]}"
#define ENTRY(inside) "{\"a\":{" inside "}," B "}"

/* A header before 32 bytes of data, and part of the sentence that refuses it. */
static const struct {
    const char *name, *header, *expected;
} cases[] = {
    {"no object", "[" A "]", "does not begin with '{'"},
    {"spaces before the object", " {" A "," B "}", "does not begin with '{'"},
    {"an empty object", "{}", "a text is expected at byte 1"},
    {"no end", "{" A "," B, "'}' expected in the header"},
    {"something after the end", "{" A "," B "}x", "something follows"},
    {"another object after the end", "{" A "," B "}{}", "something follows"},
    {"a comma before the end", "{" A "," B ",}", "a text is expected"},
    {"no comma", "{" A B "}", "'}' expected"},
    {"no colon", "{\"a\" {}}", "':' expected in the header"},
    {"a name without quotes", "{a:{}}", "a text is expected"},
    {"a name without end", "{\"a", "a text does not end"},
    {"a name that ends in an escape", "{\"a\\", "bad escape"},
    {"an unknown escape", "{\"\\x\":{}}", "bad escape"},
    {"an escaped NUL", "{\"\\u0000\":{}}", "bad escape"},
    {"an escape of three digits", "{\"\\u00 1\":{}}", "bad escape"},
    {"half a surrogate pair", "{\"\\uD800\":{}}", "bad escape"},
    {"a pair the wrong way round", "{\"\\uDC00\\uD800\":{}}", "bad escape"},
    {"a control character", "{\"a\x01\":{}}", "not printable UTF-8"},
    {"an escaped control character", "{\"a\\u001b\":{}}", "not printable UTF-8"},
    {"a name that is no UTF-8", "{\"a\xC0\x80\":{}}", "not printable UTF-8"},
    {"a name twice", "{" A ",\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,32]}}",
     "\"a\" appears twice"},
    {"a name twice, once escaped",
     "{" A ",\"\\u0061\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,32]}}",
     "\"a\" appears twice"},
    {"an empty name", "{\"\":{\"dtype\":\"F32\",\"shape\":[8],\"data_offsets\":[0,32]}}",
     "a name of 0 bytes"},
    {"an entry that is a list", "{\"a\":[]}", "'{' expected in a tensor's entry"},
    {"an entry without type", ENTRY("\"shape\":[4],\"data_offsets\":[0,16]"),
     "lacks dtype, shape or data_offsets"},
    {"an entry without shape", ENTRY("\"dtype\":\"F32\",\"data_offsets\":[0,16]"), "lacks"},
    {"an entry without offsets", ENTRY("\"dtype\":\"F32\",\"shape\":[4]"), "lacks"},
    {"one offset", ENTRY("\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0]"), "lacks"},
    {"three offsets", ENTRY("\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,8,16]"),
     "more than 2 numbers"},
    {"a type twice", ENTRY("\"dtype\":\"F32\",\"dtype\":\"F32\""),
     "key \"dtype\" is unknown or twice"},
    {"a shape twice", ENTRY("\"shape\":[],\"shape\":[4]"), "key \"shape\" is unknown or twice"},
    {"offsets twice", ENTRY("\"data_offsets\":[],\"data_offsets\":[0,16]"),
     "\"data_offsets\" is unknown or twice"},
    {"an unknown key", ENTRY("\"code\":\"os.system\""), "key \"code\" is unknown"},
    {"a deeper object", ENTRY("\"dtype\":{\"dtype\":{}}"), "a text is expected"},
    {"a deeper list", ENTRY("\"shape\":[[4]]"), "a whole number is expected"},
    {"a type of integers", ENTRY("\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]"),
     "\"a\": type I64"},
    {"a type in lower case", ENTRY("\"dtype\":\"f32\",\"shape\":[4],\"data_offsets\":[0,16]"),
     "\"a\": type f32"},
    {"an empty type", ENTRY("\"dtype\":\"\",\"shape\":[4],\"data_offsets\":[0,16]"),
     "\"a\": type "},
    {"a negative size", ENTRY("\"shape\":[-4]"), "a whole number is expected"},
    {"a size with a fraction", ENTRY("\"shape\":[4.0]"), "']' expected in a list of numbers"},
    {"a size with an exponent", ENTRY("\"shape\":[4e0]"), "']' expected"},
    {"a size with a zero before it", ENTRY("\"shape\":[04]"), "a whole number is expected"},
    {"a size of 10^30", ENTRY("\"shape\":[1000000000000000000000000000000]"),
     "a number is too large"},
    {"a size of 0", ENTRY("\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]"),
     "\"a\": a dimension is 0"},
    {"a product that wraps around",
     ENTRY(
         "\"dtype\":\"F32\",\"shape\":[4294967295,4294967295,4294967295],\"data_offsets\":[0,16]"),
     "too large"},
    {"nine dimensions", ENTRY("\"shape\":[1,1,1,1,1,1,1,1,1]"), "more than 8 numbers"},
    {"offsets that fit another shape",
     ENTRY("\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[0,16]"), "\"a\": its data_"},
    {"offsets in the wrong order", ENTRY("\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,0]"),
     "\"a\": its data_"},
    {"offsets past the end", ENTRY("\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[20,36]"),
     "\"a\": its data_"},
    {"offsets of 2^36",
     ENTRY("\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[68719476720,68719476736]"),
     "\"a\": its d"},
    {"tensors that overlap",
     "{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[8,32]}}",
     "overlap or leave a gap at byte 16"},
    {"tensors with the same data",
     "{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", "overlap"},
    {"a gap", "{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]}}",
     "leave a gap at byte 16"},
    {"data that belong to no tensor", "{" A "}", "16 bytes at the end belong to no tensor"},
    {"metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}," A "," B "}",
     "__metadata__ appears twice"},
    {"metadata that are a list", "{\"__metadata__\":[]," A "," B "}",
     "'{' expected in __metadata__"},
    {"metadata of numbers", "{\"__metadata__\":{\"a\":1}," A "," B "}", "a text is expected"},
    {"metadata of metadata", "{\"__metadata__\":{\"a\":{}}," A "," B "}", "a text is expected"},
    {"a key twice in the metadata", "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}," A "," B "}",
     "\"k\" appears twice"},
    {"a key with an equals sign", "{\"__metadata__\":{\"k=\":\"1\"}," A "," B "}", "entry \"k=\""},
    {"an empty key in the metadata", "{\"__metadata__\":{\"\":\"1\"}," A "," B "}", "entry \"\""},
    {"a kind that is too long",
     "{\"__metadata__\":{\"kind\":\"0123456789012345678901234567890123456789\"}," A "," B "}",
     "the kind is empty"},
    {"metadata and no tensor", "{\"__metadata__\":{}}", "32 bytes at the end belong to no tensor"},
};
#define CASE_COUNT (sizeof cases / sizeof cases[0])

static void build(test_bytes *b, const char *header, uint64_t header_bytes)
{
    static const char data[32] = {0};

    b->used = 0;
    test_bytes_number(b, header_bytes, 8);
    test_bytes_text(b, header);
    test_bytes_put(b, data, sizeof data);
}

static void refuse(const char *name, const unsigned char *bytes, size_t count, const char *expected)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_import import;

    if (cleave_import_safetensors(&import, bytes, count, message)) {
        TEST_FAIL("%s: accepted", name);
        cleave_import_close(&import);
    } else if (!strstr(message, expected)) {
        TEST_FAIL("%s: \"%s\" lacks \"%s\"", name, message, expected);
    } else {
        TEST_CHECK(1);
    }
}

static void headers(void)
{
    test_bytes b = {0};

    for (size_t i = 0; i < CASE_COUNT; i++) {
        build(&b, cases[i].header, strlen(cases[i].header));
        refuse(cases[i].name, b.data, b.used, cases[i].expected);
    }
    test_bytes_free(&b);
    test_passed_count((int)CASE_COUNT);
}

static void lengths(void)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } lying[] = {{"a header of no byte", 0},
                 {"a header of one byte", 1},
                 {"one byte more than there is", 0},
                 {"a header of 2^64 - 1 bytes", UINT64_MAX},
                 {"a header of 2^63 bytes", UINT64_C(1) << 63},
                 {"a header of 100 MB and one", (100u << 20) + 1}};
    static const char header[] = "{" A "," B "}";
    test_bytes b = {0};

    for (size_t i = 0; i < sizeof lying / sizeof lying[0]; i++) {
        build(&b, header, i == 2 ? sizeof header - 1 + 32 + 1 : lying[i].bytes);
        refuse(lying[i].name, b.data, b.used, "does not fit a file of");
    }
    test_bytes_free(&b);
    test_passed_count(6);
}

/* The file that the cases vary is in order; cut anywhere, or with any byte of its header changed,
 * it is refused with a sentence or read. */
static void whole(void)
{
    static const char header[] =
        "{\"__metadata__\":{\"kind\":\"htdemucs\",\"k\":\"\\u00e9\\ud83d\\ude00\"}," A "," B "}  ";
    char message[CLEAVE_SENTENCE_BYTES];
    cleave_import import;
    test_bytes b = {0};

    build(&b, header, sizeof header - 1);
    if (TEST_CHECK(cleave_import_safetensors(&import, b.data, b.used, message))) {
        TEST_CHECK(!strcmp(import.kind, "htdemucs") && import.tensor_count == 2);
        TEST_CHECK(import.config_bytes == 9 &&
                   !memcmp(import.config, "k=\xC3\xA9\xF0\x9F\x98\x80\n", 9));
        cleave_import_close(&import);
    }
    for (size_t bytes = 0; bytes < b.used; bytes++)
        refuse("a file cut short", b.data, bytes, "");
    for (size_t at = 0; at < 8 + sizeof header - 1; at++) {
        const unsigned char kept = b.data[at];
        for (int value = 0; value < 256; value++) {
            b.data[at] = (unsigned char)value;
            message[0] = 0;
            if (cleave_import_safetensors(&import, b.data, b.used, message))
                cleave_import_close(&import);
            else
                TEST_CHECK(message[0] != 0);
        }
        b.data[at] = kept;
    }
    test_bytes_free(&b);
}

int main(int argc, char **argv)
{
    static const test_case tests[] = {
        {"a file, whole, cut, with any byte changed", whole},
        {"headers that are no header", headers},
        {"header lengths that lie", lengths},
    };

    return test_main(argc, argv, tests, (int)(sizeof tests / sizeof tests[0]));
}
