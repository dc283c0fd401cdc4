/* median_network.h: compare-exchange programs for the medians of adjacent windows. */
#ifndef CLEAVE_KERNELS_MEDIAN_NETWORK_H
#define CLEAVE_KERNELS_MEDIAN_NETWORK_H

#include "kernels/median/median.h"

#define CLEAVE_MEDIAN_GROUP_MAX  16 /* windows found together */
#define CLEAVE_MEDIAN_INPUTS_MAX (CLEAVE_MEDIAN_TAPS_MAX + CLEAVE_MEDIAN_GROUP_MAX - 1)
#define CLEAVE_MEDIAN_SLOTS_MAX  160
#define CLEAVE_MEDIAN_STEPS_MAX  1024

typedef enum cleave_median_step_kind {
    CLEAVE_MEDIAN_BOTH, /* low = min(a, b), high = max(a, b) */
    CLEAVE_MEDIAN_MIN,  /* low only */
    CLEAVE_MEDIAN_MAX   /* high only */
} cleave_median_step_kind;

/* One step; slots are read before any is written. */
typedef struct cleave_median_step {
    uint8_t kind;
    uint8_t a, b;
    uint8_t low, high;
} cleave_median_step;

/* Window w of the group, 0 <= w < group, covers the inputs w .. w + taps - 1. Slots are numbered
 * so: the inputs, then the medians, then temporaries. */
typedef struct cleave_median_network {
    int32_t taps;
    int32_t group;  /* medians that one pass gives, a power of two */
    int32_t inputs; /* taps + group - 1 */
    int32_t slots;
    int32_t steps;
    int32_t results; /* minima and maxima that one pass computes */
    cleave_median_step step[CLEAVE_MEDIAN_STEPS_MAX];
} cleave_median_network;

/* The program of fewest minima and maxima per median among the group sizes; taps >= 3, odd. */
void cleave_median_network_make(cleave_median_network *network, int taps);

/* The program of a given group size, 1 <= group <= (taps + 1) / 2. */
void cleave_median_network_make_group(cleave_median_network *network, int taps, int group);

#endif
