/* import_safetensors.c: safetensors files: u64 header length, a JSON object, the data.
 *
 * The JSON is read strictly, in one pass, without a tree: an object of objects, whose known keys
 * are dtype, shape and data_offsets, and one object of texts, __metadata__. Format: the safetensors
 * repository's own description. */
#include <stdlib.h>
#include <string.h>

#include "loader/import.h"
#include "weights/config_text.h"

#define HEADER_BYTES_MAX (100u << 20)

typedef struct reader {
    cleave_import *import;
    const unsigned char *start, *at, *end; /* of the JSON */
    const unsigned char *data;
    uint64_t data_bytes;
    char *names; /* decoded texts, never longer than the JSON they come from */
    size_t names_used;
    struct {
        uint64_t begin, end;
    } * ranges; /* of each tensor, in order of appearance */
    int has_metadata;
    char *message;
} reader;

static void skip_space(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

/* Whether the next character is `c`; if so it is taken. */
static int accept(reader *r, char c)
{
    skip_space(r);
    if (r->at == r->end || *r->at != (unsigned char)c)
        return 0;
    r->at++;
    return 1;
}

static int expect(reader *r, char c, const char *where)
{
    return accept(r, c) ||
           cleave_sentence(r->message, "safetensors: '%c' expected in %s", c, where);
}

static int hex4(reader *r, uint32_t *value)
{
    *value = 0;
    if (r->end - r->at < 4)
        return 0;
    for (int i = 0; i < 4; i++) {
        const unsigned char c = *r->at++;
        const char *digits = "0123456789abcdef", *found = c ? strchr(digits, c | 0x20) : NULL;
        if (!found || (c < '0') || (c > '9' && (c | 0x20) < 'a'))
            return 0;
        *value = *value << 4 | (uint32_t)(found - digits);
    }
    return 1;
}

static void put_utf8(reader *r, uint32_t code)
{
    char *out = r->names + r->names_used;

    if (code < 0x80) {
        out[0] = (char)code;
        r->names_used += 1;
    } else if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 63));
        r->names_used += 2;
    } else if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 63));
        out[2] = (char)(0x80 | (code & 63));
        r->names_used += 3;
    } else {
        out[0] = (char)(0xF0 | code >> 18);
        out[1] = (char)(0x80 | (code >> 12 & 63));
        out[2] = (char)(0x80 | (code >> 6 & 63));
        out[3] = (char)(0x80 | (code & 63));
        r->names_used += 4;
    }
}

/* What follows a backslash. An escape is at least as long as the bytes it stands for. */
static int escape(reader *r)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const unsigned char c = r->at < r->end ? *r->at++ : 0;
    const char *found = c ? strchr(from, c) : NULL;
    uint32_t code, low;

    if (found) {
        put_utf8(r, (unsigned char)to[found - from]);
        return 1;
    }
    if (c != 'u' || !hex4(r, &code) || code == 0 || (code >= 0xDC00 && code < 0xE000))
        return 0;
    if (code >= 0xD800 && code < 0xDC00) {
        if (r->end - r->at < 2 || *r->at++ != '\\' || *r->at++ != 'u' || !hex4(r, &low) ||
            low < 0xDC00 || low >= 0xE000)
            return 0;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    put_utf8(r, code);
    return 1;
}

/* A JSON text, decoded into r->names. */
static int text(reader *r, const char **out, uint32_t *bytes)
{
    const size_t start = r->names_used;

    if (!accept(r, '"'))
        return cleave_sentence(r->message,
                               "safetensors: a text is expected at byte %zu of the header",
                               (size_t)(r->at - r->start));
    while (r->at < r->end && *r->at != '"') {
        const unsigned char c = *r->at++;
        if (c == '\\' && !escape(r))
            return cleave_sentence(r->message, "safetensors: a text has a bad escape");
        if (c != '\\')
            r->names[r->names_used++] = (char)c;
    }
    if (r->at == r->end)
        return cleave_sentence(r->message, "safetensors: a text does not end");
    r->at++;
    if (r->names_used - start > CLEAVE_WEIGHTS_NAME_MAX)
        return cleave_sentence(r->message, "safetensors: a text of %zu bytes is longer than %u",
                               r->names_used - start, CLEAVE_WEIGHTS_NAME_MAX);
    if (!cleave_utf8_ok(r->names + start, r->names_used - start))
        return cleave_sentence(r->message, "safetensors: a text is not printable UTF-8");
    *out = r->names + start;
    *bytes = (uint32_t)(r->names_used - start);
    return 1;
}

static int is(const char *value, uint32_t bytes, const char *wanted)
{
    return bytes == strlen(wanted) && memcmp(value, wanted, bytes) == 0;
}

