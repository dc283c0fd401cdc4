/* import_torch.c: PyTorch zip checkpoints. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/import.h"
#include "weights/config_text.h"

typedef struct torch {
    cleave_import *import;
    const char *root; /* what stands before "data.pkl" in the archive, with its slash */
    uint32_t root_bytes;
    size_t size; /* of the archive */
    char *message;
} torch;

static const struct {
    const char *global;
    cleave_import_type type;
    uint32_t bytes;
} storage_types[] = {
    {"torch HalfStorage", CLEAVE_IMPORT_F16, 2},
    {"torch BFloat16Storage", CLEAVE_IMPORT_BF16, 2},
    {"torch FloatStorage", CLEAVE_IMPORT_F32, 4},
    {"torch DoubleStorage", CLEAVE_IMPORT_F64, 8},
};

/* The storage's entry, whole and of the size that its count says. */
static const cleave_zip_entry *storage_entry(const torch *t, const cleave_value *storage,
                                             uint32_t bytes)
{
    char name[512];
    const cleave_zip_entry *entry;
    int length;

    for (uint32_t i = 0; i < storage->text_bytes; i++)
        if (storage->text[i] < '0' || storage->text[i] > '9') {
            cleave_sentence(t->message, "storage \"%.*s\": its key is no number",
                            cleave_sentence_quote(storage->text_bytes), storage->text);
            return NULL;
        }
    length = snprintf(name, sizeof name, "%.*sdata/%.*s", (int)t->root_bytes, t->root,
                      (int)storage->text_bytes, storage->text);
    if (length < 0 || (size_t)length >= sizeof name) {
        cleave_sentence(t->message, "a storage's name is longer than %zu bytes", sizeof name);
        return NULL;
    }
    entry = cleave_zip_find(&t->import->zip, name, (size_t)length, t->message);
    if (entry && (entry->bytes % bytes || entry->bytes / bytes != (uint64_t)storage->integer)) {
        cleave_sentence(t->message,
                        "storage \"%s\" has %llu bytes, not the %lld elements it is said to hold",
                        name, (unsigned long long)entry->bytes, (long long)storage->integer);
        return NULL;
    }
    return entry;
}

/* Copies shape and strides; 1 if every element lies within the storage's `count`. */
static int take_shape(const torch *t, const cleave_value *tensor, uint64_t count,
                      cleave_import_tensor *out)
{
    const cleave_value *shape = cleave_pickle_value(&t->import->pickle, tensor->shape), *size,
                       *step;
    uint32_t s = shape->first, d = cleave_pickle_value(&t->import->pickle, tensor->stride)->first;
    uint64_t last = (uint64_t)tensor->integer, elements = 1;

    out->rank = shape->item_count;
    if (out->rank > CLEAVE_WEIGHTS_RANK_MAX)
        return 0;
    for (uint32_t i = 0; i < out->rank; i++) {
        size = cleave_pickle_next(&t->import->pickle, &s);
        step = cleave_pickle_next(&t->import->pickle, &d);
        if (size->integer < 1 || size->integer > UINT32_MAX || (uint64_t)size->integer > count ||
            (uint64_t)step->integer > count ||
            elements > CLEAVE_WEIGHTS_FILE_MAX / (uint64_t)size->integer)
            return 0;
        elements *= (uint64_t)size->integer;
        /* The division bounds the product below it by count - 1: it cannot wrap, nor can the sum.
         */
        if ((uint64_t)step->integer &&
            (uint64_t)size->integer - 1 > (count - 1) / (uint64_t)step->integer)
            return 0;
        last += ((uint64_t)size->integer - 1) * (uint64_t)step->integer;
        if (last >= count)
            return 0;
        out->shape[i] = (uint32_t)size->integer;
        out->stride[i] = (uint64_t)step->integer;
    }
    return last < count && elements <= count;
}

static int add_tensor(const torch *t, const cleave_value *name, const cleave_value *tensor)
{
    cleave_import_tensor *out = &t->import->tensors[t->import->tensor_count];
    const cleave_value *storage = cleave_pickle_value(&t->import->pickle, tensor->storage);
    const cleave_value *class_name = cleave_pickle_value(&t->import->pickle, storage->storage);
    const cleave_zip_entry *entry = NULL;
    const int shown = cleave_sentence_quote(name->text_bytes);
    uint32_t bytes = 0;

    *out = (cleave_import_tensor){.name = name->text, .name_bytes = name->text_bytes};
    for (size_t i = 0; i < sizeof storage_types / sizeof storage_types[0]; i++)
        if (cleave_value_is_global(class_name, storage_types[i].global)) {
            out->type = storage_types[i].type;
            bytes = storage_types[i].bytes;
        }
    if (!bytes)
        return cleave_sentence(t->message,
                               "tensor \"%.*s\": storage \"%s\" holds no floating-point values",
                               shown, name->text, class_name->text);
    if (!(entry = storage_entry(t, storage, bytes)))
        return 0;
    if (storage->integer == 0 || !take_shape(t, tensor, (uint64_t)storage->integer, out))
        return cleave_sentence(t->message,
                               "tensor \"%.*s\": its shape and strides reach outside its storage",
                               shown, name->text);
    out->data = entry->data + (uint64_t)tensor->integer * bytes;
    t->import->tensor_count++;
    return 1;
}

