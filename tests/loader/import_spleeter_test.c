/* import_spleeter_test.c: checkpoints that have the layers of a Spleeter network, or nearly. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/loader/refuse_bundle.h"

#define NAMES_MAX 1024

typedef struct layers {
    int count;
    test_bundle_tensor tensor[NAMES_MAX];
    char name[NAMES_MAX][48];
} layers;

static const float one = 1;

static int compare_names(const void *x, const void *y)
{
    return strcmp(((const test_bundle_tensor *)x)->name, ((const test_bundle_tensor *)y)->name);
}

static void add(layers *l, const char *layer, int number, const char *part, uint32_t rank)
{
    char suffix[16] = "";

    if (number)
        snprintf(suffix, sizeof suffix, "_%d", number);
    snprintf(l->name[l->count], sizeof l->name[0], "%s%s/%s", layer, suffix, part);
    l->tensor[l->count] =
        (test_bundle_tensor){l->name[l->count], 1, rank, {1, 1, 1, 1}, &one, 4, 0};
    l->count++;
}

/* Every layer of `instruments`, of one channel; what bounds names and shapes is the model's. */
static void add_layers(layers *l, int instruments)
{
    l->count = 0;
    for (int i = 0; i < 7 * instruments; i++)
        add(l, "conv2d", i, "kernel", 4);
    for (int i = 0; i < 6 * instruments; i++)
        add(l, "conv2d_transpose", i, "kernel", 4);
    for (int i = 0; i < 12 * instruments; i++)
        add(l, "batch_normalization", i, "gamma", 1);
}

static test_bundle_tensor *find(layers *l, const char *name)
{
    for (int i = 0; i < l->count; i++)
        if (!strcmp(l->tensor[i].name, name))
            return &l->tensor[i];
    return NULL;
}

static void bundle_of(layers *l, test_bytes *index, test_bytes *data)
{
    index->used = data->used = 0;
    qsort(l->tensor, (size_t)l->count, sizeof l->tensor[0], compare_names);
    test_bundle(index, data, l->tensor, l->count, 10);
}

static void instruments(void)
{
    static const char *const configs[] = {
        [2] = "conv_activation=LeakyReLU\nconv_n_filters=1,1,1,1,1,1\ndeconv_activation=ReLU\n"
              "model=unet.unet\nsources=vocals,accompaniment\n",
        [4] = "conv_activation=ELU\nconv_n_filters=1,1,1,1,1,1\ndeconv_activation=ELU\n"
              "model=unet.unet\nsources=vocals,drums,bass,other\n",
        [5] = "conv_activation=ELU\nconv_n_filters=1,1,1,1,1,1\ndeconv_activation=ELU\n"
              "model=unet.softmax_unet\nsources=vocals,piano,drums,bass,other\n",
    };
    layers *const l = calloc(1, sizeof *l);
    char message[CLEAVE_SENTENCE_BYTES], sentence[64];
    test_bytes index = {0}, data = {0};
    cleave_import import;

    for (int count = 1; count <= 8; count++) {
        add_layers(l, count);
        bundle_of(l, &index, &data);
        snprintf(sentence, sizeof sentence, "has the layers of %d instruments", count);
        if (count > 5 || !configs[count]) {
            refuse("another number of instruments", &index, &data, sentence);
            continue;
        }
        if (TEST_CHECK(import_bundle(&import, &index, &data, message))) {
            TEST_CHECK(!strcmp(import.kind, "spleeter"));
            TEST_CHECK(import.tensor_count == (uint32_t)(25 * count));
            TEST_CHECK(import.config_bytes == strlen(configs[count]) &&
                       !memcmp(import.config, configs[count], import.config_bytes));
            cleave_import_close(&import);
        } else {
            printf("     %s\n", message);
        }
    }
    free(l);
    test_bytes_free(&index);
    test_bytes_free(&data);
}

static void missing_layers(void)
{
    static const struct {
        const char *gone, *expected;
    } rows[] = {
        {"conv2d/kernel", "but no \"conv2d/kernel\": not a checkpoint of Spleeter"},
        {"conv2d_3/kernel", "\"conv2d_3/kernel\" is missing: the checkpoint has layers of 2"},
        {"conv2d_13/kernel", "\"conv2d_13/kernel\" is missing"},
        {"conv2d_transpose/kernel", "\"conv2d_transpose/kernel\" is missing"},
        {"conv2d_transpose_11/kernel", "\"conv2d_transpose_11/kernel\" is missing"},
        {"batch_normalization/gamma", "\"batch_normalization/gamma\" is missing"},
        {"batch_normalization_23/gamma", "\"batch_normalization_23/gamma\" is missing"},
    };
    static const struct {
        const char *layer;
        int number;
        const char *expected;
    } added[] = {
        {"conv2d", 14, "\"conv2d_15/kernel\" is missing: the checkpoint has layers of 3"},
        {"conv2d", 99999, "\"conv2d_14/kernel\" is missing: the checkpoint has layers of 14286"},
        {"conv2d_transpose", 12, "\"conv2d_14/kernel\" is missing"},
    };
    layers *const l = calloc(1, sizeof *l);
    test_bytes index = {0}, data = {0};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        add_layers(l, 2);
        test_bundle_tensor *const gone = find(l, rows[i].gone);
        *gone = l->tensor[--l->count];
        bundle_of(l, &index, &data);
        refuse(rows[i].gone, &index, &data, rows[i].expected);
    }
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++) {
        add_layers(l, 2);
        add(l, added[i].layer, added[i].number, "kernel", 4);
        bundle_of(l, &index, &data);
        refuse("a layer too many", &index, &data, added[i].expected);
    }
    add_layers(l, 2);
    find(l, "conv2d_5/kernel")->rank = 3;
    bundle_of(l, &index, &data);
    refuse("a kernel of rank 3", &index, &data, "\"conv2d_5/kernel\": a kernel has 4 dimensions");
    free(l);
    test_bytes_free(&index);
    test_bytes_free(&data);
    test_passed_count(11);
}

