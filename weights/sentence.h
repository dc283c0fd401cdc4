/* sentence.h: the one sentence that says why a file was refused. */
#ifndef CLEAVE_WEIGHTS_SENTENCE_H
#define CLEAVE_WEIGHTS_SENTENCE_H

#include <stddef.h>

#define CLEAVE_SENTENCE_BYTES 256

/* Writes a printf-style sentence into message (cut to fit, always terminated) and returns 0, so
 * that `return cleave_sentence(...)` refuses. Names quoted from files may hold anything: what is no
 * printable ASCII becomes '?', so that the sentence is one line and drives no terminal. */
int cleave_sentence(char message[CLEAVE_SENTENCE_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* How many of a name's bytes a sentence quotes: an argument for "%.*s". */
int cleave_sentence_quote(size_t name_bytes);

#endif
