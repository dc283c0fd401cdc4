/* import_torch.c: PyTorch zip checkpoints. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/import.h"

typedef struct torch {
    cleave_import *import;
    const char *root; /* what stands before "data.pkl" in the archive, with its slash */
    uint32_t root_bytes;
    char *message;
} torch;

__attribute__((format(printf, 2, 3))) static int refuse(const torch *t, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(t->message, CLEAVE_IMPORT_MESSAGE_BYTES, format, list);
    va_end(list);
    return 0;
}

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
static const cleave_zip_entry *storage_entry(const torch *t, const cleave_value *storage, uint32_t bytes)
{
    char name[512];
    const int length = snprintf(name, sizeof name, "%.*sdata/%.*s", (int)t->root_bytes, t->root,
                                (int)storage->text_bytes, storage->text);
    const cleave_zip_entry *entry;

    if (length < 0 || (size_t)length >= sizeof name) {
        refuse(t, "a storage's name is longer than %zu bytes", sizeof name);
        return NULL;
    }
    entry = cleave_zip_find(&t->import->zip, name, (size_t)length, t->message, CLEAVE_IMPORT_MESSAGE_BYTES);
    if (entry && (entry->bytes % bytes || entry->bytes / bytes != (uint64_t)storage->integer)) {
        refuse(t, "storage \"%s\" has %llu bytes, not the %lld elements it is said to hold", name,
               (unsigned long long)entry->bytes, (long long)storage->integer);
        return NULL;
    }
    return entry;
}

