/* backlog.h: the mixture's frames that the engine has taken and not yet given back as stems, so
 * that stems can be compared with the very frames they were separated from. Its length is bounded
 * by the engine's latency. */
#ifndef CLEAVE_HOST_BACKLOG_H
#define CLEAVE_HOST_BACKLOG_H

#include <stdint.h>

typedef struct backlog {
    float *samples;
    int64_t capacity, first, count; /* in samples: a ring */
} backlog;

/* Returns 0, or -1 when out of memory. */
int backlog_push(backlog *waiting, const float *samples, int64_t count);

/* Moves the oldest samples out of it. There are at least `count`. */
void backlog_take(backlog *waiting, float *samples, int64_t count);

void backlog_free(backlog *waiting);

#endif
