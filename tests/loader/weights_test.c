/* weights_test.c: weight files: what goes in comes out, what is damaged is refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/loader.h"
#include "loader/sha256.h"
#include "tests/bytes.h"
#include "tests/test.h"
#include "weights/crc32.h"
#include "kernels/half.h"

static void sums(void)
{
    static const struct {
        const char *text, *sha256;
    } known[] = {
        /* FIPS 180-4's examples */
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    unsigned char block[5000];
    char text[65];
    uint8_t digest[32];
    cleave_sha256 hash;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        for (size_t cut = 0; cut <= strlen(known[i].text); cut++) {
            cleave_sha256_init(&hash);
            cleave_sha256_add(&hash, known[i].text, cut);
            cleave_sha256_add(&hash, known[i].text + cut, strlen(known[i].text) - cut);
            cleave_sha256_finish(&hash, digest);
            cleave_sha256_text(digest, text);
            TEST_CHECK(!strcmp(text, known[i].sha256));
        }
    /* The check values of both polynomials, and short runs against the table of long ones. */
    TEST_CHECK(cleave_crc32(0, "123456789", 9) == 0xCBF43926 &&
               cleave_crc32c(0, "123456789", 9) == 0xE3069283);
    for (int i = 0; i < 5000; i++)
        block[i] = (unsigned char)(i * 2654435761u >> 13);
    uint32_t crc = 0;
    for (int i = 0; i < 5000; i++)
        crc = cleave_crc32c(crc, block + i, 1);
    TEST_CHECK(crc == cleave_crc32c(0, block, 5000));
}

/* Every binary16 value goes to float32 and back; between neighbours the nearest, ties to even. */
static void halves(void)
{
    int wrong = 0;

    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        const float value = cleave_half_to_float((uint16_t)bits);
        if ((bits & 0x7C00) == 0x7C00) {
            const uint16_t back = cleave_half_from_float(value);
            wrong += bits & 0x3FF ? !isnan(value) || !isnan(cleave_half_to_float(back))
                                  : !isinf(value) || back != bits;
            continue;
        }
        wrong += cleave_half_from_float(value) != bits;
        if ((bits & 0x7FFF) >= 0x7BFF)
            continue;
        const double middle =
            ((double)value + (double)cleave_half_to_float((uint16_t)(bits + 1))) / 2;
        const uint32_t even = bits + (bits & 1);
        wrong += cleave_half_from_float((float)middle) != even;
        wrong += cleave_half_from_float(nextafterf((float)middle, value)) != bits;
    }
    TEST_CHECK(wrong == 0);
    TEST_CHECK(cleave_half_from_float(65519.f) == 0x7BFF &&
               cleave_half_from_float(65520.f) == 0x7C00);
}

/* A checkpoint of one tensor "w" of `type` over `bytes` of data, and of a scalar, converted. */
static int convert(const char *type, const char *shape, const void *data, size_t bytes,
                   cleave_weights_type to, test_bytes *file, char *message)
{
    const uint8_t source[32] = {9};
    char header[512];
    test_bytes checkpoint = {0};
    cleave_import import;
    int ok;

    const int length =
        snprintf(header, sizeof header,
                 "{\"__metadata__\":{\"kind\":\"htdemucs\",\"b\":\"2\",\"a\":\"1\"},"
                 "\"w\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[0,%zu]},"
                 "\"scalar\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[%zu,%zu]}}",
                 type, shape, bytes, bytes, bytes + 4);
    test_bytes_number(&checkpoint, (uint64_t)length, 8);
    test_bytes_put(&checkpoint, header, (size_t)length);
    test_bytes_put(&checkpoint, data, bytes);
    test_bytes_put(&checkpoint, &(float){0.5f}, 4);
    ok = cleave_import_open(&import, checkpoint.data, checkpoint.used, message);
    if (ok) {
        ok = cleave_weights_write(&import, to, source, test_bytes_sink, file, message);
        cleave_import_close(&import);
    }
    test_bytes_free(&checkpoint);
    return ok;
}