static int add_state(const torch *t, const cleave_value *state)
{
    const cleave_value *name, *value;
    uint32_t cursor = state->first;

    if (state->item_count / 2 > CLEAVE_WEIGHTS_TENSORS_MAX)
        return cleave_sentence(t->message, "%u tensors are more than the limit of %u",
                               state->item_count / 2, CLEAVE_WEIGHTS_TENSORS_MAX);
    t->import->tensors = calloc(state->item_count / 2 + 1, sizeof *t->import->tensors);
    if (!t->import->tensors)
        return cleave_sentence(t->message, "no memory for %u tensors", state->item_count / 2);
    while ((name = cleave_pickle_next(&t->import->pickle, &cursor))) {
        value = cleave_pickle_next(&t->import->pickle, &cursor);
        if (name->kind != CLEAVE_VALUE_TEXT)
            return cleave_sentence(t->message, "a tensor's name is no text");
        if (cleave_value_is_text(name, "__quantized"))
            return cleave_sentence(
                t->message,
                "the checkpoint is quantised (key \"__quantized\"); import the unquantised one");
        if (value->kind != CLEAVE_VALUE_TENSOR)
            return cleave_sentence(t->message, "state entry \"%.*s\" is no tensor",
                                   cleave_sentence_quote(name->text_bytes), name->text);
        if (!add_tensor(t, name, value))
            return 0;
    }
    return cleave_import_sort(t->import, t->size, t->message);
}

/* A plain value as text, -1 if it is none or does not fit, else its length. Not for lists. */
static int scalar_text(const cleave_value *v, char *text, size_t bytes)
{
    int length = -1;

    if (v->kind == CLEAVE_VALUE_NONE)
        length = snprintf(text, bytes, "none");
    else if (v->kind == CLEAVE_VALUE_BOOL || v->kind == CLEAVE_VALUE_INT)
        length = snprintf(text, bytes, "%lld", (long long)v->integer);
    else if (v->kind == CLEAVE_VALUE_FLOAT)
        length = snprintf(text, bytes, "%.17g", v->number);
    else if (v->kind == CLEAVE_VALUE_FRACTION)
        length =
            snprintf(text, bytes, "%lld/%lld", (long long)v->integer, (long long)v->denominator);
    else if (v->kind == CLEAVE_VALUE_TEXT && v->text_bytes < bytes) {
        length = (int)v->text_bytes;
        memcpy(text, v->text, v->text_bytes);
    }
    return length >= 0 && (size_t)length < bytes ? length : -1;
}

/* The same, also for a list of plain values, joined by commas; a text with a comma is none of
 * those. */
static int value_text(const torch *t, const cleave_value *v, char *text, size_t bytes)
{
    const cleave_value *item;
    uint32_t cursor = v->first;
    size_t used = 0;

    if (v->kind != CLEAVE_VALUE_LIST && v->kind != CLEAVE_VALUE_TUPLE)
        return scalar_text(v, text, bytes);
    while ((item = cleave_pickle_next(&t->import->pickle, &cursor))) {
        int length;
        if (used && used < bytes)
            text[used++] = ',';
        length = scalar_text(item, text + used, bytes - used);
        if (length < 0 || memchr(text + used, ',', (size_t)length))
            return -1;
        used += (size_t)length;
    }
    return (int)used;
}

/* kwargs -> configuration. What is no plain value (nested containers) no model needs. */
static int add_config(const torch *t, const cleave_value *kwargs)
{
    const cleave_value *key, *value;
    uint32_t cursor = kwargs->first;
    char text[CLEAVE_CONFIG_VALUE_MAX + 1];

    while ((key = cleave_pickle_next(&t->import->pickle, &cursor))) {
        int length;
        value = cleave_pickle_next(&t->import->pickle, &cursor);
        if (key->kind != CLEAVE_VALUE_TEXT)
            return cleave_sentence(t->message, "the name of a constructor argument is no text");
        length = value_text(t, value, text, sizeof text);
        if (length >= 0 && !cleave_import_config_add(t->import, key->text, key->text_bytes, text,
                                                     (size_t)length, t->message))
            return 0;
    }
    return cleave_import_config_sort(t->import, t->message);
}

