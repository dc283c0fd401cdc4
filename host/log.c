/* log.c: lines of text for a person, on standard error. */
#include "host/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define ERASE_LINE "\r\033[K"

static void write_line(logger *log, const char *prefix, const char *format, va_list arguments);

void log_init(logger *log, FILE *stream, log_level level)
{
    log->stream = stream;
    log->level = level;
    log->terminal = isatty(fileno(stream));
    log->status_shown = 0;
    pthread_mutex_init(&log->mutex, NULL);
}

void log_destroy(logger *log)
{
    log_status(log, "");
    pthread_mutex_destroy(&log->mutex);
}

void log_error(logger *log, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(log, "cleave: ", format, arguments);
    va_end(arguments);
}

void log_warning(logger *log, const char *format, ...)
{
    if (log->level < LOG_NORMAL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    write_line(log, "cleave: warning: ", format, arguments);
    va_end(arguments);
}

void log_note(logger *log, const char *format, ...)
{
    if (log->level < LOG_NORMAL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    write_line(log, "", format, arguments);
    va_end(arguments);
}

void log_detail(logger *log, const char *format, ...)
{
    if (log->level < LOG_VERBOSE) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    write_line(log, "", format, arguments);
    va_end(arguments);
}

void log_status(logger *log, const char *text)
{
    if (!log->terminal) {
        return;
    }
    char escaped[LOG_LINE_BYTES];
    log_escape(text, escaped, sizeof escaped);
    pthread_mutex_lock(&log->mutex);
    if (log->status_shown || escaped[0] != '\0') {
        fprintf(log->stream, ERASE_LINE "%s", escaped);
        fflush(log->stream);
    }
    log->status_shown = escaped[0] != '\0';
    pthread_mutex_unlock(&log->mutex);
}

const char *log_escape(const char *text, char *escaped, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    size_t used = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0' && used + 5 <= bytes;
         at++) {
        if (*at >= 0x20 && *at != 0x7f) {
            escaped[used++] = (char)*at;
        } else if (*at == '\n') {
            escaped[used++] = '\\';
            escaped[used++] = 'n';
        } else {
            escaped[used++] = '\\';
            escaped[used++] = 'x';
            escaped[used++] = digits[*at >> 4];
            escaped[used++] = digits[*at & 15];
        }
    }
    escaped[used] = '\0';
    return escaped;
}

/* One write a line, so that lines of several threads do not mix. */
static void write_line(logger *log, const char *prefix, const char *format, va_list arguments)
{
    char text[LOG_LINE_BYTES];
    char escaped[LOG_LINE_BYTES];
    vsnprintf(text, sizeof text, format, arguments);
    log_escape(text, escaped, sizeof escaped);
    pthread_mutex_lock(&log->mutex);
    fprintf(log->stream, "%s%s%s\n", log->status_shown ? ERASE_LINE : "", prefix, escaped);
    fflush(log->stream);
    log->status_shown = 0;
    pthread_mutex_unlock(&log->mutex);
}