static void check_values(const char *type, const void *data, size_t bytes, cleave_weights_type to)
{
    static const float expected[6] = {1, -2, 0.5f, -0.f, 0.15625f, 240};
    char message[CLEAVE_SENTENCE_BYTES] = "", text[8];
    cleave_table_tensor tensor;
    cleave_weights weights;
    test_bytes file = {0};
    float out[6], part[2];

    if (TEST_CHECK(convert(type, "2,3", data, bytes, to, &file, message)) &&
        TEST_CHECK(cleave_weights_open_memory(&weights, file.data, file.used, message)) &&
        TEST_CHECK(cleave_weights_verify(&weights, message))) {
        TEST_CHECK(weights.table.header->tensor_count == 2 &&
                   weights.table.header->source_sha256[0] == 9);
        TEST_CHECK(cleave_table_find(&weights.table, "scalar", &tensor) && tensor.rank == 0 &&
                   tensor.count == 1);
        TEST_CHECK(!cleave_table_find(&weights.table, "scala", &tensor) &&
                   !cleave_table_find(&weights.table, "", &tensor));
        TEST_CHECK(cleave_table_config(&weights.table, "a", text, sizeof text) &&
                   !strcmp(text, "1"));
        if (TEST_CHECK(cleave_table_find(&weights.table, "w", &tensor))) {
            TEST_CHECK(tensor.type == to && tensor.rank == 2 && tensor.shape[0] == 2 &&
                       tensor.shape[1] == 3);
            cleave_table_read(&tensor, 0, 6, out);
            TEST_CHECK(!memcmp(out, expected, sizeof out));
            cleave_table_read(&tensor, 3, 2, part);
            TEST_CHECK(!memcmp(part, expected + 3, sizeof part));
        }
    } else {
        printf("     %s\n", message);
    }
    test_bytes_free(&file);
}

/* Every value of binary16, alone and among others, comes out as the definition has it: signs,
 * subnormals, infinities and NaN too. */
static void every_half(void)
{
    enum { ALL = 65536 };
    static uint16_t half[ALL];
    static float out[ALL];
    const cleave_table_tensor tensor = {.type = CLEAVE_WEIGHTS_F16, .count = ALL, .data = half};

    for (int step = 1; step < 40; step += 2) {
        int wrong = 0;
        for (int i = 0; i < ALL; i++)
            half[i] = (uint16_t)(i * step + (i % 7 == 3 ? 0x3c00 : 0));
        for (int64_t first = 0; first < ALL; first += ALL / 3) {
            const int64_t count = ALL - first < ALL / 3 ? ALL - first : ALL / 3;
            cleave_table_read(&tensor, first, count, out + first);
        }
        for (int i = 0; i < ALL; i++) {
            const float value = cleave_half_to_float(half[i]);
            wrong += memcmp(&value, &out[i], sizeof value) != 0;
        }
        TEST_CHECK(wrong == 0);
    }
}

/* The same six values in every type that checkpoints have, to both that weight files have. */
static void types(void)
{
    static const float f32[6] = {1, -2, 0.5f, -0.f, 0.15625f, 240};
    static const double f64[6] = {1, -2, 0.5, -0., 0.15625, 240};
    static const uint16_t f16[6] = {0x3C00, 0xC000, 0x3800, 0x8000, 0x3100, 0x5B80};
    static const uint16_t bf16[6] = {0x3F80, 0xC000, 0x3F00, 0x8000, 0x3E20, 0x4370};

    for (int to = CLEAVE_WEIGHTS_F32; to <= CLEAVE_WEIGHTS_F16; to++) {
        check_values("F32", f32, sizeof f32, (cleave_weights_type)to);
        check_values("F64", f64, sizeof f64, (cleave_weights_type)to);
        check_values("F16", f16, sizeof f16, (cleave_weights_type)to);
        check_values("BF16", bf16, sizeof bf16, (cleave_weights_type)to);
    }
}

