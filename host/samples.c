/* samples.c: what is done to every sample on its way. */
#include "host/samples.h"

#include <math.h>

/* Samples beyond this (+120 dB) are no audio, and their squares would overflow on the way. */
#define LEVEL_MAX 1.0e6f

void samples_clean(float *samples, int64_t count, int64_t *replaced)
{
    for (int64_t i = 0; i < count; i++) {
        /* Written so that a NaN fails it. */
        if (!(fabsf(samples[i]) <= LEVEL_MAX)) {
            samples[i] = 0.0f;
            ++*replaced;
        }
    }
}

float samples_peak(const float *samples, int64_t count, float so_far)
{
    for (int64_t i = 0; i < count; i++) {
        const float level = fabsf(samples[i]);
        so_far = level > so_far ? level : so_far; /* fmaxf() is a call, one for each sample */
    }
    return so_far;
}
