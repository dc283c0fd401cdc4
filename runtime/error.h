/* error.h: how errors are told: a status and one sentence that names the culprit. */
#ifndef CLEAVE_RUNTIME_ERROR_H
#define CLEAVE_RUNTIME_ERROR_H

#include "runtime/cleave.h"

/* Writes status and sentence into *error, unless it is NULL; returns the status. */
cleave_status cleave_error_set(cleave_error *error, cleave_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Index of the name among `count` that is nearest to `word` by edit distance (insertions,
 * deletions, replacements and swaps of neighbours cost 1), or -1 if even the nearest is too far off
 * to have been meant: further than a third of the word's length, and than 2. */
int32_t cleave_nearest(const char *word, const char *const *names, int32_t count);

#endif
