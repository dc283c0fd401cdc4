/* samples.h: what is done to every sample on its way. */
#ifndef CLEAVE_HOST_SAMPLES_H
#define CLEAVE_HOST_SAMPLES_H

#include <stdint.h>

/* Takes what is no sample as silence, and counts it. */
void samples_clean(float *samples, int64_t count, int64_t *replaced);

/* The largest absolute value, at least `so_far`. */
float samples_peak(const float *samples, int64_t count, float so_far);

#endif
