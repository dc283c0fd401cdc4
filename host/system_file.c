/* system_file.c: small text files of the kernel. */
#include "host/system_file.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

int system_file_read(char *text, size_t bytes, const char *format, ...)
{
    char path[PATH_MAX];
    va_list list;

    text[0] = 0;
    va_start(list, format);
    int length = vsnprintf(path, sizeof path, format, list);
    va_end(list);
    if (length < 0 || (size_t)length >= sizeof path)
        return 0;
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    size_t count = fread(text, 1, bytes - 1, file);
    int ok = !ferror(file);
    fclose(file);
    if (!ok)
        count = 0;
    if (count && text[count - 1] == '\n')
        count--;
    text[count] = 0;
    return ok;
}
