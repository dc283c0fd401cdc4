/* import_tensorflow.c: TensorFlow V2 checkpoints: an index of names, shapes and places, and the
 * data files in which the bytes lie.
 *
 * The index is a sorted table of protocol buffers. Its first key is empty and has the header.
 * Source: tensorflow/core/protobuf/tensor_bundle.proto. */
#include <stdlib.h>
#include <string.h>

#include "loader/import.h"
#include "loader/import_spleeter.h"
#include "loader/protobuf.h"
#include "loader/sstable.h"
#include "weights/crc32.h"

#define SHARDS_MAX   64
#define NAMES_MAX    (16u << 20) /* bytes of all names: what they share costs the index nothing */
#define VERSION_READ 1           /* of bundles */

typedef struct entry {
    const char *name;
    uint32_t name_bytes;
    uint32_t type; /* an index into types[] */
    uint32_t rank;
    uint32_t shape[CLEAVE_WEIGHTS_RANK_MAX];
    uint64_t shard, offset, bytes;
    uint32_t crc32c; /* masked */
} entry;

typedef struct bundle {
    const cleave_import_shard *shards;
    uint64_t shard_count; /* as the header says; 0 before it is read */
    int stops_at_header;
    entry *entries;
    uint32_t count;
    char *names;
    size_t names_used;
    char *message;
} bundle;

/* Types by their numbers in tensorflow/core/framework/types.proto. The data of those with a size
 * are verified; tensors of those that are `kept` are imported. */
static const struct {
    const char *name;
    uint32_t bytes;
    int kept;
    cleave_import_type type;
} types[] = {
    [0] = {"none", 0, 0, 0},
    [1] = {"float32", 4, 1, CLEAVE_IMPORT_F32},
    [2] = {"float64", 8, 1, CLEAVE_IMPORT_F64},
    [3] = {"int32", 4, 0, 0},
    [7] = {"string", 0, 0, 0},
    [9] = {"int64", 8, 0, 0},
    [14] = {"bfloat16", 2, 1, CLEAVE_IMPORT_BF16},
    [19] = {"half", 2, 1, CLEAVE_IMPORT_F16},
};
#define TYPE_COUNT (sizeof types / sizeof types[0])

/* A field that a message may have. Absent ones are 0. */
typedef struct slot {
    int known;
    cleave_wire wire;
    int repeats, present;
    uint64_t value;
    const unsigned char *bytes;
} slot;

#define FIELD(wire)                                                                                \
    {                                                                                              \
        1, wire, 0, 0, 0, NULL                                                                     \
    }

/* Reads a message. A field that is known has its wire type and is there once; others are skipped.
 */
static int read_message(const unsigned char *at, uint64_t bytes, slot *slots, uint32_t slot_count)
{
    const unsigned char *const end = at + bytes;
    cleave_field field;

    while (at < end) {
        if (!cleave_field_next(&at, end, &field))
            return 0;
        if (field.number >= slot_count || !slots[field.number].known)
            continue;
        slot *const s = &slots[field.number];
        if (field.wire != s->wire || (s->present && !s->repeats))
            return 0;
        s->present = 1;
        s->value = field.value;
        s->bytes = field.bytes;
    }
    return 1;
}

static int read_header(bundle *b, const unsigned char *value, size_t bytes)
{
    slot version[] = {[1] = FIELD(CLEAVE_WIRE_VARINT), [2] = FIELD(CLEAVE_WIRE_VARINT)};
    slot header[] = {[1] = FIELD(CLEAVE_WIRE_VARINT),
                     [2] = FIELD(CLEAVE_WIRE_VARINT),
                     [3] = FIELD(CLEAVE_WIRE_BYTES)};

    if (!read_message(value, bytes, header, 4) ||
        (header[3].present && !read_message(header[3].bytes, header[3].value, version, 3)))
        return cleave_sentence(b->message, "index: its header is damaged");
    if (header[2].value != 0)
        return cleave_sentence(b->message, "index: the data are not little-endian");
    if (version[2].value > VERSION_READ)
        return cleave_sentence(
            b->message, "index: asks for a reader of version %llu; this is one of version %d",
            (unsigned long long)version[2].value, VERSION_READ);
    if (header[1].value < 1 || header[1].value > SHARDS_MAX)
        return cleave_sentence(b->message, "index: speaks of %llu data files, not 1 to %d",
                               (unsigned long long)header[1].value, SHARDS_MAX);
    b->shard_count = header[1].value;
    return 1;
}

