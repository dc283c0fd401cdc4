/* import_tensorflow_test.c: a TensorFlow checkpoint of a small Spleeter network, its index in one
 * block and in several, gives the values it was made of. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/loader.h"
#include "loader/synthetic.h"
#include "tests/bytes.h"
#include "tests/test.h"

#define ONE_BLOCK "spleeter/spleeter_tiny.index"
#define BLOCKS    "spleeter/spleeter_tiny_blocks.index"
#define DATA      "spleeter/spleeter_tiny.data-00000-of-00001"

#define CONFIG                                                                                     \
    "conv_activation=LeakyReLU\n"                                                                  \
    "conv_n_filters=2,4,8,16,32,64\n"                                                              \
    "deconv_activation=ReLU\n"                                                                     \
    "model=unet.unet\n"                                                                            \
    "sources=vocals,accompaniment\n"

/* A fixture in memory of just its size, so that a sanitizer sees what is read beyond it. */
typedef struct files {
    unsigned char *index, *data;
    int64_t index_bytes, data_bytes;
    cleave_import_shard shard;
} files;

static int open_files(files *f, const char *index)
{
    *f = (files){0};
    f->index = test_read_file(test_golden(index), &f->index_bytes);
    f->data = test_read_file(test_golden(DATA), &f->data_bytes);
    f->shard = (cleave_import_shard){f->data, (size_t)f->data_bytes};
    return TEST_CHECK(f->index != NULL && f->data != NULL);
}

static void close_files(files *f)
{
    free(f->index);
    free(f->data);
}

static int import_files(cleave_import *import, const files *f, char *message)
{
    return cleave_import_tensorflow(import, f->index, (size_t)f->index_bytes, &f->shard, 1,
                                    message);
}

/* How the synthetic values of a variable are made. */
static cleave_synthetic_rule rule_of(const char *name, const cleave_import_tensor *t)
{
    const char *leaf = strrchr(name, '/') + 1;
    const int transposed = strstr(name, "transpose") != NULL;

    if (!strcmp(leaf, "gamma"))
        return (cleave_synthetic_rule){1, 0.1};
    if (!strcmp(leaf, "moving_variance"))
        return (cleave_synthetic_rule){1, 0.2};
    if (strcmp(leaf, "kernel") != 0)
        return (cleave_synthetic_rule){0, 0.05};
    const double taps = (double)t->shape[0] * t->shape[1], in = t->shape[transposed ? 3 : 2];
    if (transposed)
        return (cleave_synthetic_rule){0, 1.5 * sqrt(3 / (in * taps / 4))};
    return (cleave_synthetic_rule){0, (in == 2 ? 0.15 : 1.5) * sqrt(3 / (taps * in))};
}

static void check_values(const cleave_import *import)
{
    for (uint32_t i = 0; i < import->tensor_count; i++) {
        const cleave_import_tensor *t = &import->tensors[i];
        const uint64_t count = cleave_import_count(t);
        double *values = malloc(count * sizeof *values);
        char name[256];
        int64_t wrong = 0;
        snprintf(name, sizeof name, "%.*s", (int)t->name_bytes, t->name);
        cleave_import_read(t, 0, count, values);
        for (uint64_t e = 0; e < count; e++)
            wrong += values[e] != cleave_synthetic_value(name, e, rule_of(name, t));
        free(values);
        if (!TEST_CHECK(wrong == 0)) {
            printf("     first in %s\n", name);
            return;
        }
    }
}

static void values_of(const char *index)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_import import;
    files f;

    if (!open_files(&f, index))
        return;
    TEST_CHECK(cleave_import_tensorflow_shards(f.index, (size_t)f.index_bytes, message) == 1);
    if (TEST_CHECK(import_files(&import, &f, message))) {
        /* 26 kernels with biases, 24 norms of 4, global_step left out */
        TEST_CHECK(import.tensor_count == 2 * 26 + 24 * 4);
        TEST_CHECK(!strcmp(import.kind, "spleeter"));
        TEST_CHECK(import.config_bytes == strlen(CONFIG) &&
                   !memcmp(import.config, CONFIG, strlen(CONFIG)));
        check_values(&import);
        cleave_import_close(&import);
    } else {
        printf("     %s\n", message);
    }
    close_files(&f);
}

static void one_block(void)
{
    values_of(ONE_BLOCK);
}

static void several_blocks(void)
{
    values_of(BLOCKS);
}

static const cleave_import_tensor *find(const cleave_import *import, const char *name)
{
    for (uint32_t i = 0; i < import->tensor_count; i++)
        if (import->tensors[i].name_bytes == strlen(name) &&
            !memcmp(import->tensors[i].name, name, strlen(name)))
            return &import->tensors[i];
    return NULL;
}

