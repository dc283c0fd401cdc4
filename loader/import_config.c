/* import_config.c: collects the configuration of an import. */
#include <stdlib.h>
#include <string.h>

#include "loader/import.h"
#include "weights/config_text.h"

#define LINES_MAX 256

int cleave_import_config_add(cleave_import *import, const char *key, size_t key_bytes,
                             const char *value, size_t value_bytes,
                             char message[CLEAVE_SENTENCE_BYTES])
{
    const size_t line_bytes = key_bytes + 1 + value_bytes + 1;
    char *grown;

    if (!cleave_config_key_ok(key, key_bytes) || !cleave_config_value_ok(value, value_bytes))
        return cleave_sentence(
            message, "configuration entry \"%.*s\": its name or value is malformed or too long",
            cleave_sentence_quote(key_bytes), key);
    if (import->config_lines == LINES_MAX)
        return cleave_sentence(message, "the configuration has more than %d entries", LINES_MAX);
    grown = realloc(import->config, import->config_bytes + line_bytes);
    if (!grown)
        return cleave_sentence(message, "no memory for the configuration");
    import->config = grown;
    grown += import->config_bytes;
    memcpy(grown, key, key_bytes);
    grown[key_bytes] = '=';
    memcpy(grown + key_bytes + 1, value, value_bytes);
    grown[line_bytes - 1] = '\n';
    import->config_bytes += line_bytes;
    import->config_lines++;
    return 1;
}

typedef struct line {
    const char *text;
    size_t key_bytes, bytes;
} line;

static int compare_lines(const void *x, const void *y)
{
    const line *a = x, *b = y;
    const int order =
        memcmp(a->text, b->text, a->key_bytes < b->key_bytes ? a->key_bytes : b->key_bytes);

    return order ? order : (a->key_bytes > b->key_bytes) - (a->key_bytes < b->key_bytes);
}

int cleave_import_config_sort(cleave_import *import, char message[CLEAVE_SENTENCE_BYTES])
{
    line lines[LINES_MAX];
    const char *p = import->config;
    char *sorted, *out;

    if (import->config_lines == 0)
        return 1;
    if (!(sorted = out = malloc(import->config_bytes)))
        return cleave_sentence(message, "no memory for the configuration");
    for (uint32_t i = 0; i < import->config_lines; i++) {
        const size_t left = import->config_bytes - (size_t)(p - import->config);
        const char *end = memchr(p, '\n', left), *equals = memchr(p, '=', left);
        lines[i] = (line){p, (size_t)(equals - p), (size_t)(end - p) + 1};
        p = end + 1;
    }
    qsort(lines, import->config_lines, sizeof *lines, compare_lines);
    for (uint32_t i = 0; i < import->config_lines; i++) {
        if (i && compare_lines(&lines[i - 1], &lines[i]) == 0) {
            free(sorted);
            return cleave_sentence(message, "configuration entry \"%.*s\" appears twice",
                                   (int)lines[i].key_bytes, lines[i].text);
        }
        memcpy(out, lines[i].text, lines[i].bytes);
        out += lines[i].bytes;
    }
    free(import->config);
    import->config = sorted;
    return 1;
}
