/* import_test.c: checkpoints -> tensors -> weight file -> tensors, and what must be refused on the
 * way. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/import.h"
#include "loader/synthetic.h"
#include "loader/sha256.h"
#include "tests/bytes.h"
#include "tests/test.h"
#include "weights/table.h"

static void *fixture(const char *name, int64_t *bytes)
{
    void *data = test_read_file(test_golden(name), bytes);

    TEST_CHECK(data != NULL);
    return data;
}

static double element(const cleave_import_tensor *t, uint64_t index)
{
    double value;

    cleave_import_read(t, index, 1, &value);
    return value;
}

/* Whether the tensor belongs to a normalisation layer: the "weight" of its prefix has one
 * dimension. */
static int is_norm(const cleave_import *import, const char *name)
{
    char weight[256];
    const char *dot = strrchr(name, '.');

    if (!dot)
        return 0;
    const int bytes = snprintf(weight, sizeof weight, "%.*s.weight", (int)(dot - name), name);
    for (uint32_t i = 0; i < import->tensor_count; i++)
        if (import->tensors[i].name_bytes == (uint32_t)bytes &&
            !memcmp(import->tensors[i].name, weight, (size_t)bytes))
            return import->tensors[i].rank == 1;
    return 0;
}

/* The nearest binary16 of a float32, as the official packager stores it. */
static float through_half(float value)
{
    int exponent;
    double scale;

    if (value == 0)
        return 0;
    frexp(value, &exponent);
    scale = ldexp(1, (exponent < -13 ? -13 : exponent) - 11);
    return (float)(nearbyint(value / scale) * scale);
}

static void check_values(const cleave_import *import)
{
    int64_t wrong = 0;

    for (uint32_t i = 0; i < import->tensor_count; i++) {
        const cleave_import_tensor *t = &import->tensors[i];
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)t->name_bytes, t->name);
        const int outermost =
            !strncmp(name, "decoder.3.conv_tr", 17) || !strncmp(name, "tdecoder.3.conv_tr", 18);
        const cleave_synthetic_rule rule =
            cleave_synthetic_demucs(name, t->shape, t->rank, is_norm(import, name), outermost);
        for (uint64_t e = 0; e < cleave_import_count(t); e++)
            wrong += element(t, e) != through_half(cleave_synthetic_value(name, e, rule));
        if (!TEST_CHECK(wrong == 0)) {
            printf("     first in %s\n", name);
            return;
        }
    }
}

static void torch_values(void)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_import import;
    int64_t bytes = 0;
    void *data = fixture("models/tiny_htdemucs.th", &bytes);

    if (TEST_CHECK(cleave_import_torch(&import, data, (size_t)bytes, message))) {
        TEST_CHECK(!strcmp(import.kind, "htdemucs"));
        TEST_CHECK(import.tensor_count == 533);
        TEST_CHECK(strstr(import.config, "segment=1/1\n") != NULL);
        TEST_CHECK(strstr(import.config, "sources=drums,bass,other,vocals\n") != NULL);
        check_values(&import);
        cleave_import_close(&import);
    } else {
        printf("     %s\n", message);
    }
    free(data);
}

static void safetensors_values(void)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_import import;
    int64_t bytes = 0;
    void *data = fixture("models/tiny_htdemucs.safetensors", &bytes);

    if (TEST_CHECK(cleave_import_safetensors(&import, data, (size_t)bytes, message))) {
        TEST_CHECK(import.tensor_count == 533);
        check_values(&import);
        cleave_import_close(&import);
    } else {
        printf("     %s\n", message);
    }
    free(data);
}

/* Import, write as `type`, read back: every value, shape and configuration key survives. */
static void round_trip(cleave_weights_type type)
{
    char message[CLEAVE_SENTENCE_BYTES] = "", text[64];
    const uint8_t source[32] = {1, 2, 3};
    test_bytes file = {0};
    cleave_import import;
    cleave_table table;
    int64_t bytes = 0, wrong = 0, depth = 0;
    void *data = fixture("models/tiny_htdemucs.th", &bytes);

    if (!TEST_CHECK(cleave_import_torch(&import, data, (size_t)bytes, message)))
        return;
    TEST_CHECK(cleave_weights_write(&import, type, source, test_bytes_sink, &file, message));
    if (TEST_CHECK(cleave_table_open(&table, file.data, file.used, message))) {
        TEST_CHECK(cleave_table_verify(&table, message));
        TEST_CHECK(table.header->tensor_count == import.tensor_count);
        for (uint32_t i = 0; i < import.tensor_count; i++) {
            cleave_table_tensor t;
            char name[256];
            snprintf(name, sizeof name, "%.*s", (int)import.tensors[i].name_bytes,
                     import.tensors[i].name);
            if (!TEST_CHECK(cleave_table_find(&table, name, &t)))
                continue;
            TEST_CHECK(t.rank == import.tensors[i].rank &&
                       !memcmp(t.shape, import.tensors[i].shape, sizeof t.shape));
            for (int64_t e = 0; e < t.count; e++) {
                float value;
                cleave_table_read(&t, e, 1, &value);
                wrong += value != (float)element(&import.tensors[i], (uint64_t)e);
            }
        }
        TEST_CHECK(wrong == 0);
        TEST_CHECK(cleave_table_config(&table, "sources", text, sizeof text) &&
                   !strcmp(text, "drums,bass,other,vocals"));
        TEST_CHECK(cleave_table_config_i64(&table, "depth", 1, 10, &depth) && depth == 4);
        TEST_CHECK(!cleave_table_config_i64(&table, "depth", 5, 10, &depth));
        TEST_CHECK(!cleave_table_config(&table, "absent", text, sizeof text));
    }
    cleave_import_close(&import);
    test_bytes_free(&file);
    free(data);
}

static void round_trip_f32(void)
{
    round_trip(CLEAVE_WEIGHTS_F32);
}

static void round_trip_f16(void)
{
    round_trip(CLEAVE_WEIGHTS_F16);
}

/* Every truncation and one flipped bit at many places: refused, or (a flip in what nobody reads)
 * equal values. */
static void damaged_checkpoints(void)
{
    char message[CLEAVE_SENTENCE_BYTES];
    cleave_import import;
    int64_t bytes = 0;
    unsigned char *data = fixture("models/tiny_htdemucs.th", &bytes);
    int refused = 0;

    for (int64_t cut = 0; cut < bytes; cut += cut < 200 || bytes - cut < 200 ? 1 : 9973) {
        unsigned char *copy = malloc((size_t)cut + 1);
        memcpy(copy, data, (size_t)cut);
        message[0] = 0;
        if (TEST_CHECK(!cleave_import_torch(&import, copy, (size_t)cut, message)))
            TEST_CHECK(message[0] != 0);
        else
            cleave_import_close(&import);
        free(copy);
    }
    for (int64_t at = 0; at < bytes; at += 3001) {
        data[at] ^= 0x10;
        if (cleave_import_torch(&import, data, (size_t)bytes, message))
            cleave_import_close(&import);
        else
            refused++;
        data[at] ^= 0x10;
    }
    TEST_CHECK(refused > 300);
    free(data);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"a .th package gives the values it was made of", torch_values},
        {"a safetensors file gives the same", safetensors_values},
        {"import, float32 weight file, table", round_trip_f32},
        {"import, float16 weight file, table", round_trip_f16},
        {"truncated and damaged checkpoints are refused", damaged_checkpoints},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
