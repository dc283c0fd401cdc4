/* backlog.c: the mixture's frames that the engine has not yet given back. */
#include "host/backlog.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int grow(backlog *waiting, int64_t needed)
{
    int64_t capacity = waiting->capacity > 0 ? waiting->capacity : 65536;
    while (capacity < needed) {
        capacity *= 2;
    }
    float *samples = malloc((size_t)capacity * sizeof *samples);
    if (samples == NULL) {
        return -1;
    }
    for (int64_t i = 0; i < waiting->count; i++) {
        samples[i] = waiting->samples[(waiting->first + i) % waiting->capacity];
    }
    free(waiting->samples);
    waiting->samples = samples;
    waiting->capacity = capacity;
    waiting->first = 0;
    return 0;
}

int backlog_push(backlog *waiting, const float *samples, int64_t count)
{
    if (waiting->count + count > waiting->capacity && grow(waiting, waiting->count + count) != 0) {
        return -1;
    }
    for (int64_t i = 0; i < count; i++) {
        waiting->samples[(waiting->first + waiting->count + i) % waiting->capacity] = samples[i];
    }
    waiting->count += count;
    return 0;
}

void backlog_take(backlog *waiting, float *samples, int64_t count)
{
    assert(count <= waiting->count);
    for (int64_t i = 0; i < count; i++) {
        samples[i] = waiting->samples[(waiting->first + i) % waiting->capacity];
    }
    waiting->first = (waiting->first + count) % (waiting->capacity > 0 ? waiting->capacity : 1);
    waiting->count -= count;
}

void backlog_free(backlog *waiting)
{
    free(waiting->samples);
    memset(waiting, 0, sizeof *waiting);
}
