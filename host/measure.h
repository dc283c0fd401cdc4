/* measure.h: how `cleave bench` and the programs in bench/ measure: clock, quantiles, caches, what
 * this machine can do at most, and memory. */
#ifndef CLEAVE_HOST_MEASURE_H
#define CLEAVE_HOST_MEASURE_H

#include "host/topology.h"

#include <stdint.h>

/* Monotonic time in seconds. */
double measure_seconds(void);

/* The value below which a share of the values lies, 0..1: of `count` in ascending order the
 * (share count)-th, rounded up. */
double measure_quantile(const double *ascending, int32_t count, double share);

/* Times of several runs. */
typedef struct measure_times {
    int32_t runs;
    double least, median, p95; /* seconds */
} measure_times;

/* Times run(context), after a warm-up, at least 5 times, as often as fits into 0.2 s and at most 31
 * times, each after measure_flush_cache(). */
void measure_runs(void (*run)(void *context), void *context, measure_times *times);

/* Replaces what the caches of this core hold, so that a run finds its operands in memory or in a
 * cache shared between cores that is larger than the 64 MiB written here. */
void measure_flush_cache(void);

/* What this machine can do at most on so many threads at once, each busy with its own memory. */
typedef struct measure_rates {
    int32_t threads;
    double flops; /* float32 operations a second, in independent fused multiply-adds (two each) */
    double bytes; /* read and written a second by the C library's copy of blocks that are larger
                   * than caches: 64 MiB a thread, or less on more than four */
} measure_rates;

/* Measures both, the best of several rounds. 0 if memory or threads cannot be had. */
int measure_machine(int32_t threads, measure_rates *rates);

/* Runs `rounds` rounds of multiply-adds by the widest instruction set of this processor; returns
 * the operations done. One of peak_x86.c, peak_arm.c and peak_isa_none.c. */
double measure_peak_run(int64_t rounds);

/* Name of the processor, without commas, fit for a CSV. */
void measure_processor(char name[TOPOLOGY_NAME_BYTES]);

/* The most memory that this process has held resident since the last reset that the system allowed,
 * else since it began. Bytes. */
void measure_memory_reset(void);
int64_t measure_memory_peak(void);

#endif
