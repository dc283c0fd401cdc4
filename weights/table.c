/* table.c: bounds a weight file and finds tensors in it. */
#include "weights/table.h"

#include <string.h>

#include "weights/config_text.h"
#include "weights/crc32.h"
#include "kernels/half.h"
#include "weights/sentence.h"

#define HALVES 16 /* that are converted at once */

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
        return cleave_sentence(message, "not a cleave weight file: it does not begin with %s",
                               CLEAVE_WEIGHTS_MAGIC);
    if (h->version != CLEAVE_WEIGHTS_VERSION)
        return cleave_sentence(message, "version %u: this build reads version %u", h->version,
                               CLEAVE_WEIGHTS_VERSION);
    if (h->file_bytes != size)
        return cleave_sentence(message, "the header says %llu bytes, the file has %llu",
                               (unsigned long long)h->file_bytes, (unsigned long long)size);
    if (h->tensor_count < 1 || h->tensor_count > CLEAVE_WEIGHTS_TENSORS_MAX)
        return cleave_sentence(message, "%u tensors: must be 1 to %u", h->tensor_count,
                               CLEAVE_WEIGHTS_TENSORS_MAX);
    if (h->config_bytes > CLEAVE_WEIGHTS_CONFIG_MAX ||
        !part_ok(h->config_offset, h->config_bytes, &end, h->file_bytes))
        return cleave_sentence(message, "the configuration text lies outside its place");
    if (!part_ok(h->records_offset, (uint64_t)h->tensor_count * sizeof(cleave_weights_record), &end,
                 h->file_bytes))
        return cleave_sentence(message, "the tensor records lie outside their place");
    if (!part_ok(h->names_offset, h->names_bytes, &end, h->file_bytes))
        return cleave_sentence(message, "the tensor names lie outside their place");
    if (!part_ok(h->data_offset, h->data_bytes, &end, h->file_bytes) || end != h->file_bytes)
        return cleave_sentence(message, "the tensor data lie outside their place");
    if (!cleave_kind_ok(h->kind))
        return cleave_sentence(message, "the model kind is empty, not terminated or no name");
    if (!all_zero(h->reserved, sizeof h->reserved))
        return cleave_sentence(message, "reserved bytes of the header are not zero");
    return 1;
}

/* Elements of a record, or 0 if its shape is out of bounds. No product can wrap: it is checked
 * before each step. */
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
    const cleave_weights_record *r = &t->records[index], *before = index ? r - 1 : NULL;
    const uint64_t name_start = before ? (uint64_t)before->name_offset + before->name_bytes : 0;
    const uint64_t data_start = before ? cleave_align_up(before->offset + before->bytes) : 0;
    const char *name = t->names + name_start;
    const int shown = cleave_sentence_quote(r->name_bytes);

    if (r->name_bytes < 1 || r->name_bytes > CLEAVE_WEIGHTS_NAME_MAX ||
        r->name_offset != name_start || r->name_bytes > h->names_bytes - name_start)
        return cleave_sentence(message, "tensor %u: its name lies outside the names", index);
    if (!cleave_utf8_ok(name, r->name_bytes))
        return cleave_sentence(message, "tensor \"%.*s\": its name is not printable UTF-8", shown,
                               name);
    if (before &&
        compare_names(t->names + before->name_offset, before->name_bytes, name, r->name_bytes) >= 0)
        return cleave_sentence(message, "tensor \"%.*s\": out of order or twice", shown, name);
    if (!type_bytes(r->type))
        return cleave_sentence(message, "tensor \"%.*s\": unknown type %u", shown, name, r->type);
    if (r->rank > CLEAVE_WEIGHTS_RANK_MAX || !element_count(r) ||
        element_count(r) * type_bytes(r->type) != r->bytes)
        return cleave_sentence(message, "tensor \"%.*s\": its shape does not give its %llu bytes",
                               shown, name, (unsigned long long)r->bytes);
    if (r->offset != data_start || r->offset > h->data_bytes ||
        r->bytes > h->data_bytes - r->offset)
        return cleave_sentence(
            message, "tensor \"%.*s\": its data do not follow those before, or leave the file",
            shown, name);
    if (r->reserved)
        return cleave_sentence(message, "tensor \"%.*s\": reserved bytes are not zero", shown,
                               name);
    return 1;
}

/* Between the parts there is nothing but zero bytes. */
static int check_padding(const cleave_table *t, char *message)
{
    const cleave_weights_header *h = t->header;
    const uint64_t config_end = h->config_offset + h->config_bytes,
                   names_end = h->names_offset + h->names_bytes;

    if (!all_zero(t->bytes + config_end, h->records_offset - config_end) ||
        !all_zero(t->bytes + names_end, h->data_offset - names_end))
        return cleave_sentence(message, "the bytes between two parts are not zero");
    return 1;
}

