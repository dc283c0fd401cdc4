/* import_safetensors.c: safetensors files: u64 header length, a JSON object, the data.
 *
 * The JSON is read strictly, in one pass, without a tree: an object of objects, whose known keys are dtype, shape and
 * data_offsets, and one object of texts, __metadata__. Format: the safetensors repository's own description. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/import.h"

#define HEADER_BYTES_MAX (100u << 20)
#define LINES_MAX        256

typedef struct reader {
    cleave_import *import;
    const unsigned char *at, *end; /* of the JSON */
    const unsigned char *data;
    uint64_t data_bytes;
    char *names;       /* decoded texts, never longer than the JSON they come from */
    size_t names_used;
    struct {
        uint64_t begin, end;
    } *ranges;         /* of each tensor, in order of appearance */
    char *lines[LINES_MAX]; /* key=value, of the metadata */
    uint32_t line_count;
    char *message;
} reader;

__attribute__((format(printf, 2, 3))) static int refuse(reader *r, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(r->message, CLEAVE_IMPORT_MESSAGE_BYTES, format, list);
    va_end(list);
    return 0;
}

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
    return accept(r, c) || refuse(r, "safetensors: '%c' expected in %s", c, where);
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
        if (r->end - r->at < 2 || *r->at++ != '\\' || *r->at++ != 'u' || !hex4(r, &low) || low < 0xDC00 ||
            low >= 0xE000)
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
        return refuse(r, "safetensors: a text is expected at byte %zu of the header", (size_t)(r->end - r->at));
    while (r->at < r->end && *r->at != '"') {
        const unsigned char c = *r->at++;
        if (c < 0x20 || (c == '\\' && !escape(r)))
            return refuse(r, "safetensors: a text has a control character or a bad escape");
        if (c != '\\')
            r->names[r->names_used++] = (char)c;
    }
    if (r->at == r->end)
        return refuse(r, "safetensors: a text does not end");
    r->at++;
    if (r->names_used - start > CLEAVE_WEIGHTS_NAME_MAX)
        return refuse(r, "safetensors: a text of %zu bytes is longer than %u", r->names_used - start,
                      CLEAVE_WEIGHTS_NAME_MAX);
    *out = r->names + start;
    *bytes = (uint32_t)(r->names_used - start);
    return 1;
}

static int is(const char *value, uint32_t bytes, const char *wanted)
{
    return bytes == strlen(wanted) && memcmp(value, wanted, bytes) == 0;
}

/* [n, n, ...]: non-negative whole numbers without sign, fraction or leading zero, at most `max` of them. */
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
                return refuse(r, "safetensors: a number is too large");
            value = value * 10 + (*r->at - '0');
        }
        if (r->at == start || (*start == '0' && r->at - start > 1))
            return refuse(r, "safetensors: a whole number is expected");
        if (*count == max)
            return refuse(r, "safetensors: a list has more than %u numbers", max);
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
    int has_shape;
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
        } else if (is(key, bytes, "data_offsets") && !e->offset_count) {
            ok = numbers(r, e->offsets, 2, &e->offset_count);
        } else {
            ok = refuse(r, "safetensors: key \"%.*s\" is unknown or twice in a tensor's entry",
                        bytes < 60 ? (int)bytes : 60, key);
        }
        if (!ok)
            return 0;
    } while (accept(r, ','));
    return expect(r, '}', "a tensor's entry") &&
           ((e->type && e->has_shape && e->offset_count == 2) ||
            refuse(r, "safetensors: a tensor's entry lacks dtype, shape or data_offsets"));
}