/* [n, n, ...]: non-negative whole numbers without sign, fraction or leading zero, at most `max` of
 * them. */
static int numbers(reader *r, uint64_t *out, uint32_t max, uint32_t *count)
{
    *count = 0;
    if (!expect(r, '[', "a list of numbers"))
        return 0;
    if (accept(r, ']'))
        return 1;
    do {
        const unsigned char *start;
        uint64_t value = 0;
        skip_space(r);
        start = r->at;
        for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
            if (value > CLEAVE_WEIGHTS_FILE_MAX)
                return cleave_sentence(r->message, "safetensors: a number is too large");
            value = value * 10 + (*r->at - '0');
        }
        if (r->at == start || (*start == '0' && r->at - start > 1))
            return cleave_sentence(r->message, "safetensors: a whole number is expected");
        if (*count == max)
            return cleave_sentence(r->message, "safetensors: a list has more than %u numbers", max);
        out[(*count)++] = value;
    } while (accept(r, ','));
    return expect(r, ']', "a list of numbers");
}

static const struct {
    const char *name;
    cleave_import_type type;
    uint32_t bytes;
} types[] = {
    {"F16", CLEAVE_IMPORT_F16, 2},
    {"BF16", CLEAVE_IMPORT_BF16, 2},
    {"F32", CLEAVE_IMPORT_F32, 4},
    {"F64", CLEAVE_IMPORT_F64, 8},
};

typedef struct entry {
    const char *type;
    uint32_t type_bytes, rank, offset_count;
    uint64_t shape[CLEAVE_WEIGHTS_RANK_MAX], offsets[2];
    int has_shape, has_offsets;
} entry;

/* {"dtype": ..., "shape": [...], "data_offsets": [...]}, each key once */
static int read_entry(reader *r, entry *e)
{
    const char *key;
    uint32_t bytes;
    int ok;

    *e = (entry){0};
    if (!expect(r, '{', "a tensor's entry"))
        return 0;
    do {
        if (!text(r, &key, &bytes) || !expect(r, ':', "a tensor's entry"))
            return 0;
        if (is(key, bytes, "dtype") && !e->type) {
            ok = text(r, &e->type, &e->type_bytes);
        } else if (is(key, bytes, "shape") && !e->has_shape) {
            e->has_shape = 1;
            ok = numbers(r, e->shape, CLEAVE_WEIGHTS_RANK_MAX, &e->rank);
        } else if (is(key, bytes, "data_offsets") && !e->has_offsets) {
            e->has_offsets = 1;
            ok = numbers(r, e->offsets, 2, &e->offset_count);
        } else {
            ok = cleave_sentence(
                r->message, "safetensors: key \"%.*s\" is unknown or twice in a tensor's entry",
                cleave_sentence_quote(bytes), key);
        }
        if (!ok)
            return 0;
    } while (accept(r, ','));
    return expect(r, '}', "a tensor's entry") &&
           ((e->type && e->has_shape && e->offset_count == 2) ||
            cleave_sentence(r->message,
                            "safetensors: a tensor's entry lacks dtype, shape or data_offsets"));
}

static int add_tensor(reader *r, const char *name, uint32_t name_bytes, const entry *e)
{
    cleave_import_tensor *t = &r->import->tensors[r->import->tensor_count];
    const int shown = cleave_sentence_quote(name_bytes);
    uint64_t elements = 1;
    uint32_t size = 0;

    if (r->import->tensor_count == CLEAVE_WEIGHTS_TENSORS_MAX)
        return cleave_sentence(r->message, "safetensors: more than %u tensors",
                               CLEAVE_WEIGHTS_TENSORS_MAX);
    *t = (cleave_import_tensor){.name = name, .name_bytes = name_bytes, .rank = e->rank};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (is(e->type, e->type_bytes, types[i].name)) {
            t->type = types[i].type;
            size = types[i].bytes;
        }
    if (!size)
        return cleave_sentence(r->message,
                               "tensor \"%.*s\": type %.*s is not one of F16, BF16, F32, F64",
                               shown, name, cleave_sentence_quote(e->type_bytes), e->type);
    for (uint32_t d = e->rank; d-- > 0;) {
        if (e->shape[d] < 1 || e->shape[d] > UINT32_MAX ||
            elements > CLEAVE_WEIGHTS_FILE_MAX / e->shape[d])
            return cleave_sentence(r->message, "tensor \"%.*s\": a dimension is 0 or too large",
                                   shown, name);
        t->shape[d] = (uint32_t)e->shape[d];
        t->stride[d] = elements;
        elements *= e->shape[d];
    }
    if (e->offsets[0] > e->offsets[1] || e->offsets[1] > r->data_bytes ||
        e->offsets[1] - e->offsets[0] != elements * size)
        return cleave_sentence(r->message,
                               "tensor \"%.*s\": its data_offsets do not fit its shape or the file",
                               shown, name);
    t->data = r->data + e->offsets[0];
    r->ranges[r->import->tensor_count].begin = e->offsets[0];
    r->ranges[r->import->tensor_count].end = e->offsets[1];
    r->import->tensor_count++;
    return 1;
}