/* The package {klass, args, kwargs, state, ...}, or a state dict. */
static int read_package(const torch *t)
{
    const cleave_pickle *p = &t->import->pickle;
    const cleave_value *top = cleave_pickle_value(p, p->result),
                       *klass = cleave_pickle_get(p, top, "klass");
    const cleave_value *kwargs = cleave_pickle_get(p, top, "kwargs"),
                       *state = cleave_pickle_get(p, top, "state");

    if (!top || top->kind != CLEAVE_VALUE_DICT)
        return cleave_sentence(t->message, "the checkpoint is no dict");
    if (!state)
        state = cleave_pickle_get(p, top, "state_dict");
    if (klass && cleave_value_is_global(klass, "demucs.htdemucs HTDemucs"))
        memcpy(t->import->kind, "htdemucs", sizeof "htdemucs");
    else if (klass && cleave_value_is_global(klass, "demucs.hdemucs HDemucs"))
        memcpy(t->import->kind, "hdemucs", sizeof "hdemucs");
    else if (klass)
        return cleave_sentence(t->message,
                               "the checkpoint's class is neither HTDemucs nor HDemucs");
    if (klass && (!kwargs || kwargs->kind != CLEAVE_VALUE_DICT || !state ||
                  state->kind != CLEAVE_VALUE_DICT))
        return cleave_sentence(t->message,
                               "the checkpoint names a class but lacks \"kwargs\" or \"state\"");
    if (kwargs && kwargs->kind == CLEAVE_VALUE_DICT && !add_config(t, kwargs))
        return 0;
    return add_state(t, state && state->kind == CLEAVE_VALUE_DICT ? state : top);
}

/* The one entry that ends in "/data.pkl"; what stands before is the root of the others. */
static const cleave_zip_entry *find_root(torch *t)
{
    static const char suffix[] = "/data.pkl";
    const cleave_zip *zip = &t->import->zip;
    const uint32_t bytes = sizeof suffix - 1;

    for (uint32_t i = 0; i < zip->count; i++) {
        const cleave_zip_entry *e = &zip->entries[i];
        if (e->name_bytes <= bytes || e->name_bytes > 255 ||
            memcmp(e->name + e->name_bytes - bytes, suffix, bytes) != 0)
            continue;
        if (t->root) {
            cleave_sentence(t->message, "the archive has two checkpoints, \"%.*s\" and \"%.*s\"",
                            cleave_sentence_quote(t->root_bytes), t->root,
                            cleave_sentence_quote(e->name_bytes), e->name);
            return NULL;
        }
        t->root = e->name;
        t->root_bytes = e->name_bytes - bytes + 1;
    }
    if (!t->root) {
        cleave_sentence(t->message, "the archive has no data.pkl: it is no PyTorch checkpoint");
        return NULL;
    }
    return cleave_zip_find(&t->import->zip, t->root, t->root_bytes + bytes - 1, t->message);
}

/* Newer writers say in which order bytes stand. */
static int check_byte_order(torch *t)
{
    char name[300];
    const int length = snprintf(name, sizeof name, "%.*sbyteorder", (int)t->root_bytes, t->root);

    for (uint32_t i = 0; i < t->import->zip.count; i++) {
        const cleave_zip_entry *e = &t->import->zip.entries[i];
        if (e->name_bytes == (uint32_t)length && !memcmp(e->name, name, (size_t)length) &&
            (e->bytes != 6 || memcmp(e->data, "little", 6) != 0))
            return cleave_sentence(t->message, "zip: entry \"%s\": the byte order is not little",
                                   name);
    }
    return 1;
}

static int read_archive(torch *t)
{
    const cleave_zip_entry *entry = find_root(t);

    return entry && check_byte_order(t) &&
           cleave_pickle_load(&t->import->pickle, entry->data, entry->bytes, t->message) &&
           read_package(t);
}

int cleave_import_torch(cleave_import *import, const void *bytes, size_t size,
                        char message[CLEAVE_SENTENCE_BYTES])
{
    torch t = {.import = import, .size = size, .message = message};

    *import = (cleave_import){0};
    if (size >= 2 && memcmp(bytes, "\x80\x02", 2) == 0)
        return cleave_sentence(message,
                               "a bare pickle, as PyTorch before 1.6 wrote its files: load it in a "
                               "newer one and save it again");
    if (size >= 2 && memcmp(bytes, "PK", 2) != 0)
        return cleave_sentence(message, "no checkpoint: it begins neither as a zip archive, as "
                                        "PyTorch writes it, nor as safetensors");
    if (cleave_zip_open(&import->zip, bytes, size, message) && read_archive(&t))
        return 1;
    cleave_import_close(import);
    return 0;
}