/* Shapes and places are those that the index has. */
static void shapes(void)
{
    static const struct {
        const char *name;
        uint32_t rank, shape[4];
        size_t offset;
    } some[] = {
        {"batch_normalization/beta", 1, {2}, 0},
        {"batch_normalization_1/gamma", 1, {4}, 0x30},
        {"conv2d/kernel", 4, {5, 5, 2, 2}, 0},
        {"conv2d_6/kernel", 4, {4, 4, 1, 2}, 0},
        {"conv2d_transpose/kernel", 4, {5, 5, 32, 64}, 0},
        {"conv2d_transpose_9/kernel", 4, {5, 5, 4, 16}, 0x12C598},
    };
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_import import;
    files f;

    if (!open_files(&f, ONE_BLOCK) || !TEST_CHECK(import_files(&import, &f, message)))
        return;
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        const cleave_import_tensor *t = find(&import, some[i].name);
        if (!TEST_CHECK(t && t->type == CLEAVE_IMPORT_F32 && t->rank == some[i].rank))
            continue;
        TEST_CHECK(!memcmp(t->shape, some[i].shape, some[i].rank * sizeof *t->shape));
        TEST_CHECK(t->data >= f.data && t->data < f.data + f.data_bytes);
        if (some[i].offset)
            TEST_CHECK(t->data == f.data + some[i].offset);
    }
    TEST_CHECK(find(&import, "global_step") == NULL);
    cleave_import_close(&import);
    close_files(&f);
}

/* Import, write, read back. */
static void round_trip(void)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    const uint8_t source[32] = {1};
    test_bytes file = {0};
    cleave_weights weights;
    cleave_import import;
    files f;

    if (!open_files(&f, BLOCKS) || !TEST_CHECK(import_files(&import, &f, message)))
        return;
    TEST_CHECK(cleave_import_smallest(&import) == CLEAVE_WEIGHTS_F32);
    TEST_CHECK(
        cleave_weights_write(&import, CLEAVE_WEIGHTS_F32, source, test_bytes_sink, &file, message));
    if (TEST_CHECK(cleave_weights_open_memory(&weights, file.data, file.used, message))) {
        cleave_table_tensor t;
        TEST_CHECK(cleave_weights_verify(&weights, message));
        TEST_CHECK(weights.table.header->tensor_count == import.tensor_count);
        TEST_CHECK(!strcmp(weights.table.header->kind, "spleeter"));
        TEST_CHECK(cleave_table_find(&weights.table, "conv2d_transpose_9/kernel", &t));
        cleave_weights_close(&weights);
    }
    test_bytes_free(&file);
    cleave_import_close(&import);
    close_files(&f);
}

/* Any bit of an index that a checksum covers, any bit of the data; cut at every byte. */
static void damaged(void)
{
    char message[CLEAVE_SENTENCE_BYTES];
    cleave_import import;
    files f;

    if (!open_files(&f, BLOCKS))
        return;
    const int64_t covered = f.index_bytes - 48; /* all but the footer */
    for (int64_t at = 0; at < covered; at += 7) {
        f.index[at] ^= 1 << at % 8;
        message[0] = 0;
        TEST_CHECK(!import_files(&import, &f, message) && message[0] != 0);
        f.index[at] ^= 1 << at % 8;
    }
    for (int64_t at = 0; at < f.data_bytes; at += 40009) {
        f.data[at] ^= 1 << at % 8;
        TEST_CHECK(!import_files(&import, &f, message) &&
                   strstr(message, "is damaged: its checksum does not match") != NULL);
        f.data[at] ^= 1 << at % 8;
    }
    for (int64_t cut = 0; cut < f.index_bytes; cut++) {
        unsigned char *copy = malloc((size_t)cut + 1); /* one more, for malloc(0) may be NULL */
        memcpy(copy + 1, f.index, (size_t)cut);
        message[0] = 0;
        TEST_CHECK(!cleave_import_tensorflow(&import, copy + 1, (size_t)cut, &f.shard, 1, message));
        TEST_CHECK(message[0] != 0);
        free(copy);
    }
    f.shard.size--;
    TEST_CHECK(!import_files(&import, &f, message));
    TEST_CHECK(strstr(message, "leave the data file") != NULL);
    close_files(&f);
}

/* Whoever offers the index alone is told what else it takes. */
static void index_alone(void)
{
    char message[CLEAVE_SENTENCE_BYTES] = "";
    cleave_import import;
    files f;

    if (!open_files(&f, ONE_BLOCK))
        return;
    TEST_CHECK(!cleave_import_open(&import, f.index, (size_t)f.index_bytes, message));
    TEST_CHECK(strstr(message, "is the index of a TensorFlow checkpoint") != NULL);
    TEST_CHECK(
        !cleave_import_tensorflow(&import, f.index, (size_t)f.index_bytes, NULL, 0, message));
    TEST_CHECK(strstr(message, "speaks of 1 data files; there are 0") != NULL);
    close_files(&f);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"an index of one block gives the values it was made of", one_block},
        {"an index of several blocks gives the same", several_blocks},
        {"shapes and places", shapes},
        {"import, weight file, table", round_trip},
        {"damaged and truncated checkpoints are refused", damaged},
        {"an index alone is told apart", index_alone},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
