/* table.c: bounds a weight file and finds tensors in it. */
#include "weights/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "weights/crc32.h"

__attribute__((format(printf, 2, 3))) static int refuse(char *message, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(message, CLEAVE_TABLE_MESSAGE_BYTES, format, list);
    va_end(list);
    return 0;
}

static size_t type_bytes(uint32_t type)
{
    return type == CLEAVE_WEIGHTS_F32 ? 4 : type == CLEAVE_WEIGHTS_F16 ? 2 : 0;
}

static int all_zero(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i])
            return 0;
    return 1;
}

/* One part of the file: begins aligned where the one before ended, ends within the file. */
static int part_ok(uint64_t offset, uint64_t bytes, uint64_t *end, uint64_t file_bytes)
{
    if (offset != cleave_align_up(*end) || offset > file_bytes || bytes > file_bytes - offset)
        return 0;
    *end = offset + bytes;
    return 1;
}

static int check_header(const cleave_weights_header *h, size_t size, char *message)
{
    uint64_t end = sizeof *h;

    if (memcmp(h->magic, CLEAVE_WEIGHTS_MAGIC, sizeof h->magic) != 0)
        return refuse(message, "not a cleave weight file: it does not begin with %s", CLEAVE_WEIGHTS_MAGIC);
    if (h->version != CLEAVE_WEIGHTS_VERSION)
        return refuse(message, "version %u: this build reads version %u", h->version, CLEAVE_WEIGHTS_VERSION);
    if (h->file_bytes != size)
        return refuse(message, "the header says %llu bytes, the file has %llu",
                      (unsigned long long)h->file_bytes, (unsigned long long)size);
    if (h->tensor_count < 1 || h->tensor_count > CLEAVE_WEIGHTS_TENSORS_MAX)
        return refuse(message, "%u tensors: must be 1 to %u", h->tensor_count, CLEAVE_WEIGHTS_TENSORS_MAX);
    if (h->config_bytes > CLEAVE_WEIGHTS_CONFIG_MAX ||
        !part_ok(h->config_offset, h->config_bytes, &end, h->file_bytes))
        return refuse(message, "the configuration text lies outside its place");
    if (!part_ok(h->records_offset, (uint64_t)h->tensor_count * sizeof(cleave_weights_record), &end,
                 h->file_bytes))
        return refuse(message, "the tensor records lie outside their place");
    if (!part_ok(h->names_offset, h->names_bytes, &end, h->file_bytes))
        return refuse(message, "the tensor names lie outside their place");
    if (!part_ok(h->data_offset, h->data_bytes, &end, h->file_bytes) || end != h->file_bytes)
        return refuse(message, "the tensor data lie outside their place");
    if (!h->kind[0] || h->kind[sizeof h->kind - 1])
        return refuse(message, "the model kind is empty or not terminated");
    if (!all_zero(h->reserved, sizeof h->reserved))
        return refuse(message, "reserved bytes of the header are not zero");
    return 1;
}

/* Elements of a record, or 0 if its shape is out of bounds. No product can wrap: it is checked before each step. */
static uint64_t element_count(const cleave_weights_record *r)
{
    uint64_t count = 1;

    for (uint32_t d = 0; d < CLEAVE_WEIGHTS_RANK_MAX; d++) {
        if (d >= r->rank) {
            if (r->shape[d] != 0)
                return 0;
            continue;
        }
        if (r->shape[d] == 0 || count > CLEAVE_WEIGHTS_FILE_MAX / r->shape[d])
            return 0;
        count *= r->shape[d];
    }
    return count;
}

static int compare_names(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);

    return order ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static int check_record(const cleave_table *t, uint32_t index, char *message)
{
    const cleave_weights_header *h = t->header;
    const cleave_weights_record *r = &t->records[index], *before = r - 1;
    const int shown = r->name_bytes < 100 ? r->name_bytes : 100;
    const char *name = t->names + r->name_offset;

    if (r->name_bytes < 1 || r->name_bytes > CLEAVE_WEIGHTS_NAME_MAX || r->name_offset > h->names_bytes ||
        r->name_bytes > h->names_bytes - r->name_offset)
        return refuse(message, "tensor %u: its name lies outside the names", index);
    if (index && compare_names(t->names + before->name_offset, before->name_bytes, name, r->name_bytes) >= 0)
        return refuse(message, "tensor \"%.*s\": out of order or twice", shown, name);
    if (!type_bytes(r->type))
        return refuse(message, "tensor \"%.*s\": unknown type %u", shown, name, r->type);
    if (r->rank > CLEAVE_WEIGHTS_RANK_MAX || !element_count(r) ||
        element_count(r) * type_bytes(r->type) != r->bytes)
        return refuse(message, "tensor \"%.*s\": its shape does not give its %llu bytes", shown, name,
                      (unsigned long long)r->bytes);
    if (r->offset % CLEAVE_ALIGN_BYTES || r->offset > h->data_bytes || r->bytes > h->data_bytes - r->offset)
        return refuse(message, "tensor \"%.*s\": its data lie outside the file or are not aligned", shown,
                      name);
    if (r->reserved)
        return refuse(message, "tensor \"%.*s\": reserved bytes are not zero", shown, name);
    return 1;
}