/* Copies shape and strides; 1 if every element lies within the storage's `count`. */
static int take_shape(const torch *t, const cleave_value *tensor, uint64_t count, cleave_import_tensor *out)
{
    const cleave_value *shape = cleave_pickle_value(&t->import->pickle, tensor->shape), *size, *step;
    uint32_t s = shape->first, d = cleave_pickle_value(&t->import->pickle, tensor->stride)->first;
    uint64_t last = (uint64_t)tensor->integer, elements = 1;

    out->rank = shape->item_count;
    if (out->rank > CLEAVE_WEIGHTS_RANK_MAX)
        return 0;
    for (uint32_t i = 0; i < out->rank; i++) {
        size = cleave_pickle_next(&t->import->pickle, &s);
        step = cleave_pickle_next(&t->import->pickle, &d);
        if (size->integer < 1 || (uint64_t)size->integer > count || (uint64_t)step->integer > count ||
            elements > CLEAVE_WEIGHTS_FILE_MAX / (uint64_t)size->integer)
            return 0;
        elements *= (uint64_t)size->integer;
        /* Both factors are at most count < 2^37, so the product is far below 2^64 only after this test. */
        if ((uint64_t)step->integer && (uint64_t)size->integer - 1 > (count - 1) / (uint64_t)step->integer)
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
    const int shown = name->text_bytes < 100 ? (int)name->text_bytes : 100;
    uint32_t bytes = 0;

    *out = (cleave_import_tensor){.name = name->text, .name_bytes = name->text_bytes};
    for (size_t i = 0; i < sizeof storage_types / sizeof storage_types[0]; i++)
        if (cleave_value_is_global(class_name, storage_types[i].global)) {
            out->type = storage_types[i].type;
            bytes = storage_types[i].bytes;
        }
    if (!bytes)
        return refuse(t, "tensor \"%.*s\": storage \"%s\" holds no floating-point values", shown, name->text,
                      class_name->text);
    if (!(entry = storage_entry(t, storage, bytes)))
        return 0;
    if (storage->integer == 0 || !take_shape(t, tensor, (uint64_t)storage->integer, out))
        return refuse(t, "tensor \"%.*s\": its shape and strides reach outside its storage", shown, name->text);
    out->data = entry->data + (uint64_t)tensor->integer * bytes;
    t->import->tensor_count++;
    return 1;
}

static int add_state(const torch *t, const cleave_value *state)
{
    const cleave_value *name, *value;
    uint32_t cursor = state->first;

    if (state->item_count / 2 > CLEAVE_WEIGHTS_TENSORS_MAX)
        return refuse(t, "%u tensors are more than the limit of %u", state->item_count / 2,
                      CLEAVE_WEIGHTS_TENSORS_MAX);
    t->import->tensors = calloc(state->item_count / 2 + 1, sizeof *t->import->tensors);
    if (!t->import->tensors)
        return refuse(t, "no memory for %u tensors", state->item_count / 2);
    while ((name = cleave_pickle_next(&t->import->pickle, &cursor))) {
        value = cleave_pickle_next(&t->import->pickle, &cursor);
        if (name->kind != CLEAVE_VALUE_TEXT)
            return refuse(t, "a tensor's name is no text");
        if (cleave_value_is_text(name, "__quantized"))
            return refuse(t, "the checkpoint is quantised (key \"__quantized\"); import the unquantised one");
        if (value->kind != CLEAVE_VALUE_TENSOR)
            return refuse(t, "state entry \"%.*s\" is no tensor",
                          name->text_bytes < 100 ? (int)name->text_bytes : 100, name->text);
        if (!add_tensor(t, name, value))
            return 0;
    }
    return cleave_import_sort(t->import, t->message);
}

/* A plain value as text; 0 for what the configuration does not keep (nested containers). */
static int value_text(const torch *t, const cleave_value *v, char *text, size_t bytes)
{
    const cleave_value *item;
    uint32_t cursor;
    size_t used = 0;

    switch (v->kind) {
    case CLEAVE_VALUE_NONE:
        return snprintf(text, bytes, "none") > 0;
    case CLEAVE_VALUE_BOOL:
    case CLEAVE_VALUE_INT:
        return snprintf(text, bytes, "%lld", (long long)v->integer) > 0;
    case CLEAVE_VALUE_FLOAT:
        return snprintf(text, bytes, "%.17g", v->number) > 0;
    case CLEAVE_VALUE_FRACTION:
        return snprintf(text, bytes, "%lld/%lld", (long long)v->integer, (long long)v->denominator) > 0;
    case CLEAVE_VALUE_TEXT:
        return !memchr(v->text, '\n', v->text_bytes) && v->text_bytes < bytes &&
               snprintf(text, bytes, "%.*s", (int)v->text_bytes, v->text) >= 0;
    case CLEAVE_VALUE_LIST:
    case CLEAVE_VALUE_TUPLE:
        cursor = v->first;
        text[0] = 0;
        while ((item = cleave_pickle_next(&t->import->pickle, &cursor))) {
            if (item->kind == CLEAVE_VALUE_LIST || item->kind == CLEAVE_VALUE_TUPLE || used + 2 >= bytes)
                return 0;
            if (used)
                text[used++] = ',';
            if (!value_text(t, item, text + used, bytes - used))
                return 0;
            used += strlen(text + used);
        }
        return 1;
    default:
        return 0;
    }
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* kwargs -> sorted key=value lines. */
static int add_config(const torch *t, const cleave_value *kwargs)
{
    enum { LINES_MAX = 256, LINE_BYTES = 1024 };
    static const char too_many[] = "more than 256 constructor arguments";
    char *lines[LINES_MAX], text[LINE_BYTES];
    const cleave_value *key, *value;
    uint32_t cursor = kwargs->first;
    int count = 0, ok = 1;
    size_t total = 1;

    while (ok && (key = cleave_pickle_next(&t->import->pickle, &cursor))) {
        value = cleave_pickle_next(&t->import->pickle, &cursor);
        if (key->kind != CLEAVE_VALUE_TEXT || key->text_bytes == 0 || key->text_bytes > 100 ||
            memchr(key->text, '=', key->text_bytes) || memchr(key->text, '\n', key->text_bytes) ||
            !value_text(t, value, text, sizeof text))
            continue;
        if (count == LINES_MAX)
            ok = refuse(t, "%s", too_many);
        else if (asprintf(&lines[count], "%.*s=%s\n", (int)key->text_bytes, key->text, text) < 0)
            ok = refuse(t, "no memory for the configuration");
        else
            total += strlen(lines[count++]);
    }
    qsort(lines, (size_t)count, sizeof *lines, compare_lines);
    if (ok && !(t->import->config = malloc(total)))
        ok = refuse(t, "no memory for the configuration");
    for (int i = 0; i < count; i++) {
        if (ok) {
            memcpy(t->import->config + t->import->config_bytes, lines[i], strlen(lines[i]));
            t->import->config_bytes += strlen(lines[i]);
        }
        free(lines[i]);
    }
    return ok;
}

/* The package {klass, args, kwargs, state, ...}, or a state dict. */
static int read_package(const torch *t)
{
    const cleave_pickle *p = &t->import->pickle;
    const cleave_value *top = cleave_pickle_value(p, p->result), *klass = cleave_pickle_get(p, top, "klass");
    const cleave_value *kwargs = cleave_pickle_get(p, top, "kwargs"), *state = cleave_pickle_get(p, top, "state");

    if (!top || top->kind != CLEAVE_VALUE_DICT)
        return refuse(t, "the checkpoint is no dict");
    if (!state)
        state = cleave_pickle_get(p, top, "state_dict");
    if (klass && cleave_value_is_global(klass, "demucs.htdemucs HTDemucs"))
        strcpy(t->import->kind, "htdemucs");
    else if (klass && cleave_value_is_global(klass, "demucs.hdemucs HDemucs"))
        strcpy(t->import->kind, "hdemucs");
    else if (klass)
        return refuse(t, "the checkpoint's class is neither HTDemucs nor HDemucs");
    if (klass && (!kwargs || kwargs->kind != CLEAVE_VALUE_DICT || !state || state->kind != CLEAVE_VALUE_DICT))
        return refuse(t, "the checkpoint names a class but lacks \"kwargs\" or \"state\"");
    if (kwargs && kwargs->kind == CLEAVE_VALUE_DICT && !add_config(t, kwargs))
        return 0;
    return add_state(t, state && state->kind == CLEAVE_VALUE_DICT ? state : top);
}

static int read_archive(torch *t)
{
    static const char suffix[] = "data.pkl";
    const cleave_zip *zip = &t->import->zip;
    const cleave_zip_entry *entry = NULL;

    for (uint32_t i = 0; i < zip->count && !entry; i++) {
        const cleave_zip_entry *e = &zip->entries[i];
        const uint32_t bytes = sizeof suffix - 1;
        if (e->name_bytes > bytes && e->name_bytes < 256 && e->name[e->name_bytes - bytes - 1] == '/' &&
            !memcmp(e->name + e->name_bytes - bytes, suffix, bytes)) {
            t->root = e->name;
            t->root_bytes = e->name_bytes - bytes;
            entry = cleave_zip_find(zip, e->name, e->name_bytes, t->message, CLEAVE_IMPORT_MESSAGE_BYTES);
            if (!entry)
                return 0;
        }
    }
    if (!entry)
        return refuse(t, "the archive has no data.pkl: it is no PyTorch checkpoint");
    return cleave_pickle_load(&t->import->pickle, entry->data, entry->bytes, t->message,
                              CLEAVE_IMPORT_MESSAGE_BYTES) &&
           read_package(t);
}

int cleave_import_torch(cleave_import *import, const void *bytes, size_t size,
                        char message[CLEAVE_IMPORT_MESSAGE_BYTES])
{
    torch t = {.import = import, .message = message};

    *import = (cleave_import){0};
    if (size >= 2 && memcmp(bytes, "PK", 2) != 0)
        return refuse(&t, "the file does not begin as a zip archive; PyTorch before 1.6 wrote another format: "
                          "load it there and save it again");
    if (cleave_zip_open(&import->zip, bytes, size, message, CLEAVE_IMPORT_MESSAGE_BYTES) && read_archive(&t))
        return 1;
    cleave_import_close(import);
    return 0;
}
