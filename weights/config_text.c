/* config_text.c: reads and bounds key=value lines. */
#include "weights/config_text.h"

#include <string.h>

static int key_character(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

int cleave_config_key_ok(const char *key, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (!key_character((unsigned char)key[i]))
            return 0;
    return bytes >= 1 && bytes <= CLEAVE_CONFIG_KEY_MAX;
}

int cleave_config_value_ok(const char *value, size_t bytes)
{
    return bytes <= CLEAVE_CONFIG_VALUE_MAX && cleave_utf8_ok(value, bytes);
}

/* Bytes of the UTF-8 character at p, which has `left` bytes; 0 if it is malformed. */
static size_t character_bytes(const unsigned char *p, size_t left)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t bytes = p[0] < 0x80   ? 1
                         : p[0] < 0xC2 ? 0
                         : p[0] < 0xE0 ? 2
                         : p[0] < 0xF0 ? 3
                         : p[0] < 0xF5 ? 4
                                       : 0;
    uint32_t code;

    if (bytes <= 1)
        return bytes;
    if (bytes > left)
        return 0;
    code = p[0] & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3F);
    }
    if (code < smallest[bytes] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return 0;
    return bytes;
}

int cleave_utf8_ok(const char *text, size_t bytes)
{
    const unsigned char *p = (const unsigned char *)text;

    while (bytes) {
        const size_t step = character_bytes(p, bytes);
        if (!step || *p < ' ' || *p == 0x7F || (*p == 0xC2 && p[1] < 0xA0))
            return 0;
        p += step;
        bytes -= step;
    }
    return 1;
}

static int compare_keys(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    const int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);

    return order ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

int cleave_config_text_ok(const char *text, size_t bytes)
{
    const char *line = text, *end, *before = NULL;
    size_t before_bytes = 0;

    if (bytes == 0) /* text may be NULL */
        return 1;
    for (end = text + bytes; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        const char *equals = stop ? memchr(line, '=', (size_t)(stop - line)) : NULL;
        if (!equals || !cleave_config_key_ok(line, (size_t)(equals - line)) ||
            !cleave_config_value_ok(equals + 1, (size_t)(stop - equals) - 1) ||
            (before && compare_keys(before, before_bytes, line, (size_t)(equals - line)) >= 0))
            return 0;
        before = line;
        before_bytes = (size_t)(equals - line);
        line = stop + 1;
    }
    return 1;
}

int cleave_kind_ok(const char kind[32])
{
    size_t bytes = 0, after;

    while (bytes < 32 && ((kind[bytes] >= 'a' && kind[bytes] <= 'z') ||
                          (kind[bytes] >= '0' && kind[bytes] <= '9') || kind[bytes] == '_'))
        bytes++;
    for (after = bytes; after < 32 && !kind[after]; after++)
        ;
    return bytes > 0 && bytes < 32 && after == 32;
}

int cleave_config_text_get(const char *text, size_t bytes, const char *key, char *value,
                           size_t value_bytes)
{
    const char *line = text, *end;
    const size_t key_bytes = strlen(key);

    if (bytes == 0) /* text may be NULL */
        return 0;
    for (end = text + bytes; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            return 0;
        if ((size_t)(stop - line) > key_bytes && line[key_bytes] == '=' &&
            !memcmp(line, key, key_bytes)) {
            const size_t length = (size_t)(stop - line) - key_bytes - 1;
            if (length >= value_bytes)
                return 0;
            memcpy(value, line + key_bytes + 1, length);
            value[length] = 0;
            return 1;
        }
        line = stop + 1;
    }
    return 0;
}

int cleave_config_text_i64(const char *text, size_t bytes, const char *key, int64_t min,
                           int64_t max, int64_t *value)
{
    char number[24];
    int64_t magnitude = 0;
    const char *p = number;

    if (!cleave_config_text_get(text, bytes, key, number, sizeof number))
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

int cleave_config_text_f64(const char *text, size_t bytes, const char *key, double min, double max,
                           double *value)
{
    char number[40];
    double digits = 0, scale = 1;
    int points = 0;

    if (!cleave_config_text_get(text, bytes, key, number, sizeof number) || !number[0])
        return 0;
    for (const char *p = number; *p; p++) {
        if (*p == '.' && p != number && p[1] && points++ == 0)
            continue;
        if (*p < '0' || *p > '9')
            return 0;
        digits = digits * 10 + (*p - '0');
        scale *= points ? 10 : 1;
    }
    if (!(digits / scale >= min && digits / scale <= max))
        return 0;
    *value = digits / scale;
    return 1;
}