/* A root is taken of a variance. */
static void negative_variance(void)
{
    static const float negative = -0.5f, none = 0;
    layers *const l = calloc(1, sizeof *l);
    char message[CLEAVE_SENTENCE_BYTES];
    test_bytes index = {0}, data = {0};
    cleave_import import;

    add_layers(l, 2);
    add(l, "batch_normalization", 7, "moving_variance", 1);
    find(l, "batch_normalization_7/moving_variance")->data = &negative;
    bundle_of(l, &index, &data);
    refuse("a negative variance", &index, &data,
           "\"batch_normalization_7/moving_variance\": element 0 is -0.5, no variance");
    find(l, "batch_normalization_7/moving_variance")->data = &none;
    bundle_of(l, &index, &data);
    if (TEST_CHECK(import_bundle(&import, &index, &data, message)))
        cleave_import_close(&import);
    free(l);
    test_bytes_free(&index);
    test_bytes_free(&data);
}

/* What the tensors hold is looked at when it is written. */
static void values_that_are_none(void)
{
    static const float none[] = {NAN, INFINITY, -INFINITY};
    static const double large = 1e300;
    layers *const l = calloc(1, sizeof *l);
    char message[CLEAVE_SENTENCE_BYTES];
    test_bytes index = {0}, data = {0}, file = {0};
    const uint8_t source[32] = {0};
    cleave_import import;

    for (int i = 0; i < 4; i++) {
        add_layers(l, 2);
        test_bundle_tensor *const t = find(l, "conv2d_6/kernel");
        t->data = i < 3 ? (const void *)&none[i] : &large;
        t->type = i < 3 ? 1 : 2;
        t->bytes = i < 3 ? 4 : 8;
        bundle_of(l, &index, &data);
        if (!TEST_CHECK(import_bundle(&import, &index, &data, message)))
            continue;
        TEST_CHECK(!cleave_weights_write(&import, CLEAVE_WEIGHTS_F32, source, test_bytes_sink,
                                         &file, message));
        TEST_CHECK(strstr(message, "tensor \"conv2d_6/kernel\": element 0 is ") != NULL);
        cleave_import_close(&import);
    }
    free(l);
    test_bytes_free(&index);
    test_bytes_free(&data);
    test_bytes_free(&file);
}

/* Tensors of every type that is imported, in two data files. */
static void types_in_two_files(void)
{
    static const uint16_t half = 0x3E00, bfloat = 0xBFC0;
    static const double wide = 0.1;
    static const float single = 0.25f;
    static const struct {
        const char *name;
        uint32_t type, shard;
        const void *data;
        size_t bytes;
        double value;
    } rows[] = {{"conv2d/kernel", 19, 1, &half, 2, 1.5},
                {"conv2d_1/kernel", 14, 0, &bfloat, 2, -1.5},
                {"conv2d_2/kernel", 2, 1, &wide, 8, 0.1},
                {"conv2d_3/kernel", 1, 1, &single, 4, 0.25}};
    layers *const l = calloc(1, sizeof *l);
    char message[CLEAVE_SENTENCE_BYTES];
    test_bytes index = {0}, data[2] = {{0}};
    cleave_import import;

    add_layers(l, 2);
    for (int i = 0; i < 4; i++) {
        test_bundle_tensor *const t = find(l, rows[i].name);
        t->type = rows[i].type;
        t->shard = rows[i].shard;
        t->data = rows[i].data;
        t->bytes = rows[i].bytes;
    }
    bundle_of(l, &index, data);
    const cleave_import_shard shards[] = {{data[0].data, data[0].used}, {data[1].data, 14}};
    TEST_CHECK(data[1].used == 14);
    TEST_CHECK(cleave_import_tensorflow_shards(index.data, index.used, message) == 2);
    if (TEST_CHECK(cleave_import_tensorflow(&import, index.data, index.used, shards, 2, message))) {
        for (int i = 0; i < 4; i++)
            for (uint32_t k = 0; k < import.tensor_count; k++)
                if (import.tensors[k].name_bytes == strlen(rows[i].name) &&
                    !memcmp(import.tensors[k].name, rows[i].name, strlen(rows[i].name))) {
                    double value;
                    cleave_import_read(&import.tensors[k], 0, 1, &value);
                    TEST_CHECK(value == rows[i].value);
                }
        cleave_import_close(&import);
    } else {
        printf("     %s\n", message);
    }
    TEST_CHECK(!cleave_import_tensorflow(&import, index.data, index.used, shards, 1, message));
    TEST_CHECK(strstr(message, "speaks of 2 data files; there are 1") != NULL);
    free(l);
    test_bytes_free(&index);
    test_bytes_free(&data[0]);
    test_bytes_free(&data[1]);
}

int main(int argc, char **argv)
{
    static const test_case tests[] = {
        {"1 to 8 instruments", instruments},
        {"layers that are missing or too many", missing_layers},
        {"a variance below zero", negative_variance},
        {"values that are no numbers", values_that_are_none},
        {"types, and two data files", types_in_two_files},
    };

    return test_main(argc, argv, tests, (int)(sizeof tests / sizeof tests[0]));
}