/* binary16 where nothing else is, float32 wherever one tensor is of another type. */
static void smallest(void)
{
    cleave_import_tensor tensors[2] = {{.type = CLEAVE_IMPORT_F16}, {.type = CLEAVE_IMPORT_F16}};
    const cleave_import import = {.tensors = tensors, .tensor_count = 2};

    TEST_CHECK(cleave_import_smallest(&import) == CLEAVE_WEIGHTS_F16);
    for (int type = CLEAVE_IMPORT_BF16; type <= CLEAVE_IMPORT_F64; type++) {
        tensors[1].type = (cleave_import_type)type;
        TEST_CHECK(cleave_import_smallest(&import) == CLEAVE_WEIGHTS_F32);
    }
}

/* A storage read through offset and strides: gathered in row-major order of the shape. */
static void strides(void)
{
    static const float storage[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    const cleave_import_tensor transposed = {.type = CLEAVE_IMPORT_F32,
                                             .rank = 2,
                                             .shape = {3, 2},
                                             .stride = {1, 3},
                                             .data = (const void *)(storage + 1)};
    const cleave_import_tensor repeated = {.type = CLEAVE_IMPORT_F32,
                                           .rank = 3,
                                           .shape = {2, 1, 2},
                                           .stride = {0, 5, 2},
                                           .data = (const void *)storage};
    static const double expected[6] = {1, 4, 2, 5, 3, 6}, twice[4] = {0, 2, 0, 2};
    double out[6];

    cleave_import_read(&transposed, 0, 6, out);
    TEST_CHECK(!memcmp(out, expected, sizeof out));
    for (uint64_t first = 0; first < 6; first++) {
        cleave_import_read(&transposed, first, 6 - first, out);
        TEST_CHECK(!memcmp(out, expected + first, (6 - first) * sizeof *out));
    }
    cleave_import_read(&repeated, 0, 4, out);
    TEST_CHECK(!memcmp(out, twice, sizeof twice));
}

static void refused_values(void)
{
    static const struct {
        float value;
        cleave_weights_type to;
        const char *expected;
    } cases[] = {{NAN, CLEAVE_WEIGHTS_F32, "\"w\": element 1 is nan"},
                 {INFINITY, CLEAVE_WEIGHTS_F32, "\"w\": element 1 is inf, which float32"},
                 {65520, CLEAVE_WEIGHTS_F16, "\"w\": element 1 is 65520, which float16"}};
    char message[CLEAVE_SENTENCE_BYTES];
    test_bytes file = {0};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const float data[2] = {1, cases[i].value};
        TEST_CHECK(!convert("F32", "2", data, sizeof data, cases[i].to, &file, message) &&
                   file.used == 0);
        TEST_CHECK(strstr(message, cases[i].expected) != NULL);
    }
    TEST_CHECK(!convert("F64", "1", &(double){1e39}, 8, CLEAVE_WEIGHTS_F32, &file, message) &&
               strstr(message, "1e+39"));
    TEST_CHECK(
        convert("F32", "2", (const float[2]){1, 65519}, 8, CLEAVE_WEIGHTS_F16, &file, message));
    test_bytes_free(&file);
}

static void refused_kinds(void)
{
    static const struct {
        const char *kind, *expected;
    } cases[] = {
        {"", "does not say what kind"}, {"a/b", "\"a/b\" is no name"}, {"HTDemucs", "is no name"}};
    static const float value = 1;
    const uint8_t source[32] = {0};
    char message[CLEAVE_SENTENCE_BYTES];
    cleave_import_tensor tensor = {
        .name = "w", .name_bytes = 1, .type = CLEAVE_IMPORT_F32, .data = (const void *)&value};
    test_bytes file = {0};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cleave_import import = {.tensors = &tensor, .tensor_count = 1};
        snprintf(import.kind, sizeof import.kind, "%s", cases[i].kind);
        TEST_CHECK(!cleave_weights_write(&import, CLEAVE_WEIGHTS_F32, source, test_bytes_sink,
                                         &file, message));
        TEST_CHECK(file.used == 0 && strstr(message, cases[i].expected));
    }
}

/* 1 if the bytes open and verify. */
static int accepts(const test_bytes *file, size_t bytes, char *message)
{
    cleave_weights weights;

    message[0] = 0;
    return cleave_weights_open_memory(&weights, file->data, bytes, message) &&
           cleave_weights_verify(&weights, message);
}

