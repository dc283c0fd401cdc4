/* log.h: lines of text for a person, on standard error.
 *
 * Errors are "cleave: <sentence>", warnings "cleave: warning: <sentence>". Control characters of
 * file names are written as \n, \x1b, ..., so that a message is always one line. On a terminal the
 * last line can be a status that is redrawn in place; other lines push it down. All functions may
 * be called from any thread. */
#ifndef CLEAVE_HOST_LOG_H
#define CLEAVE_HOST_LOG_H

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>

#define LOG_LINE_BYTES 8192

typedef enum log_level {
    LOG_QUIET,  /* errors only */
    LOG_NORMAL, /* and warnings, and what was decided and done */
    LOG_VERBOSE /* and the details */
} log_level;

typedef struct logger {
    FILE *stream;
    log_level level;
    int terminal; /* the stream is a terminal, so a status line may be drawn */
    int status_shown;
    pthread_mutex_t mutex;
} logger;

void log_init(logger *log, FILE *stream, log_level level);
void log_destroy(logger *log);

void log_error(logger *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warning(logger *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_note(logger *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_detail(logger *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Draws `text` as the status line; an empty text removes it. Nothing unless the stream is a
 * terminal. */
void log_status(logger *log, const char *text);

/* Copies text with control characters escaped, shortened to fit; always terminated. Returns
 * escaped. */
const char *log_escape(const char *text, char *escaped, size_t bytes);

#endif
