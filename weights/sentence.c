/* sentence.c: refusals, safe to print. */
#include "weights/sentence.h"

#include <stdarg.h>
#include <stdio.h>

#define QUOTED_MAX 100

int cleave_sentence(char message[CLEAVE_SENTENCE_BYTES], const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(message, CLEAVE_SENTENCE_BYTES, format, list);
    va_end(list);
    for (char *c = message; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return 0;
}

int cleave_sentence_quote(size_t name_bytes)
{
    return name_bytes < QUOTED_MAX ? (int)name_bytes : QUOTED_MAX;
}