/* The last record's name and data end where the names and the data do. */
static int check_ends(const cleave_table *t, char *message)
{
    const cleave_weights_header *h = t->header;
    const cleave_weights_record *last = &t->records[h->tensor_count - 1];

    if ((uint64_t)last->name_offset + last->name_bytes != h->names_bytes)
        return cleave_sentence(message, "the tensor names go on after the last tensor's");
    if (last->offset + last->bytes != h->data_bytes)
        return cleave_sentence(message, "the tensor data go on after the last tensor's");
    return 1;
}

int cleave_table_open(cleave_table *table, const void *bytes, size_t size,
                      char message[CLEAVE_SENTENCE_BYTES])
{
    cleave_table t = {.bytes = bytes, .header = bytes};

    assert((uintptr_t)bytes % CLEAVE_ALIGN_BYTES == 0);
    if (size < sizeof *t.header)
        return cleave_sentence(message, "%llu bytes: too short for a weight file",
                               (unsigned long long)size);
    if (!check_header(t.header, size, message))
        return 0;
    t.config = (const char *)t.bytes + t.header->config_offset;
    t.records = (const void *)(t.bytes + t.header->records_offset);
    t.names = (const char *)t.bytes + t.header->names_offset;
    if (!cleave_config_text_ok(t.config, t.header->config_bytes))
        return cleave_sentence(message, "the configuration text is not sorted lines of key=value");
    if (!check_padding(&t, message))
        return 0;
    for (uint32_t i = 0; i < t.header->tensor_count; i++)
        if (!check_record(&t, i, message))
            return 0;
    if (!check_ends(&t, message))
        return 0;
    *table = t;
    return 1;
}

int cleave_table_verify(const cleave_table *table, char message[CLEAVE_SENTENCE_BYTES])
{
    const unsigned char *data = table->bytes + table->header->data_offset;

    for (uint32_t i = 0; i < table->header->tensor_count; i++) {
        const cleave_weights_record *r = &table->records[i];
        const uint64_t end = r->offset + r->bytes;
        const uint32_t crc = cleave_crc32c(0, data + r->offset, r->bytes);
        if (crc != r->crc32c)
            return cleave_sentence(message, "tensor \"%.*s\": checksum %08x, the record says %08x",
                                   cleave_sentence_quote(r->name_bytes),
                                   table->names + r->name_offset, crc, r->crc32c);
        if (i + 1 < table->header->tensor_count &&
            !all_zero(data + end, table->records[i + 1].offset - end))
            return cleave_sentence(message, "the bytes after tensor \"%.*s\" are not zero",
                                   cleave_sentence_quote(r->name_bytes),
                                   table->names + r->name_offset);
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
        const int order =
            compare_names(table->names + r->name_offset, r->name_bytes, name, strlen(name));
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

static void read_halves(const uint16_t *half, int64_t count, float *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = cleave_half_to_float(half[i]);
}

/* The same for so many values at once, without a branch, so that the compiler makes vectors of it;
 * returns 0 if one of them is zero, subnormal, infinite or NaN, and out is then not of use. Nearly
 * all weights are none of these, and there are tens of millions. */
static int read_normal(const uint16_t *half, float *out)
{
    uint32_t bits[HALVES], others = 0;

    for (int i = 0; i < HALVES; i++) {
        const uint32_t rest = half[i] & 0x7fffu;
        others |= (rest - 0x400u) | (0x7bffu - rest);
        bits[i] = (uint32_t)(half[i] & 0x8000u) << 16 | ((rest << 13) + (112u << 23));
    }
    memcpy(out, bits, sizeof bits);
    return others >> 31 == 0;
}

void cleave_table_read(const cleave_table_tensor *tensor, int64_t first, int64_t count, float *out)
{
    assert(first >= 0 && count >= 0 && count <= tensor->count - first);
    if (tensor->type == CLEAVE_WEIGHTS_F32) {
        memcpy(out, (const float *)tensor->data + first, (size_t)count * sizeof *out);
        return;
    }
    const uint16_t *half = (const uint16_t *)tensor->data + first;
    for (; count > HALVES; count -= HALVES, half += HALVES, out += HALVES)
        if (!read_normal(half, out))
            read_halves(half, HALVES, out);
    read_halves(half, count, out);
}

int cleave_table_config(const cleave_table *table, const char *key, char *text, size_t bytes)
{
    return cleave_config_text_get(table->config, table->header->config_bytes, key, text, bytes);
}

int cleave_table_config_i64(const cleave_table *table, const char *key, int64_t min, int64_t max,
                            int64_t *value)
{
    return cleave_config_text_i64(table->config, table->header->config_bytes, key, min, max, value);
}
