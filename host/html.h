/* html.h: a page that grows in memory. */
#ifndef CLEAVE_HOST_HTML_H
#define CLEAVE_HOST_HTML_H

#include <stddef.h>

/* Zero is an empty page. When memory ends, has_failed is set and what follows is dropped. */
typedef struct html_page {
    char *text; /* malloc'ed, not terminated */
    size_t bytes, capacity;
    int has_failed;
} html_page;

/* Adds text as it is: tags and words of our own. */
void html_add(html_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds bytes from elsewhere as words, also between the quotes of an attribute: markup is escaped,
 * and what is not UTF-8 or a control character becomes the replacement character. */
void html_words(html_page *page, const char *bytes);

/* Adds bytes in base64. */
void html_base64(html_page *page, const unsigned char *bytes, size_t count);

void html_free(html_page *page);

#endif