/* {2: repeated {1: size}, 3: unknown rank}; *elements is their product. */
static int read_shape(bundle *b, entry *e, const slot *message, uint64_t *elements)
{
    const unsigned char *at = message->bytes, *const end = at ? at + message->value : NULL;
    const int shown = cleave_sentence_quote(e->name_bytes);
    cleave_field field;

    *elements = 1;
    while (at < end) {
        slot dim[] = {[1] = FIELD(CLEAVE_WIRE_VARINT)};
        if (!cleave_field_next(&at, end, &field) ||
            (field.number == 2 && (field.wire != CLEAVE_WIRE_BYTES ||
                                   !read_message(field.bytes, field.value, dim, 2))) ||
            (field.number == 3 && field.wire != CLEAVE_WIRE_VARINT))
            return cleave_sentence(b->message, "tensor \"%.*s\": its shape is damaged", shown,
                                   e->name);
        if (field.number == 3 && field.value)
            return cleave_sentence(b->message, "tensor \"%.*s\": of unknown rank", shown, e->name);
        if (field.number != 2)
            continue;
        if (e->rank == CLEAVE_WEIGHTS_RANK_MAX)
            return cleave_sentence(b->message, "tensor \"%.*s\": more than %u dimensions", shown,
                                   e->name, CLEAVE_WEIGHTS_RANK_MAX);
        if (dim[1].value < 1 || dim[1].value > UINT32_MAX)
            return cleave_sentence(b->message, "tensor \"%.*s\": dimension %u is %lld", shown,
                                   e->name, e->rank, (long long)dim[1].value);
        if (*elements > CLEAVE_WEIGHTS_FILE_MAX / dim[1].value)
            return cleave_sentence(b->message, "tensor \"%.*s\": too many elements", shown,
                                   e->name);
        e->shape[e->rank++] = (uint32_t)dim[1].value;
        *elements *= dim[1].value;
    }
    return 1;
}

static int check_type(bundle *b, entry *e, uint64_t type)
{
    const int shown = cleave_sentence_quote(e->name_bytes);

    if (type >= TYPE_COUNT || !types[type].name)
        return cleave_sentence(b->message, "tensor \"%.*s\": type %llu holds no weights", shown,
                               e->name, (unsigned long long)type);
    if (!types[type].bytes)
        return cleave_sentence(b->message, "tensor \"%.*s\": type %s holds no weights", shown,
                               e->name, types[type].name);
    e->type = (uint32_t)type;
    return 1;
}

