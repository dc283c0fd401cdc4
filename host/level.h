/* level.h: mean and deviation of a track's mono mix, added up in double. */
#ifndef CLEAVE_HOST_LEVEL_H
#define CLEAVE_HOST_LEVEL_H

#include <stdint.h>

#define LEVEL_BLOCK_FRAMES 1024

/* Zero is the state before the first frame. */
typedef struct level_sum {
    int64_t frames; /* in whole blocks */
    double mean;
    double squares; /* sum of squared distances from the mean */
    int32_t pending_count;
    double pending[LEVEL_BLOCK_FRAMES]; /* the mono mix that does not fill a block yet */
} level_sum;

/* Adds frames of [frames][channels]; the mono mix is the mean of the channels. Blocks of one size
 * are joined by the pairwise update of Chan, Golub and LeVeque (The American Statistician 37(3),
 * 1983), which loses nothing on tracks of any length; so the result does not depend on how a track
 * is cut. */
void level_add(level_sum *sum, const float *interleaved, int64_t frames, int32_t channels);

/* The track ends: its mean, 0 without frames, and its unbiased deviation, 0 for fewer than two. */
void level_finish(level_sum *sum, double *mean, double *deviation);

#endif