int cleave_table_open(cleave_table *table, const void *bytes, size_t size,
                      char message[CLEAVE_TABLE_MESSAGE_BYTES])
{
    cleave_table t = {.bytes = bytes, .header = bytes};

    assert((uintptr_t)bytes % CLEAVE_ALIGN_BYTES == 0);
    if (size < sizeof *t.header)
        return refuse(message, "%llu bytes: too short for a weight file", (unsigned long long)size);
    if (!check_header(t.header, size, message))
        return 0;
    t.config = (const char *)t.bytes + t.header->config_offset;
    t.records = (const void *)(t.bytes + t.header->records_offset);
    t.names = (const char *)t.bytes + t.header->names_offset;
    for (uint32_t i = 0; i < t.header->tensor_count; i++)
        if (!check_record(&t, i, message))
            return 0;
    *table = t;
    return 1;
}

int cleave_table_verify(const cleave_table *table, char message[CLEAVE_TABLE_MESSAGE_BYTES])
{
    const unsigned char *data = table->bytes + table->header->data_offset;

    for (uint32_t i = 0; i < table->header->tensor_count; i++) {
        const cleave_weights_record *r = &table->records[i];
        const uint32_t crc = cleave_crc32c(0, data + r->offset, r->bytes);
        if (crc != r->crc32c)
            return refuse(message, "tensor \"%.*s\": checksum %08x, the record says %08x",
                          r->name_bytes < 100 ? r->name_bytes : 100, table->names + r->name_offset, crc,
                          r->crc32c);
    }
    return 1;
}

void cleave_table_at(const cleave_table *table, uint32_t index, cleave_table_tensor *tensor)
{
    const cleave_weights_record *r = &table->records[index];

    assert(index < table->header->tensor_count);
    tensor->name = table->names + r->name_offset;
    tensor->name_bytes = r->name_bytes;
    tensor->type = (cleave_weights_type)r->type;
    tensor->rank = r->rank;
    memcpy(tensor->shape, r->shape, sizeof tensor->shape);
    tensor->count = (int64_t)element_count(r);
    tensor->data = table->bytes + table->header->data_offset + r->offset;
}

int cleave_table_find(const cleave_table *table, const char *name, cleave_table_tensor *tensor)
{
    uint32_t low = 0, high = table->header->tensor_count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const cleave_weights_record *r = &table->records[middle];
        const int order = compare_names(table->names + r->name_offset, r->name_bytes, name, strlen(name));
        if (order == 0) {
            cleave_table_at(table, middle, tensor);
            return 1;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* Every binary16 value is a float32: the exponent is re-biased by 112, subnormals are normalised by the multiply. */
static float half_value(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7FFF;
    uint32_t bits;
    float value;

    if (rest < 0x0400) {
        value = (float)rest * 0x1p-24f;
        return sign ? -value : value;
    }
    bits = sign | (rest >= 0x7C00 ? 0x7F800000u | (rest & 0x3FF) << 13 : (rest << 13) + (112u << 23));
    memcpy(&value, &bits, sizeof value);
    return value;
}

void cleave_table_read(const cleave_table_tensor *tensor, int64_t first, int64_t count, float *out)
{
    assert(first >= 0 && count >= 0 && count <= tensor->count - first);
    if (tensor->type == CLEAVE_WEIGHTS_F32) {
        memcpy(out, (const float *)tensor->data + first, (size_t)count * sizeof *out);
        return;
    }
    const uint16_t *half = (const uint16_t *)tensor->data + first;
    for (int64_t i = 0; i < count; i++)
        out[i] = half_value(half[i]);
}

int cleave_table_config(const cleave_table *table, const char *key, char *text, size_t bytes)
{
    const char *line = table->config, *end = line + table->header->config_bytes;
    const size_t key_bytes = strlen(key);

    while (line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            return 0;
        if ((size_t)(stop - line) > key_bytes && line[key_bytes] == '=' && !memcmp(line, key, key_bytes)) {
            const size_t length = (size_t)(stop - line) - key_bytes - 1;
            if (length >= bytes)
                return 0;
            memcpy(text, line + key_bytes + 1, length);
            text[length] = 0;
            return 1;
        }
        line = stop + 1;
    }
    return 0;
}

int cleave_table_config_i64(const cleave_table *table, const char *key, int64_t min, int64_t max,
                            int64_t *value)
{
    char text[24];
    int64_t magnitude = 0;
    const char *p = text;

    if (!cleave_table_config(table, key, text, sizeof text))
        return 0;
    const int negative = *p == '-';
    if (!*(p += negative))
        return 0;
    for (; *p; p++) {
        if (*p < '0' || *p > '9' || magnitude > (INT64_MAX - 9) / 10)
            return 0;
        magnitude = magnitude * 10 + (*p - '0');
    }
    if (negative)
        magnitude = -magnitude;
    if (magnitude < min || magnitude > max)
        return 0;
    *value = magnitude;
    return 1;
}