/* A file is refused, with a sentence, when any one of its bits is another, and at any other length.
 */
static void damaged(void)
{
    static const float values[20] = {1, 2, 3};
    char message[CLEAVE_SENTENCE_BYTES];
    test_bytes file = {0};

    if (!TEST_CHECK(
            convert("F32", "20", values, sizeof values, CLEAVE_WEIGHTS_F32, &file, message)))
        return;
    TEST_CHECK(accepts(&file, file.used, message));
    for (size_t at = 0; at < file.used; at++)
        for (int bit = 0; bit < 8; bit++) {
            file.data[at] ^= (unsigned char)(1 << bit);
            if (accepts(&file, file.used, message) || !message[0])
                TEST_FAIL("byte %zu, bit %d: accepted, or refused without a sentence", at, bit);
            file.data[at] ^= (unsigned char)(1 << bit);
        }
    for (size_t bytes = 0; bytes < file.used; bytes++)
        TEST_CHECK(!accepts(&file, bytes, message) && message[0]);
    TEST_CHECK(accepts(&file, file.used, message));
    test_bytes_free(&file);
}

/* Fields set to what would lead out of the file, and the sentence for each. */
static void lying_fields(void)
{
    static const float values[20] = {1, 2, 3};
    enum { RECORD = 320 }; /* of "scalar", after header and configuration; that of "w" follows */
    static const struct {
        size_t at;
        uint64_t value;
        int bytes;
        const char *expected;
    } cases[] = {
        {0, 'X', 1, "does not begin with CLEAVEW1"},
        {offsetof(cleave_weights_header, version), 2, 4, "version 2"},
        {offsetof(cleave_weights_header, file_bytes), UINT64_MAX, 8, "the header says"},
        {offsetof(cleave_weights_header, tensor_count), 0, 4, "0 tensors"},
        {offsetof(cleave_weights_header, tensor_count), 65537, 4, "65537 tensors"},
        {offsetof(cleave_weights_header, tensor_count), 65536, 4, "the tensor records lie outside"},
        {offsetof(cleave_weights_header, config_bytes), 1 << 21, 8,
         "the configuration text lies outside"},
        {offsetof(cleave_weights_header, config_bytes), 5, 8, "is not sorted lines"},
        {offsetof(cleave_weights_header, config_offset), UINT64_MAX - 63, 8,
         "the configuration text lies outside"},
        {offsetof(cleave_weights_header, records_offset), 0, 8, "the tensor records lie outside"},
        {offsetof(cleave_weights_header, names_bytes), UINT64_MAX, 8,
         "the tensor names lie outside"},
        {offsetof(cleave_weights_header, names_bytes), 8, 8, "the tensor names go on after"},
        {offsetof(cleave_weights_header, data_bytes), UINT64_MAX - 512, 8,
         "the tensor data lie outside"},
        {offsetof(cleave_weights_header, kind), 0, 1, "the model kind"},
        {offsetof(cleave_weights_header, kind), '/', 1, "the model kind"},
        {offsetof(cleave_weights_header, kind) + 31, 'a', 1, "the model kind"},
        {offsetof(cleave_weights_header, reserved), 1, 1, "reserved bytes of the header"},
        {256, 'b', 1, "is not sorted lines"},
        {266, 1, 1, "between two parts are not zero"},
        {RECORD, 1, 4, "tensor 0: its name lies outside"},
        {RECORD + 4, 0, 2, "tensor 0: its name lies outside"},
        {RECORD + 4, 4097, 2, "tensor 0: its name lies outside"},
        {RECORD + 6, 3, 1, "tensor \"scalar\": unknown type 3"},
        {RECORD + 7, 9, 1, "tensor \"scalar\": its shape"},
        {RECORD + 8, 1, 4, "tensor \"scalar\": its shape"},
        {RECORD + 64 + 8, 0, 4, "tensor \"w\": its shape"},
        {RECORD + 64 + 8, 0xFFFFFFFF, 4, "tensor \"w\": its shape"},
        {RECORD + 64 + 40, 0, 8, "tensor \"w\": its data do not follow"},
        {RECORD + 64 + 40, UINT64_MAX - 63, 8, "tensor \"w\": its data do not follow"},
        {RECORD + 64 + 48, UINT64_MAX, 8, "tensor \"w\": its shape"},
        {RECORD + 64 + 60, 1, 4, "tensor \"w\": reserved"},
        {RECORD + 128, 'z', 1, "tensor \"w\": out of order or twice"},
        {RECORD + 128, '\n', 1, "tensor \"?calar\": its name is not printable"},
    };
    char message[CLEAVE_SENTENCE_BYTES];
    test_bytes file = {0};

    if (!TEST_CHECK(
            convert("F32", "20", values, sizeof values, CLEAVE_WEIGHTS_F32, &file, message)))
        return;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char kept[8];
        memcpy(kept, file.data + cases[i].at, 8);
        test_bytes_patch(&file, cases[i].at, cases[i].value, cases[i].bytes);
        if (accepts(&file, file.used, message))
            TEST_FAIL("case %zu: accepted", i);
        else if (!strstr(message, cases[i].expected))
            TEST_FAIL("case %zu: \"%s\" lacks \"%s\"", i, message, cases[i].expected);
        else
            TEST_CHECK(1);
        memcpy(file.data + cases[i].at, kept, 8);
    }
    TEST_CHECK(accepts(&file, file.used, message));
    test_bytes_free(&file);
    test_passed_count((int)(sizeof cases / sizeof cases[0]));
}