static int read_entry(bundle *b, entry *e, const unsigned char *value, size_t bytes)
{
    const int shown = cleave_sentence_quote(e->name_bytes);
    uint64_t elements;
    slot s[] = {
        [1] = FIELD(CLEAVE_WIRE_VARINT),                                               /* type */
        [2] = FIELD(CLEAVE_WIRE_BYTES),                                                /* shape */
        [3] = FIELD(CLEAVE_WIRE_VARINT),                                               /* shard */
        [4] = FIELD(CLEAVE_WIRE_VARINT),                                               /* offset */
        [5] = FIELD(CLEAVE_WIRE_VARINT),                                               /* size */
        [6] = FIELD(CLEAVE_WIRE_FIXED32), [7] = {1, CLEAVE_WIRE_BYTES, 1, 0, 0, NULL}, /* slices */
    };

    if (!read_message(value, bytes, s, 8))
        return cleave_sentence(b->message, "tensor \"%.*s\": its entry is damaged", shown, e->name);
    if (s[7].present)
        return cleave_sentence(b->message, "tensor \"%.*s\": is stored in slices", shown, e->name);
    if (!check_type(b, e, s[1].value) || !read_shape(b, e, &s[2], &elements))
        return 0;
    if (s[5].value != elements * types[e->type].bytes)
        return cleave_sentence(b->message,
                               "tensor \"%.*s\": %llu bytes do not fit its shape and type %s",
                               shown, e->name, (unsigned long long)s[5].value, types[e->type].name);
    if (s[3].value >= b->shard_count)
        return cleave_sentence(b->message, "tensor \"%.*s\": in data file %llu of %llu", shown,
                               e->name, (unsigned long long)s[3].value,
                               (unsigned long long)b->shard_count);
    if (s[4].value > b->shards[s[3].value].size ||
        s[5].value > b->shards[s[3].value].size - s[4].value)
        return cleave_sentence(
            b->message, "tensor \"%.*s\": %llu bytes at byte %llu leave the data file", shown,
            e->name, (unsigned long long)s[5].value, (unsigned long long)s[4].value);
    e->shard = s[3].value;
    e->offset = s[4].value;
    e->bytes = s[5].value;
    e->crc32c = (uint32_t)s[6].value;
    return 1;
}

static int is_header(bundle *b, uint32_t key_bytes)
{
    if (b->shard_count == 0 && key_bytes != 0)
        cleave_sentence(b->message, "index: does not begin with a header");
    return key_bytes == 0;
}

/* The first walk: the header, and how much memory the tensors take. */
static int visit_to_count(void *context, const char *key, uint32_t key_bytes,
                          const unsigned char *value, size_t value_bytes)
{
    bundle *const b = context;

    (void)key;
    if (b->shard_count == 0)
        return is_header(b, key_bytes) && read_header(b, value, value_bytes) && !b->stops_at_header;
    if (b->count == CLEAVE_WEIGHTS_TENSORS_MAX)
        return cleave_sentence(b->message, "index: more than %u tensors",
                               CLEAVE_WEIGHTS_TENSORS_MAX);
    if (key_bytes > NAMES_MAX - b->names_used)
        return cleave_sentence(b->message, "index: the names take more than %u bytes", NAMES_MAX);
    b->names_used += key_bytes;
    b->count++;
    return 1;
}

static int visit_to_read(void *context, const char *key, uint32_t key_bytes,
                         const unsigned char *value, size_t value_bytes)
{
    bundle *const b = context;
    entry *const e = &b->entries[b->count];

    if (key_bytes == 0) /* the header: keys ascend, so it is this one only */
        return 1;
    memcpy(b->names + b->names_used, key, key_bytes);
    *e = (entry){.name = b->names + b->names_used, .name_bytes = key_bytes};
    b->names_used += key_bytes;
    b->count++;
    return read_entry(b, e, value, value_bytes);
}

static int compare_places(const void *x, const void *y)
{
    const entry *a = x, *b = y;

    if (a->shard != b->shard)
        return (a->shard > b->shard) - (a->shard < b->shard);
    return (a->offset > b->offset) - (a->offset < b->offset);
}

/* Tensors that share bytes make a small file look large. */
static int check_places(const bundle *b)
{
    qsort(b->entries, b->count, sizeof *b->entries, compare_places);
    for (uint32_t i = 1; i < b->count; i++) {
        const entry *e = &b->entries[i], *before = e - 1;
        if (e->shard == before->shard && e->offset < before->offset + before->bytes)
            return cleave_sentence(b->message, "tensor \"%.*s\": shares bytes with \"%.*s\"",
                                   cleave_sentence_quote(e->name_bytes), e->name,
                                   cleave_sentence_quote(before->name_bytes), before->name);
    }
    return 1;
}

static const unsigned char *data_of(const bundle *b, const entry *e)
{
    return (const unsigned char *)b->shards[e->shard].bytes + e->offset;
}

