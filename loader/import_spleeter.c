/* import_spleeter.c: Spleeter's networks, told by the names of their variables. */
#include "loader/import_spleeter.h"

#include <stdio.h>
#include <string.h>

#include "weights/spleeter_arguments.h"

/* The layers of one instrument. Those of a kind are numbered through all instruments, and the first
 * has no number. */
static const struct {
    const char *name, *part; /* of a part that each has */
    uint32_t count;
} kinds[] = {
    [CLEAVE_SPLEETER_CONV] = {"conv2d", "kernel", CLEAVE_SPLEETER_LAYERS + 1},
    [CLEAVE_SPLEETER_TRANSPOSED] = {"conv2d_transpose", "kernel", CLEAVE_SPLEETER_LAYERS},
    [CLEAVE_SPLEETER_NORM] = {"batch_normalization", "gamma", 2 * CLEAVE_SPLEETER_LAYERS},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

/* The published models, told apart by how many instruments they have: sources in the order of the
 * networks, activations, the head. */
static const struct {
    uint32_t instruments;
    const char *sources, *model, *encoder, *decoder;
} models[] = {
    {2, "vocals,accompaniment", "unet.unet", "LeakyReLU", "ReLU"},
    {4, "vocals,drums,bass,other", "unet.unet", "ELU", "ELU"},
    {5, "vocals,piano,drums,bass,other", "unet.softmax_unet", "ELU", "ELU"},
};

static void layer_name(char name[CLEAVE_SPLEETER_NAME_BYTES], size_t kind, uint32_t number)
{
    cleave_spleeter_name((cleave_spleeter_layer)kind, 0, (int32_t)number, kinds[kind].part, name);
}

static const cleave_import_tensor *find(const cleave_import *import, const char *name)
{
    const size_t bytes = strlen(name);
    uint32_t low = 0, high = import->tensor_count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const cleave_import_tensor *const t = &import->tensors[middle];
        const size_t common = t->name_bytes < bytes ? t->name_bytes : bytes;
        const int order = memcmp(t->name, name, common);
        if (order == 0 && t->name_bytes == bytes)
            return t;
        if (order < 0 || (order == 0 && t->name_bytes < bytes))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Whether a tensor is that part of a layer of the kind, and which layer. */
static int is_layer(const cleave_import_tensor *t, size_t kind, uint32_t *number)
{
    const size_t kind_bytes = strlen(kinds[kind].name);
    char name[CLEAVE_SPLEETER_NAME_BYTES];

    if (t->name_bytes <= kind_bytes)
        return 0;
    const char *const end = t->name + t->name_bytes, *c = t->name + kind_bytes;
    *number = 0;
    if (*c == '_')
        for (c++; c < end && *c >= '0' && *c <= '9' && *number < 100000; c++)
            *number = *number * 10 + (uint32_t)(*c - '0');
    layer_name(name, kind, *number);
    return t->name_bytes == strlen(name) && memcmp(t->name, name, t->name_bytes) == 0;
}

/* As many as the highest number of a layer asks for: then what is missing has a name. */
static uint32_t count_instruments(const cleave_import *import)
{
    uint32_t count = 1, number;

    for (uint32_t i = 0; i < import->tensor_count; i++)
        for (size_t kind = 0; kind < KIND_COUNT; kind++)
            if (is_layer(&import->tensors[i], kind, &number) &&
                number / kinds[kind].count + 1 > count)
                count = number / kinds[kind].count + 1;
    return count;
}

static int check_layers(const cleave_import *import, uint32_t instruments, char *message)
{
    char name[CLEAVE_SPLEETER_NAME_BYTES];

    for (uint32_t q = 0; q < instruments; q++)
        for (size_t kind = 0; kind < KIND_COUNT; kind++)
            for (uint32_t i = 0; i < kinds[kind].count; i++) {
                layer_name(name, kind, q * kinds[kind].count + i);
                if (!find(import, name))
                    return cleave_sentence(message,
                                           "tensor \"%s\" is missing: the checkpoint has layers of "
                                           "%u instruments",
                                           name, instruments);
            }
    return 1;
}

/* The root of a negative variance would be no number, and neither would the stems be. */
static int check_variances(const cleave_import *import, char *message)
{
    static const char part[] = "/moving_variance";
    const size_t bytes = sizeof part - 1;

    for (uint32_t i = 0; i < import->tensor_count; i++) {
        const cleave_import_tensor *const t = &import->tensors[i];
        if (t->name_bytes < bytes || memcmp(t->name + t->name_bytes - bytes, part, bytes) != 0)
            continue;
        for (uint64_t at = 0; at < cleave_import_count(t); at++) {
            double value;
            cleave_import_read(t, at, 1, &value);
            if (value < 0)
                return cleave_sentence(message, "tensor \"%.*s\": element %llu is %g, no variance",
                                       cleave_sentence_quote(t->name_bytes), t->name,
                                       (unsigned long long)at, value);
        }
    }
    return 1;
}

static int add(cleave_import *import, const char *key, const char *value, char *message)
{
    return cleave_import_config_add(import, key, strlen(key), value, strlen(value), message);
}

static int add_filters(cleave_import *import, char *message)
{
    char name[CLEAVE_SPLEETER_NAME_BYTES], list[12 * CLEAVE_SPLEETER_LAYERS] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < CLEAVE_SPLEETER_LAYERS; i++) {
        layer_name(name, 0, i);
        const cleave_import_tensor *const t = find(import, name);
        if (t->rank != 4)
            return cleave_sentence(message,
                                   "tensor \"%s\": a kernel has 4 dimensions, but this has %u",
                                   name, t->rank);
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%u", i ? "," : "", t->shape[3]);
    }
    return add(import, "conv_n_filters", list, message);
}

int cleave_import_spleeter_published(cleave_import *import, uint32_t instruments,
                                     char message[CLEAVE_SENTENCE_BYTES])
{
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        if (models[i].instruments == instruments) {
            memcpy(import->kind, "spleeter", sizeof "spleeter");
            return add(import, "sources", models[i].sources, message) &&
                   add(import, "model", models[i].model, message) &&
                   add(import, "conv_activation", models[i].encoder, message) &&
                   add(import, "deconv_activation", models[i].decoder, message);
        }
    return cleave_sentence(
        message,
        "the checkpoint has the layers of %u instruments; the models of Spleeter "
        "have 2, 4 or 5",
        instruments);
}

int cleave_import_spleeter(cleave_import *import, char message[CLEAVE_SENTENCE_BYTES])
{
    uint32_t instruments;

    if (!find(import, "conv2d/kernel"))
        return cleave_sentence(message,
                               "tensor \"%.*s\" and others, but no \"conv2d/kernel\": not a "
                               "checkpoint of Spleeter",
                               cleave_sentence_quote(import->tensors[0].name_bytes),
                               import->tensors[0].name);
    instruments = count_instruments(import);
    return check_layers(import, instruments, message) && check_variances(import, message) &&
           cleave_import_spleeter_published(import, instruments, message) &&
           add_filters(import, message) && cleave_import_config_sort(import, message);
}