static void refuse_file(const char *path, const char *expected)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_weights weights;

    if (cleave_weights_open(&weights, path, message))
        TEST_FAIL("%s: opened", path);
    else if (!strstr(message, expected))
        TEST_FAIL("%s: \"%s\" lacks \"%s\"", path, message, expected);
    else
        TEST_CHECK(1);
    cleave_weights_close(&weights);
}

/* From a file, and what is no file. */
static void files(void)
{
    static const float values[20] = {1, 2, 3};
    char message[CLEAVE_SENTENCE_BYTES], folder[] = "/tmp/cleave_weights_XXXXXX", path[64];
    test_bytes file = {0};
    cleave_weights weights;
    FILE *stream;

    if (!TEST_CHECK(mkdtemp(folder)) || !TEST_CHECK(convert("F32", "20", values, sizeof values,
                                                            CLEAVE_WEIGHTS_F16, &file, message)))
        return;
    snprintf(path, sizeof path, "%s/w", folder);
    refuse_file(path, "cannot be opened");
    refuse_file(folder, "is no regular file");
    refuse_file("/dev/null", "is no regular file");
    if (TEST_CHECK(mkfifo(path, 0600) == 0))
        refuse_file(path, "is no regular file");
    unlink(path);
    stream = fopen(path, "wb");
    fclose(stream);
    refuse_file(path, "is empty");
    stream = fopen(path, "wb");
    TEST_CHECK(fwrite(file.data, 1, file.used, stream) == file.used && fclose(stream) == 0);
    if (TEST_CHECK(cleave_weights_open(&weights, path, message))) {
        TEST_CHECK(cleave_weights_verify(&weights, message));
        cleave_weights_close(&weights);
        cleave_weights_close(&weights);
    }
    TEST_CHECK(truncate(path, 100) == 0);
    refuse_file(path, "too short for a weight file");
    TEST_CHECK(!cleave_weights_open_memory(&weights, file.data + 1, file.used - 1, message) &&
               strstr(message, "64-byte boundary"));
    unlink(path);
    rmdir(folder);
    test_bytes_free(&file);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"sums", sums},
        {"binary16", halves},
        {"every half", every_half},
        {"every type to both types", types},
        {"smallest", smallest},
        {"strides", strides},
        {"values that a type cannot hold", refused_values},
        {"kinds that are no name", refused_kinds},
        {"any bit flipped, any length", damaged},
        {"fields that lie", lying_fields},
        {"files, and what is none", files},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
