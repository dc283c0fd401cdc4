/* apply_golden.h: whole tracks through the engine against the official pipeline in float64. */
#ifndef CLEAVE_TESTS_APPLY_GOLDEN_H
#define CLEAVE_TESTS_APPLY_GOLDEN_H

#include "runtime/cleave.h"
#include "tests/golden_index.h"

/* The seed whose first shift at 44.1 kHz is 12345 frames into the half second before the track. */
#define SEED_OF_12345 57896

/* One way to run a track. */
typedef struct apply_golden_job {
    const char *name; /* of the reference */
    int64_t first, frames;
    double segment_seconds;
    int32_t shifts, normalized;
    cleave_device device;
    double factor; /* how far the stems may be from float64, in errors of the official float32 run
                    */
} apply_golden_job;

/* The synthetic track from `first` on, [frames][2], which the caller frees. */
float *apply_golden_track(int64_t first, int64_t frames);

/* Runs the job and compares what it gives with all entries of the index called its name, or
 * name.something. */
void apply_golden_run(const golden_index *index, const cleave_network *networks, int32_t count,
                      const apply_golden_job *job);

/* Cases of tests: a tiny HTDemucs in three segments; the full size, normalized, shifted, cut
 * shorter.
 */
void apply_golden_tiny(cleave_device device, double factor);
void apply_golden_full(cleave_device device, double factor);

#endif