static int check_data(const bundle *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const entry *const e = &b->entries[i];
        if (cleave_sstable_mask(cleave_crc32c(0, data_of(b, e), (size_t)e->bytes)) != e->crc32c)
            return cleave_sentence(b->message,
                                   "tensor \"%.*s\" is damaged: its checksum does not match",
                                   cleave_sentence_quote(e->name_bytes), e->name);
    }
    return 1;
}

/* What optimisers keep beside a variable, as the last part of its name. */
static int is_slot(const entry *e)
{
    static const char *const slots[] = {"Adadelta", "Adadelta_1", "Adagrad",     "Adam",
                                        "Adam_1",   "Ftrl",       "Ftrl_1",      "Momentum",
                                        "RMSProp",  "RMSProp_1",  "beta1_power", "beta2_power"};
    uint32_t from = e->name_bytes;

    while (from > 0 && e->name[from - 1] != '/')
        from--;
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        if (e->name_bytes - from == strlen(slots[i]) &&
            memcmp(e->name + from, slots[i], e->name_bytes - from) == 0)
            return 1;
    return 0;
}

static void take_tensors(const bundle *b, cleave_import *import)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const entry *const e = &b->entries[i];
        uint64_t stride = 1;
        if (!types[e->type].kept || is_slot(e))
            continue;
        cleave_import_tensor *const t = &import->tensors[import->tensor_count++];
        *t = (cleave_import_tensor){.name = e->name,
                                    .name_bytes = e->name_bytes,
                                    .type = types[e->type].type,
                                    .rank = e->rank,
                                    .data = data_of(b, e)};
        for (uint32_t d = e->rank; d-- > 0;) {
            t->shape[d] = e->shape[d];
            t->stride[d] = stride;
            stride *= e->shape[d];
        }
    }
}

static int read_bundle(bundle *b, cleave_import *import, const void *index, size_t index_bytes)
{
    const size_t count = b->count + 1, names = b->names_used + 1; /* none is no failure */
    size_t file_bytes = index_bytes;
    int ok;

    b->entries = calloc(count, sizeof *b->entries);
    import->tensors = calloc(count, sizeof *import->tensors);
    import->names = b->names = malloc(names);
    b->count = 0;
    b->names_used = 0;
    for (uint64_t i = 0; i < b->shard_count; i++)
        file_bytes += b->shards[i].size;
    ok = b->entries && import->tensors && b->names
             ? cleave_sstable_walk(index, index_bytes, visit_to_read, b, b->message) &&
                   check_places(b) && check_data(b)
             : cleave_sentence(b->message, "index: no memory for %zu tensors", count);
    if (ok)
        take_tensors(b, import);
    free(b->entries);
    return ok && cleave_import_sort(import, file_bytes, b->message) &&
           cleave_import_spleeter(import, b->message);
}

uint32_t cleave_import_tensorflow_shards(const void *index, size_t index_bytes,
                                         char message[CLEAVE_SENTENCE_BYTES])
{
    bundle b = {.stops_at_header = 1, .message = message};

    if (cleave_sstable_walk(index, index_bytes, visit_to_count, &b, message))
        return (uint32_t)cleave_sentence(message, "index: has no entry");
    return (uint32_t)b.shard_count;
}

int cleave_import_tensorflow(cleave_import *import, const void *index, size_t index_bytes,
                             const cleave_import_shard *shards, uint32_t shard_count,
                             char message[CLEAVE_SENTENCE_BYTES])
{
    bundle b = {.shards = shards, .message = message};
    int ok;

    *import = (cleave_import){0};
    if (!cleave_sstable_walk(index, index_bytes, visit_to_count, &b, message))
        return 0;
    if (b.shard_count == 0)
        return cleave_sentence(message, "index: has no entry");
    ok = b.shard_count == shard_count
             ? read_bundle(&b, import, index, index_bytes)
             : cleave_sentence(message, "index: speaks of %llu data files; there are %u",
                               (unsigned long long)b.shard_count, shard_count);
    if (!ok)
        cleave_import_close(import);
    return ok;
}
