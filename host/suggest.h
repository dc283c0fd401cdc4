/* suggest.h: the name that a misspelt word was meant to be. */
#ifndef CLEAVE_HOST_SUGGEST_H
#define CLEAVE_HOST_SUGGEST_H

#include <stdint.h>

/* The name nearest to `word` by edits (insert, delete, replace, swap of neighbours; case does not
 * count), or NULL if none is near enough to be a likely slip: one edit up to 3 letters, two up to
 * 5, a third of the longer word beyond. Of equally near names the first wins. */
const char *suggest_nearest(const char *word, const char *const *names, int32_t count);

#endif
