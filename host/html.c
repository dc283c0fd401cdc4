/* html.c: a page that grows in memory. */
#include "host/html.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `bytes` more, or NULL. */
static char *room(html_page *page, size_t bytes)
{
    if (page->has_failed) {
        return NULL;
    }
    if (page->capacity - page->bytes < bytes) {
        size_t capacity = 2 * page->capacity + bytes + 4096;
        char *text = realloc(page->text, capacity);
        if (text == NULL) {
            page->has_failed = 1;
            return NULL;
        }
        page->text = text;
        page->capacity = capacity;
    }
    return page->text + page->bytes;
}

static void add_bytes(html_page *page, const char *bytes, size_t count)
{
    char *to = room(page, count);
    if (to != NULL) {
        memcpy(to, bytes, count);
        page->bytes += count;
    }
}

void html_add(html_page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *to = count >= 0 ? room(page, (size_t)count + 1) : NULL;
    if (to != NULL) {
        va_start(arguments, format);
        vsnprintf(to, (size_t)count + 1, format, arguments);
        va_end(arguments);
        page->bytes += (size_t)count;
    }
}

/* Bytes of the UTF-8 character that begins here; 0 if none does (RFC 3629: no overlong forms, no
 * surrogates, nothing beyond U+10FFFF). */
static size_t character_bytes(const unsigned char *at)
{
    if (at[0] >= 0x20 && at[0] < 0x7F) {
        return 1;
    }
    size_t count = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    uint32_t character = at[0] & (0xFFu >> (count + 1));
    if (at[0] < 0xC2 || at[0] > 0xF4) {
        return at[0] == '\t' || at[0] == '\n';
    }
    for (size_t i = 1; i < count; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
        character = character << 6 | (at[i] & 0x3F);
    }
    int is_control = character < 0xA0;
    int is_possible = (count < 3 || character >= 0x800) && (count < 4 || character >= 0x10000) &&
                      character <= 0x10FFFF && (character & 0xFFFFF800u) != 0xD800 &&
                      (character & 0xFFFEu) != 0xFFFE;
    return is_possible && !is_control ? count : 0;
}

void html_words(html_page *page, const char *bytes)
{
    while (*bytes != '\0') {
        size_t count = character_bytes((const unsigned char *)bytes);
        const char *escaped = count == 0       ? "\xef\xbf\xbd"
                              : *bytes == '&'  ? "&amp;"
                              : *bytes == '<'  ? "&lt;"
                              : *bytes == '>'  ? "&gt;"
                              : *bytes == '"'  ? "&quot;"
                              : *bytes == '\'' ? "&#39;"
                                               : NULL;
        add_bytes(page, escaped != NULL ? escaped : bytes,
                  escaped != NULL ? strlen(escaped) : count);
        bytes += count > 0 ? count : 1;
    }
}

void html_base64(html_page *page, const unsigned char *bytes, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *to = room(page, (count + 2) / 3 * 4);
    for (size_t i = 0; i < count && to != NULL; i += 3) {
        size_t here = count - i < 3 ? count - i : 3;
        uint32_t three = (uint32_t)bytes[i] << 16 | (here > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (here > 2 ? bytes[i + 2] : 0);
        *to++ = digits[three >> 18];
        *to++ = digits[three >> 12 & 63];
        *to++ = here > 1 ? digits[three >> 6 & 63] : '=';
        *to++ = here > 2 ? digits[three & 63] : '=';
    }
    if (to != NULL) {
        page->bytes += (count + 2) / 3 * 4;
    }
}

void html_free(html_page *page)
{
    free(page->text);
    *page = (html_page){0};
}