/* {"key": "value", ...} -> lines of the configuration; the key "kind" is the model's kind. */
static int read_metadata(reader *r)
{
    const char *key, *value;
    uint32_t key_bytes, value_bytes;

    if (r->has_metadata)
        return cleave_sentence(r->message, "safetensors: __metadata__ appears twice");
    r->has_metadata = 1;
    if (!expect(r, '{', "__metadata__"))
        return 0;
    if (accept(r, '}'))
        return 1;
    do {
        if (!text(r, &key, &key_bytes) || !expect(r, ':', "__metadata__") ||
            !text(r, &value, &value_bytes))
            return 0;
        if (is(key, key_bytes, "kind")) {
            if (r->import->kind[0] || !value_bytes || value_bytes >= sizeof r->import->kind)
                return cleave_sentence(r->message,
                                       "safetensors: the kind is empty, too long or twice");
            memcpy(r->import->kind, value, value_bytes);
        } else if (!cleave_import_config_add(r->import, key, key_bytes, value, value_bytes,
                                             r->message)) {
            return 0;
        }
    } while (accept(r, ','));
    return expect(r, '}', "__metadata__") && cleave_import_config_sort(r->import, r->message);
}

static int compare_ranges(const void *x, const void *y)
{
    const uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

    return (a > b) - (a < b);
}

/* The tensors' ranges cover the data without overlap or gap. */
static int check_cover(reader *r)
{
    uint64_t end = 0;

    qsort(r->ranges, r->import->tensor_count, sizeof *r->ranges, compare_ranges);
    for (uint32_t i = 0; i < r->import->tensor_count; i++) {
        if (r->ranges[i].begin != end)
            return cleave_sentence(r->message,
                                   "safetensors: data overlap or leave a gap at byte %llu",
                                   (unsigned long long)end);
        end = r->ranges[i].end;
    }
    return end == r->data_bytes ||
           cleave_sentence(r->message, "safetensors: %llu bytes at the end belong to no tensor",
                           (unsigned long long)(r->data_bytes - end));
}

static int read_header(reader *r)
{
    const char *name;
    uint32_t bytes;
    entry e;

    if (r->at == r->end || *r->at != '{')
        return cleave_sentence(r->message, "safetensors: the header does not begin with '{'");
    r->at++;
    do {
        if (!text(r, &name, &bytes) || !expect(r, ':', "the header"))
            return 0;
        if (is(name, bytes, "__metadata__") ? !read_metadata(r)
                                            : !read_entry(r, &e) || !add_tensor(r, name, bytes, &e))
            return 0;
    } while (accept(r, ','));
    if (!expect(r, '}', "the header"))
        return 0;
    skip_space(r);
    return r->at == r->end ||
           cleave_sentence(r->message, "safetensors: something follows the header's object");
}

int cleave_import_safetensors(cleave_import *import, const void *bytes, size_t size,
                              char message[CLEAVE_SENTENCE_BYTES])
{
    reader r = {.import = import, .message = message};
    const unsigned char *p = bytes;
    uint64_t header = 0;
    int ok;

    *import = (cleave_import){0};
    for (int i = 7; size >= 8 && i >= 0; i--)
        header = header << 8 | p[i];
    if (size < 8 || header > HEADER_BYTES_MAX || header > size - 8 || header < 2)
        return cleave_sentence(message,
                               "safetensors: a header of %llu bytes does not fit a file of %zu",
                               (unsigned long long)header, size);
    r.start = r.at = p + 8;
    r.end = r.data = r.at + header;
    r.data_bytes = size - 8 - header;
    /* An entry takes more than 40 bytes of header. */
    const size_t fit = header / 40 + 1;
    const size_t count = fit < CLEAVE_WEIGHTS_TENSORS_MAX ? fit : CLEAVE_WEIGHTS_TENSORS_MAX;
    import->names = r.names = malloc(header);
    import->tensors = calloc(count, sizeof *import->tensors);
    r.ranges = calloc(count, sizeof *r.ranges);
    ok = r.names && import->tensors && r.ranges
             ? read_header(&r) && check_cover(&r) && cleave_import_sort(import, size, message)
             : cleave_sentence(message, "safetensors: no memory for its header");
    free(r.ranges);
    if (!ok)
        cleave_import_close(import);
    return ok;
}