static int add_tensor(reader *r, const char *name, uint32_t name_bytes, const entry *e)
{
    cleave_import_tensor *t = &r->import->tensors[r->import->tensor_count];
    const int shown = name_bytes < 100 ? (int)name_bytes : 100;
    uint64_t elements = 1;
    uint32_t size = 0;

    if (r->import->tensor_count == CLEAVE_WEIGHTS_TENSORS_MAX)
        return refuse(r, "safetensors: more than %u tensors", CLEAVE_WEIGHTS_TENSORS_MAX);
    *t = (cleave_import_tensor){.name = name, .name_bytes = name_bytes, .rank = e->rank};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (is(e->type, e->type_bytes, types[i].name)) {
            t->type = types[i].type;
            size = types[i].bytes;
        }
    if (!size)
        return refuse(r, "tensor \"%.*s\": type %.*s is not one of F16, BF16, F32, F64", shown, name,
                      e->type_bytes < 20 ? (int)e->type_bytes : 20, e->type);
    for (uint32_t d = e->rank; d-- > 0;) {
        if (e->shape[d] < 1 || e->shape[d] > UINT32_MAX || elements > CLEAVE_WEIGHTS_FILE_MAX / e->shape[d])
            return refuse(r, "tensor \"%.*s\": a dimension is 0 or too large", shown, name);
        t->shape[d] = (uint32_t)e->shape[d];
        t->stride[d] = elements;
        elements *= e->shape[d];
    }
    if (e->offsets[0] > e->offsets[1] || e->offsets[1] > r->data_bytes ||
        e->offsets[1] - e->offsets[0] != elements * size)
        return refuse(r, "tensor \"%.*s\": its data_offsets do not fit its shape or the file", shown, name);
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

    if (!expect(r, '{', "__metadata__"))
        return 0;
    if (accept(r, '}'))
        return 1;
    do {
        if (!text(r, &key, &key_bytes) || !expect(r, ':', "__metadata__") || !text(r, &value, &value_bytes))
            return 0;
        if (is(key, key_bytes, "kind") && value_bytes < sizeof r->import->kind) {
            memcpy(r->import->kind, value, value_bytes);
            continue;
        }
        if (!key_bytes || memchr(key, '=', key_bytes) || memchr(key, '\n', key_bytes) ||
            memchr(value, '\n', value_bytes))
            continue;
        if (r->line_count == LINES_MAX)
            return refuse(r, "safetensors: more than %d entries of metadata", LINES_MAX);
        if (asprintf(&r->lines[r->line_count], "%.*s=%.*s\n", (int)key_bytes, key, (int)value_bytes, value) < 0)
            return refuse(r, "safetensors: no memory for the metadata");
        r->line_count++;
    } while (accept(r, ','));
    return expect(r, '}', "__metadata__");
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
            return refuse(r, "safetensors: data overlap or leave a gap at byte %llu", (unsigned long long)end);
        end = r->ranges[i].end;
    }
    return end == r->data_bytes || refuse(r, "safetensors: %llu bytes at the end belong to no tensor",
                                          (unsigned long long)(r->data_bytes - end));
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int join_lines(reader *r)
{
    size_t total = 1;

    for (uint32_t i = 0; i < r->line_count; i++)
        total += strlen(r->lines[i]);
    if (!(r->import->config = malloc(total)))
        return refuse(r, "safetensors: no memory for the metadata");
    qsort(r->lines, r->line_count, sizeof *r->lines, compare_lines);
    for (uint32_t i = 0; i < r->line_count; i++) {
        memcpy(r->import->config + r->import->config_bytes, r->lines[i], strlen(r->lines[i]));
        r->import->config_bytes += strlen(r->lines[i]);
    }
    return 1;
}

static int read_header(reader *r)
{
    const char *name;
    uint32_t bytes;
    entry e;

    if (r->at == r->end || *r->at != '{')
        return refuse(r, "safetensors: the header does not begin with '{'");
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
    return r->at == r->end || refuse(r, "safetensors: something follows the header's object");
}

int cleave_import_safetensors(cleave_import *import, const void *bytes, size_t size,
                              char message[CLEAVE_IMPORT_MESSAGE_BYTES])
{
    reader r = {.import = import, .message = message};
    const unsigned char *p = bytes;
    uint64_t header = 0;
    int ok;

    *import = (cleave_import){0};
    for (int i = 7; size >= 8 && i >= 0; i--)
        header = header << 8 | p[i];
    if (size < 8 || header > HEADER_BYTES_MAX || header > size - 8 || header < 2)
        return refuse(&r, "safetensors: a header of %llu bytes does not fit a file of %zu",
                      (unsigned long long)header, size);
    r.at = p + 8;
    r.end = r.data = r.at + header;
    r.data_bytes = size - 8 - header;
    /* An entry takes more than 40 bytes of header. */
    const size_t count = header / 40 + 1;
    import->names = r.names = malloc(header);
    import->tensors = calloc(count < CLEAVE_WEIGHTS_TENSORS_MAX ? count : CLEAVE_WEIGHTS_TENSORS_MAX,
                             sizeof *import->tensors);
    r.ranges = calloc(count < CLEAVE_WEIGHTS_TENSORS_MAX ? count : CLEAVE_WEIGHTS_TENSORS_MAX, sizeof *r.ranges);
    ok = r.names && import->tensors && r.ranges ? read_header(&r) && check_cover(&r) && join_lines(&r) &&
                                                      cleave_import_sort(import, message)
                                                : refuse(&r, "safetensors: no memory for its header");
    for (uint32_t i = 0; i < r.line_count; i++)
        free(r.lines[i]);
    free(r.ranges);
    if (!ok)
        cleave_import_close(import);
    return ok;
}
