/* level.h: mean and deviation of a track's mono mix, added up block by block in double. */
#ifndef CLEAVE_HOST_LEVEL_H
#define CLEAVE_HOST_LEVEL_H

#include <stdint.h>

/* Zero is the state before the first frame. */
typedef struct level_sum {
    int64_t frames;
    double mean;
    double squares; /* sum of squared distances from the mean */
} level_sum;

/* Adds frames of [frames][channels]; the mono mix is the mean of the channels. Blocks are joined by
 * the pairwise update of Chan, Golub and LeVeque (The American Statistician 37(3), 1983), which
 * loses nothing on tracks of any length. */
void level_add(level_sum *sum, const float *interleaved, int64_t frames, int32_t channels);

/* The unbiased deviation; 0 for fewer than two frames. */
double level_deviation(const level_sum *sum);

#endif
